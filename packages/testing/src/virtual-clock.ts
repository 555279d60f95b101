import type { Clock } from "@klatch/client"

interface Timer {
  readonly atMs: number
  readonly order: number
  readonly fn: () => void
}

/** A clock that stands still until a test runs it on. Timers fire in order; promises settle between them. */
export class VirtualClock implements Clock {
  #nowMs = Date.UTC(2030, 0, 1)
  #order = 0
  readonly #timers = new Set<Timer>()

  /** In ms since the Unix epoch; it begins with the year 2030. */
  now = () => this.#nowMs
  /** The same: this clock is never set. */
  monotonicMs = () => this.#nowMs

  /** Calls `fn` once the clock was run past `delayMs`; the returned function cancels it. */
  after(delayMs: number, fn: () => void): () => void {
    const timer = { atMs: this.#nowMs + Math.max(0, delayMs), order: this.#order++, fn }
    this.#timers.add(timer)
    return () => this.#timers.delete(timer)
  }

  /** Lets `ms` pass. */
  async run(ms: number): Promise<void> {
    const endMs = this.#nowMs + ms
    await this.runUntil(() => false, endMs)
    this.#nowMs = endMs
  }

  /** Lets time pass until `isTrue`, or to `endMs` (else for ten minutes); says whether it became true. */
  async runUntil(isTrue: () => boolean, endMs = this.#nowMs + 600_000): Promise<boolean> {
    for (;;) {
      await promisesSettled()
      if (isTrue()) return true
      const next = this.#next()
      if (!next || next.atMs > endMs) return false
      this.#timers.delete(next)
      this.#nowMs = Math.max(this.#nowMs, next.atMs)
      next.fn()
    }
  }

  /** Lets time pass until `promise` settles, and settles as it does. Rejects when ten minutes were not enough. */
  async settle<T>(promise: Promise<T>): Promise<T> {
    let isSettled = false
    const settled = () => {
      isSettled = true
    }
    promise.then(settled, settled)
    if (await this.runUntil(() => isSettled)) return promise
    throw new Error("The promise did not settle within ten minutes of the test's clock.")
  }

  #next(): Timer | undefined {
    let first: Timer | undefined
    for (const timer of this.#timers) {
      if (!first || timer.atMs < first.atMs || (timer.atMs === first.atMs && timer.order < first.order))
        first = timer
    }
    return first
  }
}

/** Taken once: a test that replaces the timers of its runtime does not stop this clock. Browsers have no immediate. */
const soon: (fn: () => void) => void = globalThis.setImmediate ?? ((fn) => setTimeout(fn, 0))

/** A turn of the event loop comes only after every promise that can settle has. */
const promisesSettled = (): Promise<void> => new Promise((resolve) => soon(resolve))
