import { type EventType, type Frame, type FrameType, historyAck, joinAck, sentAck } from "@klatch/protocol"
import type { z } from "zod"
import { sample } from "./sample.ts"

/** What a frame is answered with when all is well; each is a schema of its own in the documents. */
export const answerSchemas = {
  "ack.sent": sentAck,
  "ack.changed": sentAck.omit({ client_id: true }),
  "ack.join": joinAck,
  "ack.history": historyAck,
  "ack.room": sentAck.pick({ type: true, ref: true, room_id: true }),
} as const satisfies Record<string, z.ZodType>

export type AnswerName = keyof typeof answerSchemas

/** How an answer is told, with an example of it. */
export const answerGuide: {
  readonly [N in AnswerName]: {
    readonly summary: string
    readonly example: z.input<(typeof answerSchemas)[N]>
  }
} = {
  "ack.sent": {
    summary: "The message is durable: this is where it stands in the room's log.",
    example: {
      type: "ack",
      ref: "1",
      room_id: sample.roomId,
      seq: 42,
      message_id: 42,
      client_id: "7f1c9a",
      timestamp: sample.at,
    },
  },
  "ack.changed": {
    summary: "The change is durable, at a seq of its own.",
    example: { type: "ack", ref: "2", room_id: sample.roomId, seq: 43, message_id: 42, timestamp: sample.at },
  },
  "ack.join": {
    summary: "The room is followed: its live events come after this.",
    example: {
      type: "ack",
      ref: "3",
      room_id: sample.roomId,
      room: "lobby",
      head: 42,
      role: "member",
    },
  },
  "ack.history": {
    summary: "A page of messages in their current state, oldest first.",
    example: {
      type: "ack",
      ref: "4",
      room_id: sample.roomId,
      messages: [sample.message],
      has_more: true,
      head: 42,
    },
  },
  "ack.room": { summary: "Done.", example: { type: "ack", ref: "5", room_id: sample.roomId } },
}

export interface FrameWords<T extends FrameType = FrameType> {
  readonly summary: string
  readonly text?: string
  readonly example: Extract<Frame, { type: T }>
  /** What a good answer is; undefined when this version answers the error `not_supported`. */
  readonly answer?: AnswerName | Extract<EventType, "resumed" | "pong">
  readonly errors: readonly string[]
}

const { roomId, userId } = sample
const room_id = "lobby"

/** Every frame in words: total, so that a frame of the contract without them is a type error. */
export const frameGuide: { readonly [T in FrameType]: FrameWords<T> } = {
  message: {
    summary: "Send a message to a room",
    text:
      "Acknowledged after it is durable. The same `client_id` from the same user in the same room gives, for ever, " +
      "the same ack and no second message: on a lost connection, send again. Writing to a public room makes you a " +
      "member.",
    example: { type: "message", room_id, content: "Hello!", client_id: "7f1c9a", ref: "1" },
    answer: "ack.sent",
    errors: ["not_found", "forbidden", "rate_limited", "unavailable"],
  },
  chat: {
    summary: "Send a message to the connection's room",
    text: "To `room_id`, else to the room given at connect, else to the room `lobby`, which is made when missing.",
    example: { type: "chat", body: "Hello!", ref: "1" },
    answer: "ack.sent",
    errors: ["not_found", "forbidden", "rate_limited", "unavailable"],
  },
  dm: {
    summary: "Send a message to one other person",
    text: "To the one direct room of these two users, made when missing.",
    example: { type: "dm", to: "bob", content: "Lunch?", client_id: "7f1c9b", ref: "1" },
    answer: "ack.sent",
    errors: ["not_found", "rate_limited", "unavailable"],
  },
  group: {
    summary: "Send a message to a group by its name",
    text: "Open mode makes the group when it is missing, and adds the sender.",
    example: { type: "group", to: "launch-team", content: "We are live.", ref: "1" },
    answer: "ack.sent",
    errors: ["not_found", "forbidden", "rate_limited", "unavailable"],
  },
  broadcast: {
    summary: "Send a message to everyone connected",
    text: "It is recorded like any message, in a room that everyone reads. In open mode anyone may.",
    example: { type: "broadcast", content: "Maintenance at noon.", ref: "1" },
    answer: "ack.sent",
    errors: ["forbidden", "rate_limited", "unavailable"],
  },
  join: {
    summary: "Follow a room on this connection",
    text:
      "Makes you a member of a public room; open mode makes the room when it is missing. With `since`, what was " +
      "missed is replayed first; too much to replay is told in the ack as a `gap`, to be paged with `history`.",
    example: { type: "join", room_id, since: 40, ref: "3" },
    answer: "ack.join",
    errors: ["not_found", "forbidden", "unavailable"],
  },
  leave: {
    summary: "Stop following a room on this connection",
    text: "You stay a member unless you say `forget`.",
    example: { type: "leave", room_id, ref: "5" },
    answer: "ack.room",
    errors: ["not_found", "forbidden", "unavailable"],
  },
  resume: {
    summary: "Catch up with many rooms after a reconnect",
    text:
      "Each room is replayed in order from the seq you have, then one `resumed` ends it. What is too much to replay " +
      "is a `gap` there, to be paged with `history`; there is never a silent hole.",
    example: { type: "resume", rooms: { [roomId]: 40, [userId]: 3 }, ref: "6" },
    answer: "resumed",
    errors: ["invalid_field", "unavailable"],
  },
  history: {
    summary: "Read a page of messages",
    text: "The newest page, or the one `before` or `after` a seq, not both. Over HTTP: `GET /rooms/{id}/messages`.",
    example: { type: "history", room_id, before: 42, limit: 20, ref: "4" },
    answer: "ack.history",
    errors: ["not_found", "unavailable"],
  },
  edit: {
    summary: "Change a message of mine",
    example: { type: "edit", room_id, message_id: 42, content: "Hello, all!", ref: "2" },
    answer: "ack.changed",
    errors: ["not_found", "forbidden", "conflict", "unavailable"],
  },
  delete: {
    summary: "Take a message of mine back",
    text: "The message stays in the log with empty `content` and `deleted_at`.",
    example: { type: "delete", room_id, message_id: 42, ref: "2" },
    answer: "ack.changed",
    errors: ["not_found", "forbidden", "conflict", "unavailable"],
  },
  typing: {
    summary: "Say that I am typing",
    text:
      "Told to the others in the room at most once a second, not stored, never echoed to the connection that typed. " +
      "Join the room first. Answered only when there is a `ref`.",
    example: { type: "typing", room_id, active: true },
    answer: "ack.room",
    errors: ["not_found"],
  },
  ping: {
    summary: "Be heard",
    text: "Any frame counts as being heard; this one does nothing else.",
    example: { type: "ping", ref: "7" },
    answer: "pong",
    errors: [],
  },
  react: {
    summary: "Add a reaction to a message",
    example: { type: "react", room_id, message_id: 42, emoji: "🎉", ref: "8" },
    errors: ["not_supported"],
  },
  unreact: {
    summary: "Take a reaction back",
    example: { type: "unreact", room_id, message_id: 42, emoji: "🎉", ref: "8" },
    errors: ["not_supported"],
  },
  pin: {
    summary: "Pin a message",
    example: { type: "pin", room_id, message_id: 42, ref: "8" },
    errors: ["not_supported"],
  },
  unpin: {
    summary: "Unpin a message",
    example: { type: "unpin", room_id, message_id: 42, ref: "8" },
    errors: ["not_supported"],
  },
  read: {
    summary: "Say what I have read",
    text:
      "Up to and including a message; a mark never moves back, and a message beyond the room's head counts as the " +
      "head. `unread` of `GET /rooms` counts what comes after it. Someone who is no member of a public room is " +
      "answered like a member, and nothing is kept.",
    example: { type: "read", room_id, message_id: 42, ref: "5" },
    answer: "ack.room",
    errors: ["not_found", "unavailable"],
  },
  presence: {
    summary: "Watch whether people are online",
    example: { type: "presence", users: [userId], ref: "8" },
    errors: ["not_supported"],
  },
  auth: {
    summary: "Identify, or renew a token without reconnecting",
    example: { type: "auth", token: "header.payload.signature", ref: "8" },
    errors: ["not_supported"],
  },
}

/** Told wherever a frame is that this version does not do. */
export const notSupportedYet = "In this version it is answered with the error `not_supported`."
