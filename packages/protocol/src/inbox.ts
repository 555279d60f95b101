import { z } from "zod"
import { cursor, roomKind, seq, timestamp, uuid } from "./ids.ts"

/**
 * Entries of a user's own log. The inbox is a room that only its user reads and that resumes like any other;
 * its `room_id` is the user's id.
 */
const entry = { seq, room_id: uuid.describe("The inbox: your user id."), timestamp }

export const roomAddedEvent = z.object({
  type: z.literal("room_added"),
  ...entry,
  room: z.object({ id: uuid, kind: roomKind, name: z.string(), slug: z.string().nullable() }),
  since: cursor.describe("The room's events after this seq are the user's."),
})
export const roomRemovedEvent = z.object({
  type: z.literal("room_removed"),
  ...entry,
  room: z.object({ id: uuid }),
})
export const mentionedEvent = z.object({
  type: z.literal("mentioned"),
  ...entry,
  in_room_id: uuid.describe("Where it happened."),
  message_id: seq,
  from: z.string(),
})
export const notifiedEvent = z.object({ type: z.literal("notified"), ...entry, content: z.string() })
