import { backoffMs } from "./backoff.ts"
import type { Clock } from "./clock.ts"
import { KlatchError } from "./error.ts"
import type { Random } from "./random.ts"

const triesMax = 6

/** What a `timeout` says. */
export const lateText = "No answer in time."

/** Settles as `work` does. Rejects with `timeout` when that takes longer than `ms`, and calls `onLate` first. */
export function within<A>(clock: Clock, ms: number, work: Promise<A>, onLate?: () => void): Promise<A> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(ms, () => {
      onLate?.()
      reject(new KlatchError("timeout", lateText))
    })
    work.finally(cancel).then(resolve, reject)
  })
}

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
      await new Promise<void>((resolve) => clock.after(backoffMs(tries, random, retryAfterMs), resolve))
    }
  }
}
