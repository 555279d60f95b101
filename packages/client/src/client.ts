import type { Event, EventOf, EventType, RoomKind, SentAck, User } from "@klatch/protocol"
import { type Clock, systemClock } from "./clock.ts"
import type { ConnectionState } from "./connection.ts"
import { KlatchError } from "./error.ts"
import { FollowedRoom } from "./followed-room.ts"
import { Http } from "./http.ts"
import { Link } from "./link.ts"
import { Listeners } from "./listeners.ts"
import { Outbox } from "./outbox.ts"
import { type Random, systemRandom } from "./random.ts"
import { Cell, type Readable } from "./readable.ts"
import { Requests } from "./requests.ts"
import type { Room, RoomInfo } from "./room.ts"
import { Rooms } from "./rooms.ts"
import type { WebSocketConstructor } from "./socket.ts"
import { onWake } from "./wake.ts"

export interface ClientOptions {
  /** `http(s)://host[:port][/prefix]` or ws(s); by default the page's own origin. */
  readonly url?: string
  /** The name to go by in open mode. With neither this nor a token: a guest, whose name lasts as this client does. */
  readonly user?: string
  /** Asked before every connection and request. */
  readonly token?: () => string | Promise<string>
  /** For runtimes without a global WebSocket (Node 20). */
  readonly webSocket?: WebSocketConstructor
  readonly fetch?: (url: string, init?: RequestInit) => Promise<Response>
  readonly clock?: Clock
  readonly random?: Random
  /** A fresh client id, unique for ever. */
  readonly newId?: () => string
}

/** What `createRoom` takes. */
export interface NewRoom {
  readonly kind?: Extract<RoomKind, "public" | "private" | "group">
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
  /** My rooms, at most 5,000. Rejects with a `KlatchError`. */
  rooms(): Promise<RoomInfo[]>
  /** The first page of public rooms. Rejects with a `KlatchError`. */
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
export function createClient(options: ClientOptions = {}): Client {
  return new ConnectedClient(options)
}

/** `rooms()` ends here, however many more there are. */
const roomsMax = 5_000

/** Asked again they would say the same. */
const finalCodes: readonly string[] = ["unauthorized", "forbidden", "origin_refused", "invalid_field"]

/** No room has this name, so broadcasts keep their order among themselves. */
const broadcastLane = "*"

class ConnectedClient implements Client {
  readonly #options: ClientOptions
  readonly #newId: () => string
  readonly #user = new Cell<User | null>(null)
  readonly #listeners = new Listeners()
  readonly #link: Link
  readonly #http: Http
  readonly #requests: Requests
  readonly #outbox: Outbox
  readonly #rooms: Rooms
  #stopWaking: () => void = () => {}

  constructor(options: ClientOptions) {
    const clock = options.clock ?? systemClock
    const random = options.random ?? systemRandom
    const fetch = options.fetch ?? ((url, init) => globalThis.fetch(url, init))
    const { base, socketBase } = addresses(options.url)
    this.#options = options
    this.#newId = options.newId ?? newId
    this.#http = new Http({ base, clock, fetch, identity: () => this.#identity() })
    this.#link = new Link({
      clock,
      random,
      webSocket: options.webSocket ?? globalWebSocket(),
      address: async () => `${socketBase}/ws?${await this.#identity("subscribe=none")}`,
      refusal: () => this.#refusal(),
      onUp: () => this.#up(),
      onDown: () => this.#down(),
      onEnd: (error) => this.#end(error),
      onEvent: (event) => this.#hear(event),
    })
    this.#requests = new Requests(clock, (text) => this.#link.sendText(text))
    this.#outbox = new Outbox({
      clock,
      random,
      requests: this.#requests,
      isReady: (lane) => this.#link.isOpen && this.#rooms.isReady(lane),
    })
    const newRoom = (ref: string) => this.#newRoom(ref, clock, random)
    this.#rooms = new Rooms({ clock, random, requests: this.#requests, newRoom })
  }

  get connection(): Readable<ConnectionState> {
    return this.#link.connection
  }

  get user(): Readable<User | null> {
    return this.#user
  }

  connect(): void {
    this.#stopWaking()
    this.#stopWaking = onWake(this.#link.wake)
    this.#link.connect()
  }

  close(): void {
    this.#link.close()
  }

  room(ref: string): Room {
    return this.#rooms.get(ref)
  }

  async rooms(): Promise<RoomInfo[]> {
    const all: RoomInfo[] = []
    while (all.length < roomsMax) {
      const last = all.at(-1)
      const path = `/rooms?limit=100${last ? `&after=${last.id}` : ""}`
      const page = await this.#http.request<{ rooms: RoomInfo[]; has_more: boolean }>("GET", path)
      all.push(...page.rooms)
      if (!page.has_more || page.rooms.length === 0) break
    }
    return all
  }

  async discover(query = ""): Promise<RoomInfo[]> {
    const path = `/rooms/discover?${new URLSearchParams({ q: query })}`
    return (await this.#http.request<{ rooms: RoomInfo[] }>("GET", path)).rooms
  }

  createRoom(input: NewRoom): Promise<RoomInfo> {
    return this.#http.request("POST", "/rooms", input)
  }

  async dm(to: string): Promise<Room> {
    const info = await this.#http.request<RoomInfo>("POST", "/dm", { to })
    const room = this.#rooms.get(info.id)
    room.describe(info)
    return room
  }

  broadcast(content: string): Promise<SentAck> {
    const clientId = this.#newId()
    const frame = () => ({ type: "broadcast" as const, content, client_id: clientId })
    return this.#outbox.add({ lane: broadcastLane, clientId, frame })
  }

  on<T extends EventType>(type: T, listener: (event: EventOf<T>) => void): () => void {
    return this.#listeners.add(type, listener)
  }

  #newRoom(ref: string, clock: Clock, random: Random): FollowedRoom {
    return new FollowedRoom({
      ref,
      clock,
      random,
      newId: this.#newId,
      requests: this.#requests,
      outbox: this.#outbox,
      isConnected: () => this.#link.isOpen,
      self: this.#user.get,
      write: (frame) => this.#link.send(frame),
      describe: (id) => this.#http.request("GET", `/rooms/${id}`),
      onJoined: (room, id) => this.#rooms.joined(room, id),
      onLeft: ({ following: { id } }) => {
        if (id !== null && !this.#rooms.isFollowed(id)) this.#link.send({ type: "leave", room_id: id })
      },
    })
  }

  #up(): void {
    // Before the rooms are told: they compare authors with it.
    const user = this.#link.connection.get().user ?? null
    if (JSON.stringify(user) !== JSON.stringify(this.#user.get())) this.#user.set(user)
    this.#rooms.up()
    this.#outbox.flush()
  }

  #down(): void {
    this.#requests.failAll()
    this.#rooms.down()
  }

  #end(error: KlatchError): void {
    this.#stopWaking()
    this.#outbox.failAll(error)
    this.#rooms.end(error)
  }

  #hear(event: Event): void {
    this.#requests.hear(event)
    this.#rooms.hear(event)
    this.#listeners.tell(event)
  }

  /** Who is asking. A guest goes on under the name of its first connection: a new one would be another author. */
  async #identity(more = ""): Promise<URLSearchParams> {
    const query = new URLSearchParams(more)
    const { token, user } = this.#options
    const name = user ?? this.#user.get()?.username
    if (token) query.set("token", await token())
    else if (name !== undefined) query.set("user", name)
    return query
  }

  /** A WebSocket does not say why it was not let in, so HTTP is asked for what anyone may see who is who they say. */
  async #refusal(): Promise<KlatchError | null> {
    try {
      await this.#http.request("GET", "/rooms/discover?limit=1")
      return null
    } catch (error) {
      return error instanceof KlatchError && finalCodes.includes(error.code) ? error : null
    }
  }
}

function addresses(url = globalThis.location?.origin): {
  readonly base: string
  readonly socketBase: string
} {
  if (!url) throw new TypeError("Klatch needs a `url` outside of a page.")
  const base = url.replace(/^ws/i, "http").replace(/\/+$/, "")
  return { base, socketBase: base.replace(/^http/i, "ws") }
}

function globalWebSocket(): WebSocketConstructor {
  const found = globalThis.WebSocket as WebSocketConstructor | undefined
  if (!found) throw new TypeError("Klatch needs a `webSocket` option: this runtime has none of its own.")
  return found
}

/** Not `randomUUID`: pages that are not served over HTTPS have none. */
function newId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")
}
