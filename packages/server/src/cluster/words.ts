import type { Queryable } from "../db/sql.ts"
import type { Clock } from "../lib/clock.ts"
import { dropWords, readSnapshot, readWords, type WordRow } from "./words.sql.ts"

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
  /** Each word comes once, those of one transaction in the order they were written. */
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
 * only if it is so, and read again by every node, soon by a nudge and in any case with the next look.
 */
export class Words implements Disposable {
  readonly #options: WordsOptions
  readonly #cancelTimers: readonly (() => void)[]
  #snapshot: string | undefined
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

  /** Finds out where to begin. Rejects when the database does not tell. */
  async begin(): Promise<void> {
    this.#snapshot = await readSnapshot(this.#options.db)
    this.#lookedMs = this.#options.clock.monotonicMs()
  }

  /** Reads what is new. Asked while it reads, it reads once more. */
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
    const { db, clock, node, onWord, onLost, onFailure } = this.#options
    const before = this.#snapshot
    if (before === undefined) return
    const startMs = clock.monotonicMs()
    const { snapshot, words } = await readWords(db, before, WORDS_MAX)
    const wasBlind = startMs - this.#lookedMs > BLIND_MS
    // A database that knows of fewer transactions than before is another one: a standby that had not heard of all.
    const isOlder = endOf(snapshot) < endOf(before)
    this.#snapshot = snapshot
    this.#lookedMs = startMs
    if (wasBlind || isOlder || words.length >= WORDS_MAX) onLost()
    for (const word of words)
      try {
        onWord({ ...word, isOwn: word.node === node })
      } catch (error) {
        // One of a later version that this one does not know keeps none of the others back.
        onFailure(error)
      }
  }
}

/** The first transaction that had not begun: a snapshot is `xmin:xmax:those between that run`. */
const endOf = (snapshot: string): bigint => BigInt(snapshot.split(":")[1] ?? 0)
