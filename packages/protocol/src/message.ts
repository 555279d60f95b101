import { z } from "zod"
import { messageId, messageKind, roomRef, seq, timestamp, userRef, uuid } from "./ids.ts"
import { limits } from "./limits.ts"
import { clientId, content, ref } from "./text.ts"

const sending = {
  client_id: clientId.optional(),
  ref: ref.optional(),
}

const replyTo = messageId.describe("The message of this room that this one answers.")
const threadId = messageId.describe("The message of this room whose thread this one continues.")

export const attachment = z.object({ file_id: uuid })

export const messageFrame = z.object({
  type: z.literal("message"),
  room_id: roomRef,
  content,
  reply_to: replyTo.optional(),
  thread_id: threadId.optional(),
  attachments: z
    .array(attachment)
    .max(limits.attachmentsMax)
    .optional()
    .describe("Files; this version answers `not_supported`."),
  ...sending,
})
export const chatFrame = z.object({
  type: z.literal("chat"),
  body: content,
  room_id: roomRef.optional().describe("Else the room given at connect, else `lobby`."),
  ...sending,
})
export const dmFrame = z.object({ type: z.literal("dm"), to: userRef, content, ...sending })
export const groupFrame = z.object({
  type: z.literal("group"),
  to: roomRef.describe("The group, by slug or id; open mode makes it when missing."),
  content,
  ...sending,
})
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
  room: z.string().describe("The room's slug, or its name where it has none."),
  kind: messageKind,
  user_id: uuid.describe("Who wrote it."),
  from: z.string().describe("Their name."),
  to: z.string().optional().describe("In a direct room or a group: whom or what it was written to."),
  content: z.string().describe("Empty once the message was deleted."),
  client_id: z.string().optional().describe("As its sender chose it."),
  timestamp,
  edited_at: timestamp.optional().describe("Set once it was edited."),
  deleted_at: timestamp.optional().describe("Set once it was deleted."),
  reply_to: replyTo.optional(),
  thread_id: threadId.optional(),
  attachments: z.array(attachment).optional(),
  mentions: z.array(uuid).optional().describe("The users it names."),
})
export type MessageEvent = z.infer<typeof messageEvent>

const changed = {
  seq,
  room_id: uuid,
  message_id: messageId,
  user_id: uuid.describe("Who did it."),
  from: z.string().describe("Their name."),
  timestamp,
}

/** `content` is the message's content at the time of sending this event: a replay tells the newest. */
export const editEvent = z.object({
  type: z.literal("edit"),
  ...changed,
  content: z.string().describe("The text as it is now."),
})
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
