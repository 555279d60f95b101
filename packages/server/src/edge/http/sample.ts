import type { MessageEvent } from "@klatch/protocol"

const roomId = "0198f3a2-7c41-7d2e-9b60-3f5a1c8e4d27"
const userId = "0198f3a1-52b8-7a94-8c1f-6e0d9b7a2f43"
const at = "2026-03-14T09:26:53.589Z"

const message: MessageEvent = {
  type: "message",
  seq: 41,
  message_id: 41,
  room_id: roomId,
  room: "lobby",
  kind: "room",
  user_id: userId,
  from: "alice",
  content: "Hello!",
  client_id: "7f1c9a",
  timestamp: at,
}

/** The one room, user and moment that every example is about. */
export const sample = { roomId, userId, at, message } as const
