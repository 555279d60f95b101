/** Time and timers, passed in everywhere so that tests step them and the simulator owns them. */
export interface Clock {
  /** Wall time in ms since the Unix epoch. Only for timestamps shown to people; nothing is ordered by it. */
  now(): number
  /** Monotonic time in ms, for ages and deadlines. */
  monotonicMs(): number
  /** Calls `fn` once after `delayMs`; the returned function cancels it. */
  after(delayMs: number, fn: () => void): () => void
  /** Calls `fn` every `periodMs` until cancelled. */
  every(periodMs: number, fn: () => void): () => void
}

/** The machine's own clock. Its timers do not keep the process alive. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  after(delayMs, fn) {
    const timer = setTimeout(fn, delayMs)
    timer.unref?.()
    return () => clearTimeout(timer)
  },
  every(periodMs, fn) {
    const timer = setInterval(fn, periodMs)
    timer.unref?.()
    return () => clearInterval(timer)
  },
}

/** Keeps the process alive until the returned function is called, which the clock's timers do not. */
export function holdProcess(): () => void {
  const hold = setInterval(() => {}, 60_000)
  return () => clearInterval(hold)
}

/** Resolves after `delayMs` of `clock`'s time. Never rejects. */
export function delay(clock: Clock, delayMs: number): Promise<void> {
  return new Promise((resolve) => clock.after(delayMs, resolve))
}

/** A clock that stands still until a test steps it. Timers fire in order of due time. */
export class ManualClock implements Clock {
  #nowMs: number
  #due: { atMs: number; order: number; fn: () => void; periodMs?: number }[] = []
  #order = 0

  constructor(startMs = Date.UTC(2030, 0, 1)) {
    this.#nowMs = startMs
  }

  now = () => this.#nowMs
  monotonicMs = () => this.#nowMs

  after(delayMs: number, fn: () => void): () => void {
    return this.#add(delayMs, fn)
  }

  every(periodMs: number, fn: () => void): () => void {
    return this.#add(periodMs, fn, periodMs)
  }

  /** Moves time forward by `ms`, firing what falls due on the way. */
  step(ms: number): void {
    const endMs = this.#nowMs + ms
    for (;;) {
      this.#due.sort((a, b) => a.atMs - b.atMs || a.order - b.order)
      const next = this.#due[0]
      if (!next || next.atMs > endMs) break
      this.#nowMs = Math.max(this.#nowMs, next.atMs)
      if (next.periodMs === undefined) this.#due.shift()
      else next.atMs += next.periodMs
      next.fn()
    }
    this.#nowMs = endMs
  }

  #add(delayMs: number, fn: () => void, periodMs?: number): () => void {
    const timer = {
      atMs: this.#nowMs + Math.max(0, delayMs),
      order: this.#order++,
      fn,
      ...(periodMs ? { periodMs } : {}),
    }
    this.#due.push(timer)
    return () => {
      const at = this.#due.indexOf(timer)
      if (at >= 0) this.#due.splice(at, 1)
    }
  }
}
