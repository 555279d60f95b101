import type { EventOf, EventType, SentAck, User } from "@klatch/protocol"
import type { Clock } from "./clock.ts"
import type { ConnectionState } from "./connection.ts"
import type { Readable } from "./readable.ts"
import type { Room, RoomInfo } from "./room.ts"
import type { WebSocketConstructor } from "./socket.ts"

export interface ClientOptions {
  /** `http(s)://host[:port][/prefix]` or ws(s); by default the page's own origin. */
  readonly url?: string
  /** In open mode, the name to go by. With neither this nor a token: a guest, whose name is kept while this client lives. */
  readonly user?: string
  /** Asked before every connection and request. */
  readonly token?: () => string | Promise<string>
  /** For runtimes without a global WebSocket (Node 20). */
  readonly webSocket?: WebSocketConstructor
  readonly fetch?: (url: string, init?: RequestInit) => Promise<Response>
  readonly clock?: Clock
  /** A float in [0, 1). */
  readonly random?: () => number
  /** A fresh client id, unique for ever. */
  readonly newId?: () => string
}

/** What `createRoom` takes. */
export interface NewRoom {
  readonly kind?: "public" | "private" | "group"
  readonly name: string
  readonly slug?: string
  readonly topic?: string
  readonly members?: readonly string[]
}

/** A connection to Klatch and what is followed over it. */
export interface Client {
  readonly connection: Readable<ConnectionState>
  /** Who the server says we are; null before the first hello. */
  readonly user: Readable<User | null>
  /** Connects, and from then on comes back by itself. */
  connect(): void
  /** Ends the connection, until `connect()`. What was not acked fails with `closed`. */
  close(): void
  /** A room by slug or id; the same object for the same room. */
  room(ref: string): Room
  /** My rooms. Rejects with a `KlatchError`. */
  rooms(): Promise<RoomInfo[]>
  /** Public rooms. Rejects with a `KlatchError`. */
  discover(query?: string): Promise<RoomInfo[]>
  /** Rejects with a `KlatchError`: `conflict` when the slug is taken. */
  createRoom(input: NewRoom): Promise<RoomInfo>
  /** The direct room with a user, by name or id, made when missing. Rejects with a `KlatchError`. */
  dm(to: string): Promise<Room>
  /** To everyone connected. Rejects with a `KlatchError`. */
  broadcast(content: string): Promise<SentAck>
  /** Every event as the server sent it, by its type; the returned function stops it. */
  on<T extends EventType>(type: T, listener: (event: EventOf<T>) => void): () => void
}

/** Makes a client. It does nothing until `connect()`. Throws when there is no URL or no WebSocket to use. */
export function createClient(_options: ClientOptions = {}): Client {
  throw new Error("not built yet")
}
