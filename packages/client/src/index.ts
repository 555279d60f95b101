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
export { type Client, type ClientOptions, createClient } from "./client.ts"
export { type Clock, systemClock } from "./clock.ts"
export type { ConnectionState } from "./connection.ts"
export { KlatchError, type KlatchErrorCode } from "./error.ts"
export { inBrowser } from "./in-browser.ts"
export { indexedDbStore } from "./indexed-db-store.ts"
export type { Member, Members } from "./members.ts"
export type { TimelineMessage } from "./message.ts"
export type { Messages, PendingMessage } from "./messages.ts"
export type { Readable } from "./readable.ts"
export type { Room } from "./room.ts"
export type { RoomInfo } from "./room-info.ts"
export type { NewRoom, RoomListState, Rooms } from "./room-list.ts"
export { type Channel, type Locks, type SharedSocketOptions, sharedSocket } from "./shared-socket.ts"
export type { WebSocketConstructor, WebSocketLike } from "./socket.ts"
export { memoryStore, type Store, type StoreTable } from "./store.ts"
export type { TimelineState } from "./timeline.ts"
export type { Typing, TypingUser } from "./typing.ts"
