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
/** Things are kept at most this often while messages come. */
export const restMs = 1_000

/** What is kept of a room. */
interface KeptRoom {
  readonly info: RoomInfo
  /** The newest messages, true to the page's `head`. */
  readonly page: HistoryPage
  /** When it was kept last, in ms since the Unix epoch. */
  readonly keptMs: number
  /** The id of the user who was shown it. */
  readonly by: string
}

/** The newest messages of the rooms opened last, so that they can be shown before the server is reached. */
export class KeptRooms {
  readonly #store: Store | undefined
  readonly #clock: Clock
  readonly #selfId: () => string
  readonly #known = new Map<string, KeptRoom>()
  readonly #resting = new Map<FollowedRoom, () => void>()

  /** `selfId`: of whoever is shown what was kept; what another one was shown stays unseen. */
  constructor(store: Store | undefined, clock: Clock, selfId: () => string) {
    this.#store = store
    this.#clock = clock
    this.#selfId = selfId
  }

  /** Reads what was kept. Rejects as the store does, and where there is none. */
  async load(): Promise<void> {
    const kept = (await this.#store!.all("rooms")) as KeptRoom[]
    kept.sort((a, b) => b.keptMs - a.keptMs)
    for (const one of kept.slice(0, keptRoomsMax)) this.#known.set(one.info.id, one)
    for (const one of kept.slice(keptRoomsMax)) this.drop(one.info.id)
  }

  /** Shows in a room what was kept of it for this user, if anything was. */
  restore(room: FollowedRoom): void {
    const kept = [...this.#known.values()].find(({ info }) => [info.id, info.slug].includes(room.ref))
    if (kept?.by === this.#selfId()) room.restore(kept.info, kept.page)
  }

  /** The room changed: what it shows is kept a moment later. */
  changed(room: FollowedRoom): void {
    if (!this.#store || this.#resting.has(room) || room.messages.get().status !== "ready") return
    const keep = () => this.#keep(room)
    this.#resting.set(room, this.#clock.after(restMs, keep))
  }

  /** It is this user's no more: what was said in it does not stay on the device. */
  drop(id: string): void {
    // What is about to be kept would come back later.
    this.flush()
    this.#known.delete(id)
    this.#store?.remove("rooms", id).catch(() => {})
  }

  /** Keeps at once what was about to be kept: the page may be closed next. */
  flush(): void {
    for (const room of [...this.#resting.keys()]) this.#keep(room)
  }

  #keep(room: FollowedRoom): void {
    this.#resting.get(room)?.()
    this.#resting.delete(room)
    const info = room.info.get()
    const { messages, cursor, hasOlder, hasNewer } = room.following.timeline.log
    if (info === null || cursor === null || hasNewer) return
    const newest = messages.slice(-keptMessagesMax)
    const page = {
      messages: newest.map(toEvent),
      head: cursor,
      has_more: hasOlder || newest.length < messages.length,
    }
    const kept = { info, page, keptMs: this.#clock.now(), by: this.#selfId() }
    this.#known.set(info.id, kept)
    this.#store?.put("rooms", info.id, kept).catch(() => {})
  }
}
