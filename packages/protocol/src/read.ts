import { z } from "zod"
import { messageId, roomRef, uuid } from "./ids.ts"
import { ref } from "./text.ts"

export const readFrame = z.object({
  type: z.literal("read"),
  room_id: roomRef,
  message_id: messageId.describe(
    "Read up to and including this message; beyond the head counts as the head.",
  ),
  ref: ref.optional(),
})
/** Not stored as an entry, no seq; a mark never moves back, so that hearing of one twice changes nothing. */
export const readEvent = z.object({
  type: z.literal("read"),
  room_id: uuid,
  user_id: uuid,
  message_id: messageId.describe("They have read up to and including this message."),
})
