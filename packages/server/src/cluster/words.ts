import type { Queryable } from "../db/sql.ts"
import type { Clock } from "../lib/clock.ts"
import { dropWords, readWords, type WordRow } from "./words.sql.ts"

export type { WordKind } from "./words.sql.ts"

/** Something that every node must know. */
export interface Word extends WordRow {
  /** This node wrote it, and has most likely acted on it at once. */
  readonly isOwn: boolean
}

export interface WordsOptions {
  readonly db: Queryable
  readonly clock: Clock
  /** How this node calls its connections to the database. */
  readonly node: string
  /** How often to look, in ms; asked anew each time. */
  readonly periodMs: () => number
  /** Must not throw. Each word comes once, those of one transaction in the order they were written. */
  readonly onWord: (word: Word) => void
  /** Words may have been missed: nothing that is known from before counts. */
  readonly onLost: () => void
  readonly onFailure: (error: unknown) => void
}

const TICK_MS = 250
const WORDS_MAX = 10_000
const KEPT_S = 3_600
/** A node that could not look for so long may have missed what was removed meanwhile. */
const BLIND_MS = (KEPT_S - 600) * 1_000
const SWEEP_MS = 600_000

/**
 * What was changed where, for every node to know: written by the transaction that changed it, so that it is told if and
 * only if it is so, and read again by every node, soon by a nudge and in any case with the next look. Transactions may
 * end in another order than they began: each look begins where the oldest that ran during the last one did.
 */
export class Words implements Disposable {
  readonly #options: WordsOptions
  readonly #cancelTimers: readonly (() => void)[]
  #horizon: string | undefined
  /** Of those that the next look may find again. */
  #seen = new Set<number>()
  #lookedMs: number
  #looking: Promise<void> | undefined
  #isAgain = false

  constructor(options: WordsOptions) {
    this.#options = options
    const { clock, db, periodMs, onFailure } = options
    this.#lookedMs = clock.monotonicMs()
    this.#cancelTimers = [
      clock.every(TICK_MS, () => {
        if (clock.monotonicMs() - this.#lookedMs >= periodMs()) void this.look()
      }),
      clock.every(SWEEP_MS, () => void dropWords(db, KEPT_S).catch(onFailure)),
    ]
  }

  /** Reads what is new. Asked while it reads, it reads once more. The first look only finds out where to begin. */
  look(): Promise<void> {
    this.#isAgain = this.#looking !== undefined
    this.#looking ??= this.#lookAll().finally(() => {
      this.#looking = undefined
    })
    return this.#looking
  }

  [Symbol.dispose](): void {
    for (const cancel of this.#cancelTimers) cancel()
  }

  async #lookAll(): Promise<void> {
    do {
      this.#isAgain = false
      try {
        await this.#lookOnce()
      } catch (error) {
        this.#options.onFailure(error)
      }
    } while (this.#isAgain)
  }

  async #lookOnce(): Promise<void> {
    const { db, clock, node, onWord, onLost } = this.#options
    const startMs = clock.monotonicMs()
    const wasBlind = this.#horizon !== undefined && startMs - this.#lookedMs > BLIND_MS
    const isFirst = this.#horizon === undefined || wasBlind
    const { horizon, words } = await readWords(db, this.#horizon ?? FIRST_XID, isFirst ? 0 : WORDS_MAX)
    if (wasBlind || words.length >= WORDS_MAX) onLost()
    this.#horizon = horizon
    this.#lookedMs = startMs
    const seen = new Set<number>()
    for (const word of words) {
      if (!this.#seen.has(word.id)) onWord({ ...word, isOwn: word.node === node })
      seen.add(word.id)
    }
    this.#seen = seen
  }
}

const FIRST_XID = "0"
