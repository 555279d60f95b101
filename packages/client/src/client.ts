import type { Event, EventOf, EventType, SentAck, User } from "@klatch/protocol"
import { type Asker, askForToken } from "./client-identity.ts"
import { type Clock, systemClock } from "./clock.ts"
import { type ConnectionState, closedError } from "./connection.ts"
import type { KlatchError } from "./error.ts"
import { FollowedRoom, type RoomOptions } from "./followed-room.ts"
import { FollowedRooms } from "./followed-rooms.ts"
import { Http, type Method } from "./http.ts"
import { KeptRooms } from "./kept-rooms.ts"
import { KeptSelf } from "./kept-self.ts"
import { type KeptLetter, Letters } from "./letters.ts"
import { Link } from "./link.ts"
import { Listeners } from "./listeners.ts"
import { Outbox } from "./outbox.ts"
import { within } from "./patience.ts"
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
  /**
   * The name to go by in open mode; with neither this nor a token: a guest, whose name lasts as this client does. With
   * a token it names who is signed in: what a store keeps is shown to them before the server is reached.
   */
  readonly user?: string
  /** Asked before every connection and request. Fails by throwing, or after a minute: it is then asked again, later. */
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
  /**
   * Ends the connection, until `connect()`. What is asked until then, and what was not acked, fails with `closed`; with
   * a store such messages are sent then.
   */
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
  readonly #clock: Clock
  readonly #newId: () => string
  /** Scheme, host and prefix of the server, for HTTP. */
  readonly #base: string
  readonly #user = new Cell<User | null>(null)
  readonly #listeners = new Listeners()
  readonly #link: Link
  readonly #http: Http
  readonly #requests: Requests
  readonly #outbox: Outbox
  readonly #followed: FollowedRooms
  readonly #letters: Letters
  readonly #kept: KeptRooms
  readonly #keptSelf: KeptSelf
  readonly #marks: ReadMarks
  readonly rooms: RoomList
  /**
   * We, before the server has said who we are: the id is what the caller calls us, if anything. Whom a token speaks for
   * only the server knows: then it is nobody's.
   */
  #nobody: User
  /** By what the user and the rooms are kept: whom a token speaks for the caller may not have said. */
  #keptBy: string
  /** Letters that were kept, the oldest first, and are not known to be ours. */
  #strays: KeptLetter[] = []
  /** Counts what the application wants: what was begun for an earlier wish goes no further. */
  #turn = 0
  #stopWaking: () => void = () => {}

  constructor(options: ClientOptions) {
    const clock = options.clock ?? systemClock
    const random = options.random ?? systemRandom
    const fetch = options.fetch ?? ((url, init) => globalThis.fetch(url, init))
    const isConnected = () => this.#link.isOpen
    this.#options = options
    this.#clock = clock
    this.#base = baseOf(options.url)
    this.#newId = options.newId ?? newId
    const { user = "", token } = options
    const id = user.toLowerCase()
    this.#nobody = { id, username: user, display_name: user }
    this.#keptBy = id || (token ? this.#newId() : "")
    this.#http = new Http({ base: this.#base, clock, fetch, asker: () => this.#asker() })
    this.#link = new Link({
      clock,
      random,
      webSocket: options.webSocket ?? globalWebSocket(),
      address: () => this.#address(),
      refusal: () => this.#refusal(),
      onUp: () => this.#up(),
      onDown: () => this.#down(),
      onEnd: (error) => this.#end(error),
      onEvent: (event) => this.#hear(event),
    })
    this.#requests = new Requests(clock, (text) => this.#link.sendText(text))
    const parts = { clock, random, requests: this.#requests, http: this.#http, isConnected }
    this.#outbox = new Outbox({
      ...parts,
      isReady: (lane) => this.#link.isOpen && this.#followed.isReady(lane),
    })
    this.#letters = new Letters(options.store)
    this.#kept = new KeptRooms(options.store, clock, () => this.#self().id)
    this.#keptSelf = new KeptSelf(options.store, clock, () => ({
      by: this.#keptBy,
      user: this.#user.get(),
      rooms: this.rooms.get().rooms,
    }))
    this.#followed = new FollowedRooms({ ...parts, newRoom: (ref) => this.#newRoom(ref, parts) })
    this.#marks = new ReadMarks({
      clock,
      tell: (room_id, message_id) => this.#link.send({ type: "read", room_id, message_id }),
      onMoved: (id, messageId) => this.rooms.read(id, messageId),
    })
    this.rooms = new RoomList({
      ...parts,
      self: this.#user.get,
      isFollowed: (id) => this.#followed.isFollowed(id),
      roomOf: (info) => this.#roomOf(info),
      readTo: (id) => this.#marks.of(id),
      onChange: () => this.#keptSelf.changed(),
    })
  }

  get connection(): Readable<ConnectionState> {
    return this.#link.connection
  }

  get user(): Readable<User | null> {
    return this.#user
  }

  connect(): void {
    if (this.#link.isOpen) return
    const turn = ++this.#turn
    this.#outbox.ended = null
    if (!this.#options.store) this.#dial()
    else
      void this.#restore().then(() => {
        if (turn === this.#turn) this.#dial()
      })
  }

  close(): void {
    this.#turn++
    this.#flush()
    this.#http.cut()
    this.#link.close()
    // The link tells no end where there was none to come back from.
    this.#end(closedError())
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
    const stops = [onWake(this.#link.wake), onHide(() => this.#flush())]
    this.#stopWaking = () => {
      for (const stop of stops) stop()
    }
    this.#link.connect()
  }

  /** Keeps and tells at once what was about to be: the page may be closed next. */
  #flush(): void {
    // What was said first: a page that goes may have time for one.
    this.#kept.flush()
    this.#keptSelf.flush()
    this.#marks.flush()
  }

  /** Shows what was kept and takes up what was on its way. A store that fails or is slow is gone on without. */
  #restore(): Promise<void> {
    const work = async () => {
      const [letters, kept] = await Promise.all([
        this.#letters.load(),
        this.#keptSelf.load(),
        this.#kept.load(),
      ])
      this.#strays = letters
      if (kept?.user && this.#user.get() === null) {
        this.#user.set(kept.user)
        this.rooms.restore(kept.rooms)
      }
      this.#adopt()
    }
    return within(this.#clock, restoreMs, work()).catch(() => {})
  }

  /** Shows and sends what was kept of who we are now. Another one's is not ours to show, and not ours to send. */
  #adopt(): void {
    this.#followed.restore(this.#kept)
    this.#strays = this.#strays.filter((letter) => {
      const isOwn = [this.#self().id, this.#nobody.id].includes(letter.by ?? "")
      if (isOwn) this.#followed.get(letter.room).messages.restore(letter)
      return !isOwn
    })
  }

  /** Takes up what another tab had on its way. What was refused there waits for a person. */
  async #inherit(): Promise<void> {
    this.#strays = (await this.#letters.load()).filter(({ failure }) => !failure)
    this.#adopt()
  }

  /** Another user is here than we knew: nothing that was shown is theirs. What was on its way waits in the store. */
  #forget(): void {
    this.#outbox.failAll(closedError())
    this.#followed.forget()
    this.rooms.forget()
    this.#marks.forget()
    this.#http.cut()
    this.#inherit().catch(() => {})
  }

  #self(): User {
    return this.#user.get() ?? this.#nobody
  }

  #roomOf(info: RoomInfo): Room {
    const room = this.#followed.get(info.id)
    room.describe(info)
    return room
  }

  #newRoom(ref: string, parts: Parts): FollowedRoom {
    const room = new FollowedRoom({
      ...parts,
      ref,
      newId: this.#newId,
      outbox: this.#outbox,
      letters: this.#letters,
      self: () => this.#self(),
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
    const before = this.#user.get()
    if (user && JSON.stringify(user) !== JSON.stringify(before)) {
      const { token, user: name } = this.#options
      const isOther = token && name && name.toLowerCase() !== user.username.toLowerCase()
      if (before ? before.id !== user.id : isOther) this.#forget()
      // What was written under the name that was given is somebody else's.
      if (isOther) {
        this.#nobody = user
        this.#keptBy = user.id
      }
      this.#letters.claim(this.#nobody.id, user.id)
      this.#user.set(user)
      this.#keptSelf.keep()
      this.#adopt()
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
    this.#outbox.end(error)
    this.#followed.end(error)
  }

  #hear(event: Event): void {
    if ((event.type as string) === heir) this.#inherit().catch(() => {})
    this.#requests.hear(event)
    this.#followed.hear(event)
    this.rooms.hear(event)
    if (event.type === "room_removed") this.#kept.drop(event.room.id)
    // Who writes has read what stands before it.
    if (event.type === "message" && event.user_id === this.#user.get()?.id)
      this.#marks.move(event.room_id, event.message_id)
    this.#listeners.tell(event)
  }

  /** Who is asking. A guest goes on under the name of its first connection: a new one would be another author. */
  async #asker(): Promise<Asker> {
    const { token, user = this.#user.get()?.username } = this.#options
    if (token) return { token: await askForToken(this.#clock, token) }
    return user === undefined ? {} : { user }
  }

  /** Where to connect, as whom. A browser's WebSocket can say it by its address alone. */
  async #address(): Promise<string> {
    const query = new URLSearchParams({ subscribe: "none", ...(await this.#asker()) })
    return `${this.#base.replace(/^http/i, "ws")}/ws?${query}`
  }

  /** A WebSocket does not say why it was not let in, so HTTP is asked for what anyone may see who is who they say. */
  #refusal(): Promise<KlatchError | null> {
    return this.#http.request("GET", "/rooms/discover?limit=1").then(
      () => null,
      (error: KlatchError) => (finalCodes.includes(error.code) ? error : null),
    )
  }
}

/** What a room is made with, beside its own. */
type Parts = Pick<RoomOptions, "clock" | "random" | "requests" | "http" | "isConnected">

function baseOf(url = globalThis.location?.origin): string {
  if (!url) throw new TypeError("Klatch needs a `url` here.")
  return url.replace(/^ws/i, "http").replace(/\/+$/, "")
}

function globalWebSocket(): WebSocketConstructor {
  const found = globalThis.WebSocket as WebSocketConstructor | undefined
  if (!found) throw new TypeError("Klatch needs a `webSocket` here.")
  return found
}

/** Not `randomUUID`: pages that are not served over HTTPS have none. */
function newId(): string {
  return crypto.getRandomValues(new Uint32Array(4)).join("-")
}
