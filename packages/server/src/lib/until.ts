import type { Clock } from "./clock.ts"

const LOOK_MS = 20

/** Resolves when `holds`, or after `timeoutMs`: whoever is still there then is cut off. */
export function until(holds: () => boolean, clock: Clock, timeoutMs: number): Promise<void> {
  const endMs = clock.monotonicMs() + timeoutMs
  return new Promise((resolve) => {
    const cancel = clock.every(LOOK_MS, () => {
      if (!holds() && clock.monotonicMs() < endMs) return
      cancel()
      resolve()
    })
  })
}
