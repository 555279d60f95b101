import type { Database } from "../db/sql.ts"
import type { Clock } from "../lib/clock.ts"
import { removeOldEntries, roomsWithOldEntries } from "./retention.sql.ts"

const DAY_MS = 86_400_000
const ENTRIES_PER_STEP_MAX = 1_000
const ROOMS_PER_ROUND_MAX = 200
const STEPS_PER_ROOM_MAX = 20

export interface RetentionOptions {
  readonly db: Database
  readonly clock: Clock
  readonly days: number
  readonly periodMs?: number
  /** Told after each room's step: the removed seqs' upper end, for caches. */
  readonly onRemoved?: (roomId: string, throughSeq: number, count: number) => void
  readonly onFailure?: (error: unknown) => void
}

/**
 * Removes entries older than `days`, from the old end of each room, at most `ENTRIES_PER_STEP_MAX` a transaction and
 * a bounded number a round; the rest is for the next round. Seqs are not reused and client_ids are kept ([L7]).
 */
export class Retention implements Disposable {
  readonly #options: RetentionOptions
  readonly #cancel: () => void
  #round: Promise<number> | undefined

  constructor(options: RetentionOptions) {
    this.#options = options
    this.#cancel = options.clock.every(options.periodMs ?? 60_000, () => {
      this.run().catch((error) => options.onFailure?.(error))
    })
  }

  /** One round; answers how many entries went. One at a time: a second call gets the first one's answer. */
  run(): Promise<number> {
    this.#round ??= this.#removeRound().finally(() => {
      this.#round = undefined
    })
    return this.#round
  }

  async #removeRound(): Promise<number> {
    const { db, clock, days, onRemoved } = this.#options
    const cutoff = new Date(clock.now() - days * DAY_MS).toISOString()
    let total = 0
    for (const roomId of await roomsWithOldEntries(db, cutoff, ROOMS_PER_ROUND_MAX)) {
      for (let step = 0; step < STEPS_PER_ROOM_MAX; step++) {
        const { count, throughSeq } = await removeOldEntries(db, roomId, cutoff, ENTRIES_PER_STEP_MAX)
        if (count > 0) onRemoved?.(roomId, throughSeq, count)
        total += count
        if (count < ENTRIES_PER_STEP_MAX) break
      }
    }
    return total
  }

  [Symbol.dispose](): void {
    this.#cancel()
  }
}
