import type { HistoryPage } from "@klatch/protocol"
import type { Clock } from "./clock.ts"
import type { FollowedRoom } from "./followed-room.ts"
import { toEvent } from "./message.ts"
import type { RoomInfo } from "./room-info.ts"
import type { Store } from "./store.ts"

/** Rooms kept; those opened longest ago are let go. */
export const keptRoomsMax = 100
/** Messages kept of each, the newest. */
export const keptMessagesMax = 50
/** A room is kept at most this often while messages come. */
const restMs = 1_000

/** What is kept of a room. */
interface KeptRoom {
  readonly info: RoomInfo
  /** The newest messages, true to the page's `head`. */
  readonly page: HistoryPage
  /** When it was kept last, in ms since the Unix epoch. */
  readonly keptMs: number
}

/** The newest messages of the rooms opened last, so that they can be shown before the server is reached. */
export class KeptRooms {
  readonly #store: Store | undefined
  readonly #clock: Clock
  readonly #known = new Map<string, KeptRoom>()
  readonly #resting = new Map<FollowedRoom, () => void>()

  constructor(store: Store | undefined, clock: Clock) {
    this.#store = store
    this.#clock = clock
  }

  /** Reads what was kept. Rejects as the store does. */
  async load(): Promise<void> {
    const kept = ((await this.#store?.all("rooms")) ?? []) as KeptRoom[]
    kept.sort((a, b) => b.keptMs - a.keptMs)
    for (const one of kept.slice(0, keptRoomsMax)) this.#known.set(one.info.id, one)
    for (const one of kept.slice(keptRoomsMax)) this.#store?.remove("rooms", one.info.id).catch(() => {})
  }

  /** Shows in a room what was kept of it, if anything was. */
  restore(room: FollowedRoom): void {
    const kept =
      this.#known.get(room.ref) ?? [...this.#known.values()].find(({ info }) => info.slug === room.ref)
    if (kept) room.restore(kept.info, kept.page)
  }

  /** The room changed: what it shows is kept a moment later. */
  changed(room: FollowedRoom): void {
    if (!this.#store || this.#resting.has(room) || room.messages.get().status !== "ready") return
    const keep = () => {
      this.#resting.delete(room)
      this.#keep(room)
    }
    this.#resting.set(room, this.#clock.after(restMs, keep))
  }

  /** Keeps at once what was about to be kept: the page may be closed next. */
  flush(): void {
    for (const [room, cancel] of [...this.#resting]) {
      cancel()
      this.#resting.delete(room)
      this.#keep(room)
    }
  }

  #keep(room: FollowedRoom): void {
    const info = room.info.get()
    const { messages, cursor, hasOlder, hasNewer } = room.following.timeline.log
    if (info === null || cursor === null || hasNewer) return
    const newest = messages.slice(-keptMessagesMax)
    const page = {
      messages: newest.map(toEvent),
      head: cursor,
      has_more: hasOlder || newest.length < messages.length,
    }
    const kept = { info, page, keptMs: this.#clock.now() }
    this.#known.set(info.id, kept)
    this.#store?.put("rooms", info.id, kept).catch(() => {})
  }
}
