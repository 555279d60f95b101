/** Time and timers, passed in so that tests step them. */
export interface Clock {
  /** Wall time in ms since the Unix epoch: only for times shown to people. */
  now(): number
  /** Monotonic time in ms, for ages and deadlines. */
  monotonicMs(): number
  /** Calls `fn` once after `delayMs`; the returned function cancels it. */
  after(delayMs: number, fn: () => void): () => void
}

/** The machine's own clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  after(delayMs, fn) {
    const timer = setTimeout(fn, delayMs)
    return () => clearTimeout(timer)
  },
}
