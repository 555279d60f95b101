import {
  type Client,
  createClient,
  inBrowser,
  KlatchError,
  type NewRoom,
  type Room,
  type RoomInfo,
} from "@klatch/client"
import { computed, effect, signal } from "@preact/signals"
import type { Account } from "./account.ts"
import { lobby, queryFor, readAddress } from "./address.ts"
import { keepSeen, keptSeen } from "./kept.ts"
import { Drafts } from "./kept-drafts.ts"
import type { RoomDesk } from "./room-desk.ts"
import { roomsOf, signalOf, timelineOf } from "./signal-of.ts"
import { fetchAs, staySignedIn } from "./workspace-account.ts"
import { Discovery } from "./workspace-discovery.ts"
import { comeIn, type Invitation } from "./workspace-invite.ts"
import { peopleOf } from "./workspace-people.ts"
import { readMarkOf, unreadIn } from "./workspace-unread.ts"

/** How often "Today" is asked about, and rooms that others have opened to all: nobody tells of those. */
const refreshMs = 60_000
/** What waits is counted in so many rooms, those left last. */
const visitedMax = 100

/** Who is at the page. */
export interface Visitor {
  /** What they go by; null for a guest. */
  readonly name: string | null
  /** Whether the name came from the page's address and stays there. */
  readonly inAddress: boolean
  /** Who is signed in; null where a name is enough. */
  readonly account: Account | null
}

/** One person's chat in this page: the client, the lists of rooms, and which room is looked at. Ends with `close()`. */
export class Workspace {
  readonly client: Client
  /** The slug or id in the page's address. */
  readonly ref = signal(lobby)
  readonly room = computed<Room>(() => this.client.room(this.ref.value))
  /** An invitation that someone came with: it is shown in place of a room, until it is decided. */
  readonly invite = signal<Invitation | null>(null)
  /** The room that is looked at, as those with a say see it; null while it is not known. */
  readonly desk = signal<RoomDesk | null>(null)
  /** The room that is looked at is being left: that it ends is no news. */
  readonly isLeaving = signal(false)
  /** Mine, the most recently spoken in first; null until they are known. */
  readonly mine = computed<readonly RoomInfo[] | null>(() => {
    const { status, rooms } = roomsOf(this.client).value
    return status === "empty" || status === "loading" ? null : rooms
  })
  /** What the sidebar's search finds, mine among it. */
  readonly discovery: Discovery
  /** Public ones I am not in. */
  readonly others = computed<readonly RoomInfo[]>(() => {
    const ids = new Set(this.mine.value?.map((room) => room.id))
    return this.discovery.found.value.filter((room) => !ids.has(room.id))
  })
  /** Whether my rooms could not be asked for. */
  readonly listFailed = signal(false)
  /** The newest message looked at here, by room id. */
  readonly seen = signal<ReadonlyMap<string, number>>(new Map())
  readonly isVisible = signal(document.visibilityState === "visible")
  /** Messages of others in all rooms that were not looked at. What comes into the one that is, is seen as it comes. */
  readonly unreadTotal = computed(() =>
    (this.mine.value ?? []).reduce(
      (sum, info) => sum + (this.isVisible.value && this.isHere(info) ? 0 : this.unreadOf(info)),
      0,
    ),
  )
  /** Whom to write to, as far as the page has heard of them. */
  readonly people = computed<readonly string[]>(() => {
    const self = signalOf(this.client.user).value?.username
    return peopleOf(this.mine.value ?? [], timelineOf(this.room.value).value.messages, self)
  })
  /** What was written here and waits for the connection, in the rooms looked at since the page was opened. */
  readonly waitingCount = computed(() => {
    let count = 0
    for (const room of new Set([...this.#visited.value, this.room.value]))
      for (const message of timelineOf(room).value.messages) if (message.delivery === "sending") count++
    return count
  })
  /** What is written and not yet sent, by room. */
  readonly drafts: Drafts
  /** Moves on once in a while, so that "Today" does not stay for ever. */
  readonly nowMs = signal(Date.now())
  /** As it was asked for; null for a guest. */
  readonly name: string | null
  /** Who is signed in; null where a name is enough. */
  readonly account: Account | null
  readonly #user: string | null
  #isLoaded = false
  /** The room that was last seen to be in the list. */
  #listedId = ""
  readonly #visited = signal<readonly Room[]>([])
  readonly #stops: (() => void)[] = []

  constructor({ name, inAddress, account }: Visitor) {
    const address = readAddress(location.href)
    // Names are compared case-blind, so what is kept of them is too. No name is "~": a guest's are kept under it.
    const key = account?.key ?? name?.toLowerCase() ?? "~guest"
    this.name = name
    this.account = account
    this.#user = inAddress ? name : null
    this.client = createClient({
      url: address.server,
      ...(name !== null && { user: name }),
      ...(account && { token: account.token, fetch: fetchAs(account) }),
      ...inBrowser(key),
    })
    this.discovery = new Discovery(this.client)
    this.drafts = new Drafts(key)
    this.ref.value = address.room ?? lobby
    if (address.invite !== null) this.invite.value = { code: address.invite, error: null }
    // The address says what is shown, and no name but the one in use.
    // An invitation stays there until it is decided: a reload begins with it again.
    else if (address.room === null || address.user !== this.#user)
      history.replaceState(null, "", this.hrefOf(this.ref.value))
    this.#listen()
    if (account) this.#stops.push(staySignedIn(this.client, account))
    this.client.connect()
  }

  hrefOf(ref: string): string {
    return queryFor(ref, this.#user)
  }

  /** Whether a room is the one that is looked at. */
  isHere(info: RoomInfo): boolean {
    if (this.invite.value !== null) return false
    return this.ref.value === (info.slug ?? info.id) || this.ref.value === info.id
  }

  /** Goes to a room; the browser's Back comes back from there. */
  go(ref: string): void {
    if (this.invite.value !== null) this.leaveInvite(ref)
    if (ref === this.ref.value) return
    const others = this.#visited.value.filter((room) => room !== this.room.value)
    this.#visited.value = [...others, this.room.value].slice(-visitedMax)
    history.pushState(null, "", this.hrefOf(ref))
    this.ref.value = ref
  }

  /** Comes in by the invitation, and goes to its room. */
  async followInvite(): Promise<void> {
    const { code = "" } = this.invite.value ?? {}
    this.invite.value = { code, error: null }
    const room = await comeIn(this.client, code)
    if (this.invite.value?.code !== code) return
    if (room instanceof KlatchError) this.invite.value = { code, error: room }
    else this.leaveInvite(room.slug ?? room.id)
  }

  /** Forgets the invitation, and goes to a room. */
  leaveInvite(ref: string): void {
    this.ref.value = ref
    this.invite.value = null
    history.replaceState(null, "", this.hrefOf(ref))
    void this.loadRooms()
  }

  /** Asks for my rooms, which from then on keep themselves up to date. What is shown stays when it fails. */
  async loadRooms(): Promise<void> {
    if (this.client.connection.get().phase !== "open") return
    try {
      await this.client.rooms.load()
      this.#isLoaded = true
      this.listFailed.value = false
    } catch {
      this.listFailed.value = true
    }
  }

  /** What to go to. Rejects with the server's `KlatchError`. */
  async makeRoom(input: NewRoom): Promise<string> {
    const info = await this.client.rooms.create(input)
    return info.slug ?? info.id
  }

  /** Goes to the direct room with someone. Rejects with the server's `KlatchError`. */
  async directWith(name: string): Promise<string> {
    return (await this.client.rooms.direct(name)).ref
  }

  /** Leaves the room that is looked at and goes to another one. Rejects with the server's `KlatchError`. */
  async leaveRoom(): Promise<void> {
    const here = this.room.value
    this.isLeaving.value = true
    try {
      await here.members.leave()
      const next = this.mine.value?.find((info) => !this.isHere(info))
      this.go(next === undefined ? lobby : (next.slug ?? next.id))
    } finally {
      this.isLeaving.value = false
    }
    void this.loadRooms()
  }

  /** Notes that everything in the room up to `messageId` was looked at, and tells the server and the other tabs. */
  see(room: Room, roomId: string, messageId: number): void {
    const user = this.client.user.get()
    if (user === null || (this.seen.value.get(roomId) ?? 0) >= messageId) return
    const seen = new Map(this.seen.value)
    // Deleted first, so that the room looked at last stands last, and is forgotten last.
    seen.delete(roomId)
    seen.set(roomId, messageId)
    this.seen.value = seen
    keepSeen(user.id, seen)
    room.messages.markRead(messageId)
  }

  /** How many messages of others were not looked at there. */
  unreadOf(info: RoomInfo): number {
    const self = signalOf(this.client.user).value
    return unreadIn(info, this.seen.value.get(info.id) ?? 0, self?.id)
  }

  /** The last message that was read in a room; 0 for none. */
  readMark(info: RoomInfo): number {
    const listed = this.mine.value?.find((one) => one.id === info.id)
    return readMarkOf(listed ?? info, this.seen.value.get(info.id) ?? 0)
  }

  close(): void {
    for (const stop of this.#stops.splice(0)) stop()
    this.discovery.close()
    this.drafts.close()
    this.client.close()
  }

  /** A room that was just joined belongs into the list, also when that was asked for a moment before the join. */
  async #loadWith(id: string): Promise<void> {
    for (let tries = 0; tries < 2; tries++) {
      if (this.mine.peek()?.some((info) => info.id === id)) return
      await this.loadRooms()
    }
  }

  #listen(): void {
    const on = (target: EventTarget, type: string, listener: () => void) => {
      target.addEventListener(type, listener)
      this.#stops.push(() => target.removeEventListener(type, listener))
    }
    on(window, "popstate", () => {
      this.ref.value = readAddress(location.href).room ?? lobby
    })
    on(window, "focus", () => this.discovery.soon())
    on(document, "visibilitychange", () => {
      this.isVisible.value = document.visibilityState === "visible"
    })
    const timer = setInterval(() => {
      this.nowMs.value = Date.now()
      if (this.isVisible.value) this.discovery.soon()
    }, refreshMs)
    const isOpen = computed(() => signalOf(this.client.connection).value.phase === "open")
    const hereId = computed(() => signalOf(this.room.value.info).value?.id)
    this.#stops.push(
      () => clearInterval(timer),
      effect(() => {
        const user = signalOf(this.client.user).value
        if (user !== null) this.seen.value = keptSeen(user.id)
      }),
      effect(() => {
        if (!isOpen.value) return
        this.discovery.soon()
        // Once there it keeps itself up to date, over every later connection too.
        if (!this.#isLoaded) queueMicrotask(() => void this.loadRooms())
      }),
      effect(() => {
        const invite = this.invite.peek()
        const isOpenYet = invite !== null && (invite.error === null || invite.error.code === "closed")
        if (isOpen.value && isOpenYet) queueMicrotask(() => void this.followInvite())
      }),
      effect(() => {
        const id = hereId.value
        if (isOpen.value && id !== undefined && this.mine.value !== null && id !== this.#listedId) {
          this.#listedId = id
          queueMicrotask(() => void this.#loadWith(id))
        }
      }),
    )
  }
}
