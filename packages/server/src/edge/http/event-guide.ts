import { durableEventSchemas, type EventOf, type EventType, limits, publicLimits } from "@klatch/protocol"
import { answerGuide } from "./frame-guide.ts"
import { sample } from "./sample.ts"

export interface EventWords<T extends EventType = EventType> {
  readonly summary: string
  readonly text?: string
  readonly example: EventOf<T>
  /** Why this version never sends it, when it does not. */
  readonly isLater?: true
}

const { roomId, userId, at } = sample
const changed = { room_id: roomId, user_id: userId, from: "alice", timestamp: at }
const inbox = { room_id: userId, timestamp: at }

/** Every event in words: total, so that an event of the contract without them is a type error. */
export const eventGuide: { readonly [T in EventType]: EventWords<T> } = {
  hello: {
    summary: "The first frame of every connection",
    text: "Who you are here, how often to be heard, and the bounds to keep.",
    example: {
      type: "hello",
      session_id: "0198f3a3-0c77-7b1d-a5e2-94d1f0b6c358",
      user: { id: userId, username: "alice", display_name: "alice" },
      heartbeat_ms: limits.heartbeatMs,
      server_time: at,
      limits: publicLimits,
    },
  },
  ack: {
    summary: "The good answer to a frame",
    text: "It repeats the frame's `ref`; what else it carries is told with each frame.",
    example: answerGuide["ack.sent"].example,
  },
  error: {
    summary: "The bad answer to a frame",
    text: "It repeats the frame's `ref`. The connection stays open; a stream of garbage is closed with 4501.",
    example: {
      type: "error",
      ref: "1",
      code: "rate_limited",
      message: "Too fast.",
      retry_after_ms: 200,
    },
  },
  message: {
    summary: "A message",
    text: "The same shape in history and in a replay: always the message in its current state.",
    example: sample.message,
  },
  edit: {
    summary: "A message was changed",
    text: "A replay tells the newest text at every edit.",
    example: { type: "edit", seq: 43, message_id: 42, ...changed, content: "Hello, all!" },
  },
  delete: {
    summary: "A message was taken back",
    example: { type: "delete", seq: 44, message_id: 42, ...changed },
  },
  join: {
    summary: "A membership began",
    text: "Once, when it begins; not at every connect.",
    example: { type: "join", seq: 1, ...changed, role: "owner" },
  },
  leave: { summary: "A membership ended", example: { type: "leave", seq: 45, ...changed } },
  member: {
    summary: "Where someone stands in a room has changed",
    text: "Another role, a mute or a ban; `user_id` is whose, `by` is who did it.",
    example: {
      ...{ type: "member", seq: 46, ...changed, role: "moderator", muted_until: null, banned: false },
      by: { id: roomId, username: "bob" },
    },
  },
  room: {
    summary: "A room's name, topic or settings were changed",
    example: { type: "room", seq: 46, ...changed, name: "Lobby", topic: "Come in" },
  },
  reaction: {
    summary: "A reaction was added or taken back",
    example: { type: "reaction", seq: 47, message_id: 42, ...changed, emoji: "🎉", active: true },
    isLater: true,
  },
  pin: {
    summary: "A message was pinned or unpinned",
    example: { type: "pin", seq: 48, message_id: 42, ...changed, active: true },
    isLater: true,
  },
  room_added: {
    summary: "Inbox: you are a member of a room",
    text: "A connection that follows by itself follows a direct room or a group from here on.",
    example: {
      type: "room_added",
      seq: 3,
      ...inbox,
      room: { id: roomId, kind: "group", name: "launch-team", slug: "launch-team" },
      since: 0,
    },
  },
  room_removed: {
    summary: "Inbox: a room is no longer yours",
    example: { type: "room_removed", seq: 4, ...inbox, room: { id: roomId } },
  },
  mentioned: {
    summary: "Inbox: a message names you",
    example: { type: "mentioned", seq: 5, ...inbox, in_room_id: roomId, message_id: 42, from: "bob" },
    isLater: true,
  },
  notified: {
    summary: "Inbox: a notice from the application",
    example: { type: "notified", seq: 6, ...inbox, content: "Your export is ready." },
    isLater: true,
  },
  resumed: {
    summary: "The end of a resume",
    text: "A `gap` is what was not replayed: page it with `history`.",
    example: {
      type: "resumed",
      ref: "6",
      rooms: { [roomId]: { head: 2_048, gap: { from: 41, to: 2_048 } }, [userId]: { head: 3 } },
    },
  },
  typing: {
    summary: "Someone is typing",
    example: { type: "typing", room_id: roomId, user_id: userId, from: "alice", active: true },
  },
  read: {
    summary: "Someone has read up to a message",
    text:
      "Of your own marks, set by another connection, you hear when you follow your inbox; of others' in direct rooms " +
      "and groups. It may come twice, once by each.",
    example: { type: "read", room_id: roomId, user_id: userId, message_id: 42 },
  },
  presence: {
    summary: "Someone came or went",
    example: { type: "presence", user_id: userId, online: false, last_seen: at },
    isLater: true,
  },
  drain: {
    summary: "This node is about to restart",
    text: "Come back after the hint; the connection is closed with 1012.",
    example: { type: "drain", reconnect_after_ms: 400 },
  },
  pong: { summary: "The answer to a ping", example: { type: "pong", ref: "7" } },
}

/** Told wherever an event is that this version never sends. */
export const notSentYet = "This version never sends it."

/** Whether an event is an entry of a log, with a seq of its own. */
export const isDurable = (type: EventType): boolean => Object.hasOwn(durableEventSchemas, type)
