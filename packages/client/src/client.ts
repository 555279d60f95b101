import type { Event, EventOf, EventType, SentAck, User } from "@klatch/protocol"
import { type Clock, systemClock } from "./clock.ts"
import type { ConnectionState } from "./connection.ts"
import { KlatchError } from "./error.ts"
import { FollowedRoom } from "./followed-room.ts"
import { FollowedRooms } from "./followed-rooms.ts"
import { Http, type Method } from "./http.ts"
import { KeptRooms } from "./kept-rooms.ts"
import { Letters } from "./letters.ts"
import { Link } from "./link.ts"
import { Listeners } from "./listeners.ts"
import { Outbox } from "./outbox.ts"
import { type Random, systemRandom } from "./random.ts"
import { ReadMarks } from "./read-marks.ts"
import { Cell, type Readable } from "./readable.ts"
import { Requests } from "./requests.ts"
import type { Room } from "./room.ts"
import type { RoomInfo } from "./room-info.ts"
import { RoomList, type Rooms } from "./room-list.ts"
import { heir, type WebSocketConstructor } from "./socket.ts"
import type { Store } from "./store.ts"
import { onHide, onWake } from "./wake.ts"

export interface ClientOptions {
  /** `http(s)://host[:port][/prefix]` or ws(s); by default the page's own origin. */
  readonly url?: string
  /** The name to go by in open mode. With neither this nor a token: a guest, whose name lasts as this client does. */
  readonly user?: string
  /** Asked before every connection and request. */
  readonly token?: () => string | Promise<string>
  /** Keeps messages on their way, and what was shown last, beyond a reload. One store an account. */
  readonly store?: Store
  /** For runtimes without a global WebSocket (Node 20). */
  readonly webSocket?: WebSocketConstructor
  readonly fetch?: (url: string, init?: RequestInit) => Promise<Response>
  readonly clock?: Clock
  readonly random?: Random
  /** A fresh client id, unique for ever. */
  readonly newId?: () => string
}

/** A connection to Klatch and what is followed over it. */
export interface Client {
  readonly connection: Readable<ConnectionState>
  /** Who the server says we are; null before the first hello. */
  readonly user: Readable<User | null>
  /** The user's rooms. */
  readonly rooms: Rooms
  /** Connects, and from then on comes back by itself. */
  connect(): void
  /** Ends the connection, until `connect()`. What was not acked fails with `closed`; with a store it is sent then. */
  close(): void
  /** A room by slug or id; the same object for the same room. */
  room(ref: string): Room
  /** To everyone connected. Rejects with a `KlatchError`. */
  broadcast(content: string): Promise<SentAck>
  /** Every event as the server sent it, by its type, an entry of a log once; the returned function stops it. */
  on<T extends EventType>(type: T, listener: (event: EventOf<T>) => void): () => void
  /** Asks the server's HTTP interface, as who the client is. Rejects with a `KlatchError`. */
  request<A>(method: Method, path: string, body?: object): Promise<A>
}

/** Makes a client. It does nothing until `connect()`. Throws when there is no URL or no WebSocket to use. */
export function createClient(options: ClientOptions = {}): Client {
  return new ConnectedClient(options)
}

/** A store that has not said by then what it keeps is not waited for. */
const restoreMs = 1_000

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
  readonly #followed: FollowedRooms
  readonly #letters: Letters
  readonly #kept: KeptRooms
  readonly #marks: ReadMarks
  readonly rooms: RoomList
  #restoring: Promise<void> | null = null
  /** What is kept is of the user who is here. */
  #isOurs = false
  #isWanted = false
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
      isReady: (lane) => this.#link.isOpen && this.#followed.isReady(lane),
    })
    this.#letters = new Letters(options.store)
    this.#kept = new KeptRooms(options.store, clock)
    const newRoom = (ref: string) => this.#newRoom(ref, clock, random)
    this.#followed = new FollowedRooms({ clock, random, requests: this.#requests, newRoom })
    this.#marks = new ReadMarks({
      clock,
      tell: (room_id, message_id) => this.#link.send({ type: "read", room_id, message_id }),
      onMoved: (id, messageId) => this.rooms.read(id, messageId),
    })
    this.rooms = new RoomList({
      clock,
      http: this.#http,
      requests: this.#requests,
      self: this.#user.get,
      isConnected: () => this.#link.isOpen,
      isFollowed: (id) => this.#followed.isFollowed(id),
      roomOf: (info) => this.#roomOf(info),
      readTo: (id) => this.#marks.of(id),
      onChange: (rooms) => this.#keepSelf("rooms", rooms),
    })
  }

  get connection(): Readable<ConnectionState> {
    return this.#link.connection
  }

  get user(): Readable<User | null> {
    return this.#user
  }

  connect(): void {
    this.#isWanted = true
    this.#restoring ??= this.#options.store ? this.#restore(this.#options.store) : null
    if (this.#restoring === null) this.#dial()
    void this.#restoring?.then(() => {
      if (this.#isWanted) this.#dial()
    })
  }

  close(): void {
    this.#isWanted = false
    this.#kept.flush()
    this.#marks.flush()
    this.#link.close()
  }

  room(ref: string): Room {
    return this.#followed.get(ref)
  }

  broadcast(content: string): Promise<SentAck> {
    const clientId = this.#newId()
    const frame = () => ({ type: "broadcast" as const, content, client_id: clientId })
    return this.#outbox.add({ lane: broadcastLane, clientId, frame })
  }

  on<T extends EventType>(type: T, listener: (event: EventOf<T>) => void): () => void {
    return this.#listeners.add(type, listener)
  }

  request<A>(...asked: [method: Method, path: string, body?: object]): Promise<A> {
    return this.#http.request(...asked)
  }

  #dial(): void {
    this.#stopWaking()
    const stopWaking = onWake(this.#link.wake)
    const stopHiding = onHide(() => {
      this.#kept.flush()
      this.#marks.flush()
    })
    this.#stopWaking = () => {
      stopWaking()
      stopHiding()
    }
    this.#link.connect()
  }

  /** Shows what was kept and takes up what was on its way. A store that fails or is slow is gone on without. */
  #restore(store: Store): Promise<void> {
    const { clock = systemClock } = this.#options
    const work = async () => {
      const [letters, self] = await Promise.all([this.#letters.load(), store.all("self"), this.#kept.load()])
      const kept = (self as Self[]).find((one) => one.name === "user")?.value
      // Another one's: not ours to show, and not ours to send.
      if (this.#options.user && kept && kept.username.toLowerCase() !== this.#options.user.toLowerCase())
        return
      for (const one of self as Self[]) {
        if (one.name === "user" && this.#user.get() === null) this.#user.set(one.value)
        if (one.name === "rooms") this.rooms.restore(one.value)
      }
      this.#isOurs = true
      this.#followed.restore(this.#kept)
      for (const letter of letters) this.#followed.get(letter.room).messages.restore(letter)
    }
    return new Promise((resolve) => {
      const cancel = clock.after(restoreMs, resolve)
      work()
        .catch(() => {})
        .finally(() => {
          cancel()
          resolve()
        })
    })
  }

  /** Takes up what another tab had on its way. What was refused there waits for a person. */
  async #inherit(): Promise<void> {
    if (!this.#isOurs) return
    for (const letter of await this.#letters.load())
      if (!letter.failure) this.#followed.get(letter.room).messages.restore(letter)
  }

  #keepSelf(...[name, value]: SelfPair): void {
    this.#options.store?.put("self", name, { name, value }).catch(() => {})
  }

  #roomOf(info: RoomInfo): Room {
    const room = this.#followed.get(info.id)
    room.describe(info)
    return room
  }

  #newRoom(ref: string, clock: Clock, random: Random): FollowedRoom {
    const room = new FollowedRoom({
      ref,
      clock,
      random,
      newId: this.#newId,
      requests: this.#requests,
      http: this.#http,
      outbox: this.#outbox,
      letters: this.#letters,
      isConnected: () => this.#link.isOpen,
      self: this.#user.get,
      write: (frame) => this.#link.send(frame),
      onJoined: (room, id) => this.#followed.joined(room, id),
      onRead: (id, messageId) => this.#marks.move(id, messageId),
      onChange: (room) => this.#kept.changed(room),
      onLeft: ({ following: { id } }) => {
        if (id === null || this.#followed.isFollowed(id) || this.rooms.has(id)) return
        this.#link.send({ type: "leave", room_id: id })
      },
    })
    this.#kept.restore(room)
    return room
  }

  #up(): void {
    // Before the rooms are told: they compare authors with it.
    const user = this.#link.connection.get().user ?? null
    if (user && JSON.stringify(user) !== JSON.stringify(this.#user.get())) {
      this.#user.set(user)
      this.#keepSelf("user", user)
    }
    this.#followed.up()
    this.rooms.up()
    this.#marks.up()
    this.#outbox.flush()
  }

  #down(): void {
    this.#requests.failAll()
    this.#followed.down()
    this.rooms.down()
    this.#marks.down()
  }

  #end(error: KlatchError): void {
    this.#stopWaking()
    this.#outbox.failAll(error)
    this.#followed.end(error)
  }

  #hear(event: Event): void {
    if ((event.type as string) === heir) this.#inherit().catch(() => {})
    this.#requests.hear(event)
    this.#followed.hear(event)
    this.rooms.hear(event)
    // Who writes has read what stands before it.
    if (event.type === "message" && event.user_id === this.#user.get()?.id)
      this.#marks.move(event.room_id, event.message_id)
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

type SelfPair = [name: "user", value: User] | [name: "rooms", value: readonly RoomInfo[]]

/** What is kept of the client itself. */
type Self =
  | { readonly name: "user"; readonly value: User }
  | { readonly name: "rooms"; readonly value: readonly RoomInfo[] }

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
