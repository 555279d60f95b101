import type { Queryable } from "../../db/sql.ts"
import { BatchLoader } from "../../lib/batch-loader.ts"
import type { Clock } from "../../lib/clock.ts"
import { Lru } from "../../lib/lru.ts"
import type { Standing } from "../policy/policy.ts"
import { type StandingRow, standingsOf } from "./members.sql.ts"

/** Standings known at once; past it the one used least recently is asked for anew. */
const knownMax = 50_000
/** Nothing that was read is believed for longer: a ban that runs out, and words of other nodes, come to this. */
const knownMs = 1_000

interface Known {
  readonly standing: Standing
  readonly untilMs: number
}

/** Where people stand in rooms: asked of the database, and for those who write a lot known for a second at most. */
export class Standings {
  readonly #clock: Clock
  readonly #known = new Lru<string, Known>(knownMax)
  readonly #loader: StandingLoader
  /** Counts changes: what was asked for before one of them is not kept. */
  #changes = 0

  constructor(db: Queryable, clock: Clock) {
    this.#clock = clock
    this.#loader = standingLoader(db, clock)
  }

  /** As the database has it. Many asked at once are one query. */
  load(roomId: string, userId: string): Promise<Standing> {
    return this.#loader.get({ roomId, userId })
  }

  /** The same, and known for the next second. */
  async learn(roomId: string, userId: string): Promise<Standing> {
    const changes = this.#changes
    const standing = await this.load(roomId, userId)
    if (changes === this.#changes)
      this.#known.set(keyOf(roomId, userId), { standing, untilMs: this.#clock.monotonicMs() + knownMs })
    return standing
  }

  /** From memory, at once, also when it is this much older; undefined when it must be asked for. */
  peek(roomId: string, userId: string, olderMs = 0): Standing | undefined {
    const known = this.#known.get(keyOf(roomId, userId))
    return known && known.untilMs + olderMs > this.#clock.monotonicMs() ? known.standing : undefined
  }

  /** Anyone's standing anywhere may have changed. */
  forgetAll(): void {
    this.#changes++
    this.#known.clear()
  }

  /** Someone's standing there has changed. */
  forget(roomId: string, userIds: readonly string[]): void {
    this.#changes++
    for (const id of userIds) this.#known.delete(keyOf(roomId, id))
  }
}

const keyOf = (roomId: string, userId: string) => `${roomId} ${userId}`

type StandingLoader = BatchLoader<{ readonly roomId: string; readonly userId: string }, Standing>

/** Asks where people stand, of the database or within a change. Many asked at once are one query. */
export const standingLoader = (db: Queryable, clock: Clock): StandingLoader =>
  new BatchLoader(async (pairs) => {
    const rows = await standingsOf(db, pairs, new Date(clock.now()).toISOString())
    const found = new Map(rows.map((row) => [keyOf(row.room_id, row.user_id), standingOf(row)]))
    return pairs.map(({ roomId, userId }) => found.get(keyOf(roomId, userId)) ?? nowhere)
  })

export const nowhere: Standing = { role: null, mutedUntilMs: null, isBanned: false }

export const standingOf = ({ role, muted_until, was_reader, banned, head }: StandingRow): Standing => ({
  role,
  mutedUntilMs: muted_until?.getTime() ?? null,
  isBanned: banned,
  head,
  ...(was_reader && { wasReader: true }),
})
