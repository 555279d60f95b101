import type { DurableEvent, Event, ResumedEvent, RoomKind, User } from "@klatch/protocol"
import type { Clock } from "./clock.ts"
import { contract } from "./contract.ts"
import type { Http } from "./http.ts"
import { isOfLog } from "./listeners.ts"
import { withChange } from "./message.ts"
import { Cell, type Readable } from "./readable.ts"
import type { Requests } from "./requests.ts"
import type { Room } from "./room.ts"
import type { RoomInfo } from "./room-info.ts"

/** The rooms of the user. */
export interface RoomListState {
  /** `stale`: what is shown was true; the server is not in touch, or could not be asked. */
  readonly status: "empty" | "loading" | "ready" | "stale"
  /** The most recently spoken in first; neither the inbox nor the broadcast room. */
  readonly rooms: readonly RoomInfo[]
}

/** What `create` takes. */
export interface NewRoom {
  readonly kind?: Extract<RoomKind, "public" | "private" | "group">
  readonly name: string
  readonly slug?: string
  readonly topic?: string
  readonly members?: readonly string[]
}

/** The user's rooms, and the ways to more of them. */
export interface Rooms extends Readable<RoomListState> {
  /** Asks for the list, which from then on keeps itself up to date. Rejects with a `KlatchError`. */
  load(): Promise<void>
  /** The first page of public rooms whose name or slug holds `query`. Rejects with a `KlatchError`. */
  discover(query?: string): Promise<RoomInfo[]>
  /** Rejects with a `KlatchError`: `conflict` when the slug is taken. */
  create(input: NewRoom): Promise<RoomInfo>
  /** The direct room with a user, by name or id, made when missing. Rejects with a `KlatchError`. */
  direct(to: string): Promise<Room>
}

export interface RoomListOptions {
  readonly clock: Clock
  readonly http: Http
  readonly requests: Requests
  readonly self: () => User | null
  readonly isConnected: () => boolean
  /** Whether the room's events come by themselves, since it is open. */
  readonly isFollowed: (id: string) => boolean
  readonly roomOf: (info: RoomInfo) => Room
  /** Up to which message a room was read here; 0 when it was not. */
  readonly readTo: (id: string) => number
  /** The list changed: to be kept. */
  readonly onChange: () => void
}

/** The list ends here, however many more rooms there are. */
export const listMax = 5_000
/** News of the list is asked for once it has rested this long: many reasons within a moment are one. */
const restMs = 250

/** Keeps the list of rooms up to date: its rooms are heard without being opened. */
export class RoomList implements Rooms {
  readonly #options: RoomListOptions
  readonly #state = new Cell<RoomListState>({ status: "empty", rooms: [] })
  readonly #byId = new Map<string, RoomInfo>()
  #isWatched = false
  /** Whether the server was heard once: what was kept from before is not enough. */
  #isLoaded = false
  #loading: Promise<void> | null = null
  #cancelRest: (() => void) | null = null
  /** How far the inbox was heard; null before it is followed. */
  #inboxHead: number | null = null

  constructor(options: RoomListOptions) {
    this.#options = options
  }

  get = (): RoomListState => this.#state.get()

  subscribe = (fn: () => void): (() => void) => this.#state.subscribe(fn)

  load(): Promise<void> {
    this.#isWatched = true
    this.#loading ??= this.#load().finally(() => {
      this.#loading = null
    })
    return this.#loading
  }

  async discover(query = ""): Promise<RoomInfo[]> {
    const path = `/rooms/discover?${new URLSearchParams({ q: query })}`
    return (await this.#options.http.request<{ rooms: RoomInfo[] }>("GET", path)).rooms
  }

  async create(input: NewRoom): Promise<RoomInfo> {
    const info = await this.#options.http.request<RoomInfo>("POST", "/rooms", input)
    this.#loadSoon()
    return info
  }

  async direct(to: string): Promise<Room> {
    const info = await this.#options.http.request<RoomInfo>("POST", "/dm", { to })
    this.#loadSoon()
    return this.#options.roomOf(info)
  }

  /** Whether the room's events are wanted though it is not open. */
  has(id: string): boolean {
    return this.#isWatched && this.#byId.has(id)
  }

  /** What was kept from before, until the server says otherwise. */
  restore(rooms: readonly RoomInfo[]): void {
    if (this.#isLoaded) return
    for (const info of rooms) this.#byId.set(info.id, info)
    this.#show("stale")
  }

  /** Another user is here now. */
  forget(): void {
    this.#byId.clear()
    this.#isLoaded = false
    this.#inboxHead = null
    this.#show("empty")
  }

  /** A connection is open. */
  up(): void {
    if (!this.#isWatched) return
    if (!this.#isLoaded) void this.load().catch(() => {})
    else void this.#follow().then(() => this.#show("ready"), this.#loadSoon)
  }

  down(): void {
    this.#cancelRest?.()
    this.#cancelRest = null
    if (this.#state.get().status === "ready") this.#show("stale")
  }

  hear(event: Event): void {
    if (!this.#isWatched) return
    if (event.type === "room_added" || event.type === "room_removed") {
      this.#inboxHead = Math.max(this.#inboxHead ?? 0, event.seq)
      this.#loadSoon()
    } else if (event.type === "read") {
      if (event.user_id === this.#options.self()?.id) this.read(event.room_id, event.message_id)
    } else if (isOfLog(event)) {
      const info = this.#byId.get(event.room_id)
      if (info && event.seq > (info.head ?? 0)) this.#set(this.#after({ ...info, head: event.seq }, event))
    }
  }

  /** Everything up to a message was read, here or elsewhere. */
  read(roomId: string, messageId: number): void {
    const before = this.#byId.get(roomId)
    const info = before && this.#asRead(before, messageId)
    if (!info || info === before) return
    this.#set(info)
    // How many are left only the server can tell.
    if (info.unread !== 0) this.#loadSoon()
  }

  /** The list is asked for a moment later, if it is wanted at all. */
  readonly #loadSoon = (): void => {
    if (!this.#isWatched || this.#cancelRest) return
    this.#cancelRest = this.#options.clock.after(restMs, () => {
      this.#cancelRest = null
      if (this.#options.isConnected()) this.load().catch(() => {})
    })
  }

  async #load(): Promise<void> {
    if (this.#state.get().status === "empty") this.#show("loading")
    try {
      const found = await this.#fetch()
      this.#byId.clear()
      for (const info of found) if (isListed(info)) this.#byId.set(info.id, this.#asRead(info))
      this.#isLoaded = true
      this.#show("stale")
      await this.#follow()
      if (this.#options.isConnected()) this.#show("ready")
    } catch (error) {
      this.#show("stale")
      throw error
    }
  }

  /** The server may have answered before it heard how far was read here. */
  #asRead(info: RoomInfo, readTo = this.#options.readTo(info.id)): RoomInfo {
    if (readTo <= (info.read_message_id ?? 0)) return info
    const isAll = readTo >= (info.last_message?.message_id ?? 0)
    return { ...info, read_message_id: readTo, ...(isAll && { unread: 0 }) }
  }

  async #fetch(): Promise<RoomInfo[]> {
    const all: RoomInfo[] = []
    while (all.length < listMax) {
      const last = all.at(-1)
      const path = `/rooms?limit=100${last ? `&after=${last.id}` : ""}`
      const page = await this.#options.http.request<{ rooms: RoomInfo[]; has_more: boolean }>("GET", path)
      all.push(...page.rooms)
      if (!page.has_more || page.rooms.length === 0) break
    }
    return all
  }

  /** Has the server tell the rooms' events from where the list stands. What it cannot replay is asked for anew. */
  async #follow(): Promise<void> {
    if (!this.#options.isConnected()) return
    const self = this.#options.self()
    const wanted = [...this.#byId.values()].filter((info) => !this.#options.isFollowed(info.id))
    const cursors: [string, number][] = wanted.map((info) => [info.id, info.head ?? 0])
    // The inbox tells of rooms that are added or lost; what it told before is in the list already.
    if (self && this.#inboxHead === null && !this.#options.isFollowed(self.id)) {
      const { head } = await this.#options.requests.send<{ head: number }>({ type: "join", room_id: self.id })
      this.#inboxHead = head
    } else if (self && this.#inboxHead !== null) cursors.push([self.id, this.#inboxHead])
    let isHoled = false
    for (let at = 0; at < cursors.length; at += contract.resumeRoomsMax) {
      const rooms = Object.fromEntries(cursors.slice(at, at + contract.resumeRoomsMax))
      const answer = await this.#options.requests.send<ResumedEvent>({ type: "resume", rooms })
      isHoled ||= Object.values(answer.rooms).some((room) => room.gap) || (answer.refused?.length ?? 0) > 0
    }
    if (isHoled) this.#loadSoon()
  }

  #after(info: RoomInfo, event: DurableEvent): RoomInfo {
    if (event.type === "message") {
      const isOwn = event.user_id === this.#options.self()?.id
      return { ...info, last_message: event, unread: (info.unread ?? 0) + (isOwn ? 0 : 1) }
    }
    if (event.type === "room") return { ...info, name: event.name, topic: event.topic }
    const last = info.last_message
    if ((event.type !== "edit" && event.type !== "delete") || last?.message_id !== event.message_id)
      return info
    return { ...info, last_message: withChange(last, event) }
  }

  #set(info: RoomInfo): void {
    this.#byId.set(info.id, info)
    this.#show(this.#state.get().status)
  }

  #show(status: RoomListState["status"]): void {
    const rooms = [...this.#byId.values()].sort(byLastMessage)
    const before = this.#state.get()
    const isSame =
      rooms.length === before.rooms.length && rooms.every((info, at) => info === before.rooms[at])
    if (isSame && status === before.status) return
    this.#state.set({ status, rooms: isSame ? before.rooms : rooms })
    if (!isSame) this.#options.onChange()
  }
}

const isListed = (info: RoomInfo): boolean => info.kind !== "inbox" && info.kind !== "broadcast"

/** By the server's time of the last message: this orders a list for the eye, and nothing else. */
const byLastMessage = (a: RoomInfo, b: RoomInfo): number => spokenAt(b).localeCompare(spokenAt(a))

const spokenAt = (info: RoomInfo): string => info.last_message?.timestamp ?? info.created_at ?? ""
