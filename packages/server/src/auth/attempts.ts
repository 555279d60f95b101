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
    if (this.#isOn) this.spendFrom(this.bucketOf(key), words)
  }

  /** The bucket of a key, made when there is none: for whoever counts a lot and keeps it at hand. */
  bucketOf(key: string): Bucket {
    const known = this.#buckets.get(key)
    if (known) return known
    const bucket = { tokens: this.#rate.burst, filledMs: this.#clock.monotonicMs() }
    this.#buckets.set(key, bucket)
    return bucket
  }

  /** The same as `spend`, without a look for the bucket. */
  spendFrom(bucket: Bucket, words?: string): void {
    if (!this.#isOn) return
    const waitMs = take(bucket, this.#rate, this.#clock.monotonicMs())
    if (waitMs > 0) throw new AppError("rate_limited", words, { retryAfterMs: waitMs })
  }

  /** One that was counted should not have been; what others spent stays spent. */
  giveBack(key: string): void {
    const bucket = this.#buckets.get(key)
    if (bucket) bucket.tokens = Math.min(this.#rate.burst, bucket.tokens + 1)
  }

  /** It went well: what was counted is forgiven. */
  forgive(key: string): void {
    this.#buckets.delete(key)
  }
}
