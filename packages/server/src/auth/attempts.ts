import { AppError } from "../lib/app-error.ts"
import type { Clock } from "../lib/clock.ts"
import { Lru } from "../lib/lru.ts"
import { type Bucket, type Rate, take } from "../lib/token-bucket.ts"

/** Those asked for least recently are forgotten past so many. */
const knownMax = 50_000

/** How often something may be tried, by whatever names those who try: an account, an address. */
export class Attempts {
  readonly #buckets = new Lru<string, Bucket>(knownMax)
  readonly #rate: Rate
  readonly #clock: Clock
  readonly #isOn: boolean

  constructor(rate: Rate, clock: Clock, isOn: boolean) {
    this.#rate = rate
    this.#clock = clock
    this.#isOn = isOn
  }

  /** Counts one. Throws `rate_limited`, with when to come back, past the rate. */
  spend(key: string, words = "Too many attempts: wait a little."): void {
    if (!this.#isOn) return
    const nowMs = this.#clock.monotonicMs()
    const bucket = this.#buckets.get(key) ?? { tokens: this.#rate.burst, filledMs: nowMs }
    const waitMs = take(bucket, this.#rate, nowMs)
    this.#buckets.set(key, bucket)
    if (waitMs > 0) throw new AppError("rate_limited", words, { retryAfterMs: waitMs })
  }

  /** It went well: what was counted is forgiven. */
  forgive(key: string): void {
    this.#buckets.delete(key)
  }
}
