import type { Principal } from "../../auth/principal.ts"
import { AppError } from "../../lib/app-error.ts"
import type { Clock } from "../../lib/clock.ts"
import { Lru } from "../../lib/lru.ts"
import type { Members, RoomInfo } from "../members/members.ts"

/** Of so many writers it is known when they last wrote. */
const knownMax = 20_000

/** In slow rooms members write once in so many seconds; moderators and above as they like. */
export class SlowMode {
  readonly #members: Members
  readonly #clock: Clock
  readonly #wroteMs = new Lru<string, number>(knownMax)

  constructor(members: Members, clock: Clock) {
    this.#members = members
    this.#clock = clock
  }

  /** Counts a message. Throws `rate_limited`, with when the next may come. */
  spend(principal: Principal, room: RoomInfo, seconds: number): void {
    if (this.#members.isModerator(principal, room)) return
    const key = `${room.id} ${principal.user.id}`
    const nowMs = this.#clock.monotonicMs()
    const waitMs = (this.#wroteMs.get(key) ?? Number.NEGATIVE_INFINITY) + seconds * 1_000 - nowMs
    if (waitMs > 0)
      throw new AppError("rate_limited", `In this room one writes once in ${seconds} s.`, {
        retryAfterMs: Math.ceil(waitMs),
      })
    this.#wroteMs.set(key, nowMs)
  }
}
