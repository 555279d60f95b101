import { backoffMs } from "./backoff.ts"
import type { Clock } from "./clock.ts"
import type { KlatchError } from "./error.ts"
import type { Random } from "./random.ts"

const triesMax = 6

/**
 * Asks again while the answer is `rate_limited`, which says that nothing was done, up to six times in all.
 * Rejects as `ask` does, with its last error.
 */
export async function patiently<A>(clock: Clock, random: Random, ask: () => Promise<A>): Promise<A> {
  for (let tries = 0; ; tries++) {
    try {
      return await ask()
    } catch (thrown) {
      const { code, retryAfterMs } = thrown as KlatchError
      if (code !== "rate_limited" || tries + 1 >= triesMax) throw thrown
      const delayMs = Math.max(retryAfterMs ?? 0, backoffMs(tries, random))
      await new Promise<void>((resolve) => clock.after(delayMs, resolve))
    }
  }
}
