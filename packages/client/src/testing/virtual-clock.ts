import type { Clock } from "../clock.ts"

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

  now = () => this.#nowMs
  monotonicMs = () => this.#nowMs

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

  /** Lets time pass until `isTrue`, or to `endMs`; says whether it became true. */
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

  #next(): Timer | undefined {
    let first: Timer | undefined
    for (const timer of this.#timers) {
      if (!first || timer.atMs < first.atMs || (timer.atMs === first.atMs && timer.order < first.order))
        first = timer
    }
    return first
  }
}

/** A turn of the event loop comes only after every promise that can settle has. */
const promisesSettled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
