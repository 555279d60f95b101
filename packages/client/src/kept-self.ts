import type { User } from "@klatch/protocol"
import type { Clock } from "./clock.ts"
import { restMs } from "./kept-rooms.ts"
import type { RoomInfo } from "./room-info.ts"
import type { Store } from "./store.ts"

/** What is kept of the client itself: `by` what its caller called it. */
interface Self {
  readonly by: string
  readonly user: User | null
  readonly rooms: readonly RoomInfo[]
}

/** Who we are and our rooms, so that they can be shown before the server is reached. */
export class KeptSelf {
  readonly #store: Store | undefined
  readonly #clock: Clock
  readonly #current: () => Self
  #cancelRest: (() => void) | null = null
  #roomCount = 0

  constructor(store: Store | undefined, clock: Clock, current: () => Self) {
    this.#store = store
    this.#clock = clock
    this.#current = current
  }

  /** What was kept of who we are, if anything was. Rejects as the store does, and where there is none. */
  async load(): Promise<Self | undefined> {
    const kept = (await this.#store!.all("self")) as Self[]
    return kept.find(({ by }) => by === this.#current().by)
  }

  /** Something of it changed: a room more or less is kept at once, all else, as comes with messages, a moment later. */
  changed(): void {
    const { length } = this.#current().rooms
    if (length !== this.#roomCount) this.keep()
    else this.#cancelRest ??= this.#clock.after(restMs, () => this.keep())
    this.#roomCount = length
  }

  keep(): void {
    this.#cancelRest?.()
    this.#cancelRest = null
    this.#store?.put("self", "self", this.#current()).catch(() => {})
  }

  /** Keeps at once what was about to be kept: the page may be closed next. */
  flush(): void {
    if (this.#cancelRest) this.keep()
  }
}
