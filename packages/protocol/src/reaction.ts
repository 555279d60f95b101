import { z } from "zod"
import { messageId, roomRef, seq, timestamp, uuid } from "./ids.ts"
import { limits } from "./limits.ts"
import { ref, text } from "./text.ts"

const target = { room_id: roomRef, message_id: messageId, ref: ref.optional() }
const emoji = text(limits.emojiCharsMax)

export const reactFrame = z.object({ type: z.literal("react"), ...target, emoji })
export const unreactFrame = z.object({ type: z.literal("unreact"), ...target, emoji })

export const reactionEvent = z.object({
  type: z.literal("reaction"),
  seq,
  room_id: uuid,
  message_id: messageId,
  user_id: uuid,
  from: z.string(),
  emoji: z.string(),
  active: z.boolean().describe("False when it was taken back."),
  timestamp,
})
