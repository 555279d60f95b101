import { z } from "zod"
import { messageId, messageKind, roomRef, seq, timestamp, userRef, uuid } from "./ids.ts"
import { limits } from "./limits.ts"
import { clientId, content, ref } from "./text.ts"

const sending = {
  client_id: clientId.optional(),
  ref: ref.optional(),
}

export const attachment = z.object({ file_id: uuid })

export const messageFrame = z.object({
  type: z.literal("message"),
  room_id: roomRef,
  content,
  reply_to: messageId.optional(),
  thread_id: messageId.optional(),
  attachments: z.array(attachment).max(limits.attachmentsMax).optional(),
  ...sending,
})
export const chatFrame = z.object({
  type: z.literal("chat"),
  body: content,
  room_id: roomRef.optional(),
  ...sending,
})
export const dmFrame = z.object({ type: z.literal("dm"), to: userRef, content, ...sending })
export const groupFrame = z.object({ type: z.literal("group"), to: roomRef, content, ...sending })
export const broadcastFrame = z.object({ type: z.literal("broadcast"), content, ...sending })
export const editFrame = z.object({
  type: z.literal("edit"),
  room_id: roomRef,
  message_id: messageId,
  content,
  ref: ref.optional(),
})
export const deleteFrame = z.object({
  type: z.literal("delete"),
  room_id: roomRef,
  message_id: messageId,
  ref: ref.optional(),
})

/** A message in its current state; the live event and an item of history are the same shape. */
export const messageEvent = z.object({
  type: z.literal("message"),
  seq,
  message_id: messageId,
  room_id: uuid,
  room: z.string(),
  kind: messageKind,
  user_id: uuid,
  from: z.string(),
  to: z.string().optional(),
  content: z.string().describe("Empty once the message was deleted."),
  client_id: z.string().optional(),
  timestamp,
  edited_at: timestamp.optional(),
  deleted_at: timestamp.optional(),
  reply_to: messageId.optional(),
  thread_id: messageId.optional(),
  attachments: z.array(attachment).optional(),
  mentions: z.array(uuid).optional(),
})
export type MessageEvent = z.infer<typeof messageEvent>

const changed = { seq, room_id: uuid, message_id: messageId, user_id: uuid, from: z.string(), timestamp }

/** `content` is the message's content at the time of sending this event: a replay tells the newest. */
export const editEvent = z.object({ type: z.literal("edit"), ...changed, content: z.string() })
export const deleteEvent = z.object({ type: z.literal("delete"), ...changed })

/** What the ack of a sent message carries. */
export const sentAck = z.object({
  type: z.literal("ack"),
  ref: ref.optional(),
  room_id: uuid,
  seq,
  message_id: messageId,
  client_id: z.string().optional(),
  timestamp,
})
export type SentAck = z.infer<typeof sentAck>
