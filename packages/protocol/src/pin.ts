import { z } from "zod"
import { messageId, roomRef, seq, timestamp, uuid } from "./ids.ts"
import { ref } from "./text.ts"

const target = { room_id: roomRef, message_id: messageId, ref: ref.optional() }

export const pinFrame = z.object({ type: z.literal("pin"), ...target })
export const unpinFrame = z.object({ type: z.literal("unpin"), ...target })

export const pinEvent = z.object({
  type: z.literal("pin"),
  seq,
  room_id: uuid,
  message_id: messageId,
  user_id: uuid,
  from: z.string(),
  active: z.boolean().describe("False when it was unpinned."),
  timestamp,
})
