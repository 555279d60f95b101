import type { Random } from "./random.ts"
/** What waits between tries start from, in ms. */
export const backoffBaseMs = 250
/** What no wait exceeds, in ms. */
export const backoffMaxMs = 15_000

/**
 * Full jitter: a uniform time in [0, min(max, base * 2^attempt)), so that those who were cut together do not
 * come back together. `attempt` counts from 0. Never less than `floorMs`: what a server asks to wait.
 */
export function backoffMs(attempt: number, random: Random, floorMs = 0): number {
  return Math.max(floorMs, random() * Math.min(backoffMaxMs, backoffBaseMs * 2 ** Math.min(attempt, 30)))
}
