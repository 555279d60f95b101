import type { ErrorCode } from "@klatch/protocol"
import type { VirtualClock } from "./virtual-clock.ts"

/** What the link does to one frame. */
export interface FrameFate {
  /** How many times it arrives: 0 is lost, 2 is doubled. */
  copies(): number
  /** How long it is on its way. */
  delayMs(): number
  /** Whether the connection breaks under it. */
  cuts?(): boolean
}

/** Every frame arrives once, after 5 ms. */
export const soundFate: FrameFate = { copies: () => 1, delayMs: () => 5 }

/** Why nobody is let in. */
export interface RefusedDoor {
  readonly status: number
  readonly code: ErrorCode
}

/** How the way to the server stands. */
export interface Network {
  readonly clock: VirtualClock
  faults: FrameFate
  /** False: frames of one socket overtake each other, which TCP never lets them. */
  readonly keepsOrder: boolean
  /** Nothing can be opened, and nothing answers. */
  isDown: boolean
  /** New connections and requests get this answer. */
  refusesWith: RefusedDoor | null
}

/** One direction of one connection. */
export class Lane {
  readonly #network: Network
  readonly #onWay: (() => void)[] = []

  constructor(network: Network) {
    this.#network = network
  }

  /** Has something arrive as often, and as late, as the link lets it. */
  carry(arrive: () => void): void {
    const { clock, faults, keepsOrder } = this.#network
    for (let copies = faults.copies(); copies > 0; copies--) {
      if (keepsOrder) {
        // Whoever comes first brings the one that was sent first.
        this.#onWay.push(arrive)
        clock.after(faults.delayMs(), () => this.#onWay.shift()?.())
      } else clock.after(faults.delayMs(), arrive)
    }
  }
}
