export type {
  ErrorCode,
  Event,
  EventOf,
  EventType,
  MessageEvent,
  Role,
  RoomKind,
  SentAck,
  User,
} from "@klatch/protocol"
export { type Client, type ClientOptions, createClient, type NewRoom } from "./client.ts"
export { type Clock, systemClock } from "./clock.ts"
export type { ConnectionState } from "./connection.ts"
export { KlatchError, type KlatchErrorCode } from "./error.ts"
export type { TimelineMessage } from "./message.ts"
export type { Readable } from "./readable.ts"
export type { PendingMessage, Room, RoomInfo } from "./room.ts"
export type { WebSocketConstructor, WebSocketLike } from "./socket.ts"
export type { TimelineState } from "./timeline.ts"
export type { TypingUser } from "./typing.ts"
