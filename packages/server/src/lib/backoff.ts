import { type Random, systemRandom } from "./random.ts"

/**
 * Full-jitter exponential backoff: attempt n waits a uniform time in [0, min(max, base * 2^n)).
 * Source: M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
 */
export function backoffMs(
  attempt: number,
  baseMs: number,
  maxMs: number,
  random: Random = systemRandom,
): number {
  return random.float() * Math.min(maxMs, baseMs * 2 ** Math.min(attempt, 30))
}
