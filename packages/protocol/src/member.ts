import { z } from "zod"
import { cursor, role, roomRef, seq, timestamp, uuid } from "./ids.ts"
import { gap } from "./resume.ts"
import { ref } from "./text.ts"

export const joinFrame = z.object({
  type: z.literal("join"),
  room_id: roomRef,
  since: cursor.optional().describe("The last seq seen here: what came after it is replayed first."),
  ref: ref.optional(),
})
export const leaveFrame = z.object({
  type: z.literal("leave"),
  room_id: roomRef,
  forget: z.boolean().optional().describe("Also end the membership."),
  ref: ref.optional(),
})

/** A membership began: durable, once, not at every connect. */
export const joinEvent = z.object({
  type: z.literal("join"),
  seq,
  room_id: uuid,
  user_id: uuid,
  from: z.string(),
  role,
  timestamp,
})
/** A membership ended. */
export const leaveEvent = z.object({
  type: z.literal("leave"),
  seq,
  room_id: uuid,
  user_id: uuid,
  from: z.string(),
  timestamp,
})

export const joinAck = z.object({
  type: z.literal("ack"),
  ref: ref.optional(),
  room_id: uuid,
  room: z.string().describe("The room's slug, or its name where it has none."),
  head: cursor.describe("Everything up to this seq was before; live events begin after it."),
  role,
  gap: gap.optional().describe("Too much to replay: page it with history."),
})
export type JoinAck = z.infer<typeof joinAck>
