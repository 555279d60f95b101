import { z } from "zod"
import { roomRef, uuid } from "./ids.ts"
import { ref } from "./text.ts"

export const typingFrame = z.object({
  type: z.literal("typing"),
  room_id: roomRef,
  active: z.boolean().default(true).describe("False when they stopped."),
  ref: ref.optional(),
})
/** Not stored, no seq; never echoed to the connection that typed. */
export const typingEvent = z.object({
  type: z.literal("typing"),
  room_id: uuid,
  user_id: uuid,
  from: z.string(),
  active: z.boolean().describe("False when they stopped."),
})
