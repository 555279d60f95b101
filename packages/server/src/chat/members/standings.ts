import type { Queryable } from "../../db/sql.ts"
import { BatchLoader } from "../../lib/batch-loader.ts"
import type { Clock } from "../../lib/clock.ts"
import { Lru } from "../../lib/lru.ts"
import type { Standing } from "../policy/policy.ts"
import { type StandingRow, standingsOf } from "./members.sql.ts"

/** Rooms of which standings are known; past it those of the room used least recently are asked for anew. */
const roomsMax = 2_000
/** Standings known of one room; past it all of that room's are forgotten. */
const perRoomMax = 5_000
/** Nothing that was read is believed for longer: a ban that runs out, and words of other nodes, come to this. */
const knownMs = 1_000

interface Known {
  readonly standing: Standing
  readonly untilMs: number
}

/** Where people stand in rooms: asked of the database, and for those who write a lot known for a second at most. */
export class Standings {
  readonly #clock: Clock
  readonly #known = new Lru<string, Map<string, Known>>(roomsMax)
  readonly #loader: BatchLoader<{ roomId: string; userId: string }, Standing>
  /** Counts changes: what was asked for before one of them is not kept. */
  #changes = 0

  constructor(db: Queryable, clock: Clock) {
    this.#clock = clock
    this.#loader = new BatchLoader(async (pairs) => {
      const rows = await standingsOf(db, pairs, new Date(clock.now()).toISOString())
      const found = new Map(rows.map((row) => [`${row.room_id} ${row.user_id}`, standingOf(row)]))
      return pairs.map(({ roomId, userId }) => found.get(`${roomId} ${userId}`) ?? nowhere)
    })
  }

  /** As the database has it. Many asked at once are one query. */
  load(roomId: string, userId: string): Promise<Standing> {
    return this.#loader.get({ roomId, userId })
  }

  /** The same, and known for the next second. */
  async learn(roomId: string, userId: string): Promise<Standing> {
    const changes = this.#changes
    const standing = await this.load(roomId, userId)
    if (changes === this.#changes) this.#keep(roomId, userId, standing)
    return standing
  }

  /** From memory, at once, also when it is this much older; undefined when it must be asked for. */
  peek(roomId: string, userId: string, olderMs = 0): Standing | undefined {
    const known = this.#known.get(roomId)?.get(userId)
    return known && known.untilMs + olderMs > this.#clock.monotonicMs() ? known.standing : undefined
  }

  /** Someone's standing there has changed. */
  forget(roomId: string, userIds: readonly string[]): void {
    this.#changes++
    const ofRoom = this.#known.get(roomId)
    for (const id of userIds) ofRoom?.delete(id)
  }

  #keep(roomId: string, userId: string, standing: Standing): void {
    let ofRoom = this.#known.get(roomId)
    if (!ofRoom || ofRoom.size >= perRoomMax) {
      ofRoom = new Map()
      this.#known.set(roomId, ofRoom)
    }
    ofRoom.set(userId, { standing, untilMs: this.#clock.monotonicMs() + knownMs })
  }
}

export const nowhere: Standing = { role: null, mutedUntilMs: null, isBanned: false }

export const standingOf = ({ role, muted_until, was_reader, banned }: StandingRow): Standing => ({
  role,
  mutedUntilMs: muted_until?.getTime() ?? null,
  isBanned: banned,
  ...(was_reader && { wasReader: true }),
})
