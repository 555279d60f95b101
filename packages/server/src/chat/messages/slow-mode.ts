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
  readonly #wrote = new Lru<string, { readonly atMs: number; readonly beforeMs: number }>(knownMax)

  constructor(members: Members, clock: Clock) {
    this.#members = members
    this.#clock = clock
  }

  /** Counts a message; answers `rate_limited`, with when the next may come, where it may not. */
  spend(principal: Principal, room: RoomInfo, seconds: number): AppError | undefined {
    if (this.#members.isModerator(principal, room)) return undefined
    const key = keyOf(principal, room)
    const nowMs = this.#clock.monotonicMs()
    const beforeMs = this.#wrote.get(key)?.atMs ?? Number.NEGATIVE_INFINITY
    const waitMs = beforeMs + seconds * 1_000 - nowMs
    if (waitMs > 0)
      return new AppError("rate_limited", `In this room one writes once in ${seconds} s.`, {
        retryAfterMs: Math.ceil(waitMs),
      })
    this.#wrote.set(key, { atMs: nowMs, beforeMs })
    return undefined
  }

  /** What was counted last was no new message. */
  giveBack(principal: Principal, room: RoomInfo): void {
    const key = keyOf(principal, room)
    const { beforeMs } = this.#wrote.get(key) ?? {}
    if (beforeMs !== undefined) this.#wrote.set(key, { atMs: beforeMs, beforeMs })
  }

  /** What was counted last stays so: a repeat that was not counted is on its way. */
  keep(principal: Principal, room: RoomInfo): void {
    const key = keyOf(principal, room)
    const { atMs } = this.#wrote.get(key) ?? {}
    if (atMs !== undefined) this.#wrote.set(key, { atMs, beforeMs: atMs })
  }
}

const keyOf = (principal: Principal, room: RoomInfo) => `${room.id} ${principal.user.id}`
