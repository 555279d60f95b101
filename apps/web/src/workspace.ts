import {
  type Client,
  createClient,
  inBrowser,
  type KlatchError,
  type NewRoom,
  type Room,
  type RoomInfo,
} from "@klatch/client"
import { batch, computed, effect, signal } from "@preact/signals"
import { lobby, queryFor, readAddress } from "./address.ts"
import { keepSeen, keptSeen } from "./kept.ts"
import { signalOf } from "./signal-of.ts"

/** How often the lists are asked for anew while the page is looked at. */
const refreshMs = 20_000
/** The lists are asked for once the typing, or the news that one of them changed, has rested this long. */
const restMs = 250

/** One person's chat in this page: the client, the lists of rooms, and which room is looked at. Ends with `close()`. */
export class Workspace {
  readonly client: Client
  /** The slug or id in the page's address. */
  readonly ref = signal(lobby)
  readonly room = computed<Room>(() => this.client.room(this.ref.value))
  /** Mine, the most recently spoken in first; null until they are known. */
  readonly mine = computed<readonly RoomInfo[] | null>(() => {
    const { status, rooms } = signalOf(this.client.rooms).value
    return status === "empty" || status === "loading" ? null : rooms
  })
  /** Public ones I am not in. */
  readonly others = computed<readonly RoomInfo[]>(() => {
    const ids = new Set(this.mine.value?.map((room) => room.id))
    return this.#found.value.filter((room) => !ids.has(room.id))
  })
  readonly #found = signal<readonly RoomInfo[]>([])
  readonly listFailed = signal(false)
  readonly query = signal("")
  /** The newest message looked at, by room id. */
  readonly seen = signal<ReadonlyMap<string, number>>(new Map())
  /** What is written and not yet sent, by room. */
  readonly drafts = new Map<string, string>()
  /** Moves on once in a while, so that "Today" does not stay for ever. */
  readonly nowMs = signal(Date.now())
  /** As it was asked for; null for a guest. */
  readonly name: string | null
  readonly #user: string | null
  readonly #stops: (() => void)[] = []
  #asking = 0
  #resting: ReturnType<typeof setTimeout> | undefined

  /** `user`: the name, null for a guest. `inAddress`: whether it came from the page's address and stays there. */
  constructor(user: string | null, inAddress: boolean) {
    const address = readAddress(location.href)
    this.name = user
    this.#user = inAddress ? user : null
    this.client = createClient({
      url: address.server,
      ...(user !== null && { user }),
      ...inBrowser(user ?? "guest"),
    })
    this.ref.value = address.room ?? lobby
    // The address says what is shown, and no name but the one in use.
    if (address.room === null || address.user !== this.#user)
      history.replaceState(null, "", this.hrefOf(this.ref.value))
    this.#listen()
    this.client.connect()
  }

  hrefOf(ref: string): string {
    return queryFor(ref, this.#user)
  }

  /** Goes to a room; the browser's Back comes back from there. */
  go(ref: string): void {
    if (ref === this.ref.value) return
    history.pushState(null, "", this.hrefOf(ref))
    this.ref.value = ref
  }

  /** Asks for the lists; without a connection it does nothing. What is shown stays when it fails. */
  async refresh(): Promise<void> {
    if (this.client.connection.get().phase !== "open") return
    const asking = ++this.#asking
    try {
      const { rooms } = this.client
      const [found] = await Promise.all([rooms.discover(this.query.value.trim()), rooms.load()])
      if (asking !== this.#asking) return
      batch(() => {
        this.#found.value = found
        this.listFailed.value = false
      })
    } catch {
      if (asking === this.#asking) this.listFailed.value = true
    }
  }

  /** Rejects with the server's `KlatchError`. */
  async makeRoom(input: NewRoom): Promise<void> {
    const info = await this.client.rooms.create(input)
    this.go(info.slug ?? info.id)
    // The lists may come later: the dialog that asked must not stand in front of the room meanwhile.
    void this.refresh()
  }

  /** Rejects with the server's `KlatchError`. */
  async writeTo(name: string): Promise<void> {
    const room = await this.client.rooms.direct(name)
    this.go(room.ref)
    void this.refresh()
  }

  /** Notes that everything in a room up to `messageId` was looked at. */
  see(roomId: string, messageId: number): void {
    const user = this.client.user.get()
    if (user === null || (this.seen.value.get(roomId) ?? 0) >= messageId) return
    const seen = new Map(this.seen.value)
    // Deleted first, so that the room looked at last stands last, and is forgotten last.
    seen.delete(roomId)
    seen.set(roomId, messageId)
    this.seen.value = seen
    keepSeen(user.id, seen)
  }

  /** Whether others have written there since it was looked at here. */
  isUnread(info: RoomInfo): boolean {
    const last = info.last_message
    if (!last || last.user_id === this.client.user.get()?.id || last.deleted_at !== undefined) return false
    return last.message_id > (this.seen.value.get(info.id) ?? 0)
  }

  close(): void {
    for (const stop of this.#stops.splice(0)) stop()
    this.client.close()
  }

  #listen(): void {
    const on = (target: EventTarget, type: string, listener: () => void) => {
      target.addEventListener(type, listener)
      this.#stops.push(() => target.removeEventListener(type, listener))
    }
    on(window, "popstate", () => {
      this.ref.value = readAddress(location.href).room ?? lobby
    })
    on(window, "focus", () => void this.refresh())
    // The inbox says at once when a room becomes mine or is mine no longer; without it the lists are only later.
    for (const type of ["room_added", "room_removed"] as const)
      this.#stops.push(this.client.on(type, this.#refreshSoon))
    const timer = setInterval(() => {
      this.nowMs.value = Date.now()
      if (document.visibilityState === "visible") void this.refresh()
    }, refreshMs)
    const isOpen = computed(() => signalOf(this.client.connection).value.phase === "open")
    const info = computed(() => signalOf(this.room.value.info).value?.id)
    this.#stops.push(
      () => clearInterval(timer),
      () => clearTimeout(this.#resting),
      effect(() => {
        const user = signalOf(this.client.user).value
        if (user === null) return
        this.seen.value = keptSeen(user.id)
        this.client
          .room(user.id)
          .open()
          .catch(() => {})
      }),
      // A room that was just joined belongs into the list of mine.
      effect(() => {
        if (isOpen.value && info.value !== null) void this.#untracked()
      }),
      effect(() => {
        void this.query.value
        this.#refreshSoon()
      }),
    )
  }

  /** Many reasons within a moment are one. */
  #refreshSoon = (): void => {
    clearTimeout(this.#resting)
    this.#resting = setTimeout(() => void this.refresh(), restMs)
  }

  /** Outside of the effect that asks: what `refresh` reads is not what it waits for. */
  #untracked = (): void => queueMicrotask(() => void this.refresh())
}

/** Whether an error means that the room is missing, or not for this person to see. */
export const isMissing = (error: KlatchError): boolean =>
  error.code === "not_found" || error.code === "forbidden" || error.code === "invalid_field"

/** What a room is called: a direct one after the other person. */
export function titleOf(info: RoomInfo, self: string | undefined): string {
  // Right after a join the kind is not known yet; only direct rooms have neither an address nor one name.
  const isDirect = info.kind === "direct" || (info.kind === undefined && info.slug === null)
  if (!isDirect) return info.name
  const names = info.name.split(",").filter((name) => name !== "")
  return names.filter((name) => name.toLowerCase() !== self?.toLowerCase()).join(", ") || info.name
}
