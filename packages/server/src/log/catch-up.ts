import type { Queryable } from "../db/sql.ts"
import { BatchLoader } from "../lib/batch-loader.ts"
import { encodeEntry, type LogRoom } from "./entry.ts"
import { readEntriesAfter, readHeads } from "./read.sql.ts"
import type { Recent } from "./recent.ts"

/** What follows a seq in a room's log: frames of seqs `firstSeq`.. without holes; empty at the head. */
export interface Following {
  /** Above the asked seq + 1 when retention has removed what was between. */
  readonly firstSeq: number
  readonly frames: readonly string[]
}

/** Reads logs for those who missed something: from memory when all of it is there, else from the database. */
export class CatchUp {
  readonly #db: Queryable
  readonly #recent: Recent
  readonly #heads: BatchLoader<string, number>

  constructor(db: Queryable, recent: Recent) {
    this.#db = db
    this.#recent = recent
    this.#heads = new BatchLoader(async (ids) => {
      const found = await readHeads(db, [...new Set(ids)])
      return ids.map((id) => found.get(id) ?? 0)
    })
  }

  /** The room's newest durable seq; 0 for one that is not there. Many asked at once are one query. */
  head(roomId: string): Promise<number> {
    return this.#heads.get(roomId)
  }

  /** Many rooms' newest seqs in one query. */
  heads(roomIds: readonly string[]): Promise<Map<string, number>> {
    return readHeads(this.#db, roomIds)
  }

  /** From memory only, at once; undefined when the database must be asked. */
  followingInMemory(room: LogRoom, seq: number, countMax: number): Following | undefined {
    const frames = this.#recent.after(room.id, seq, countMax)
    return frames && frames.length > 0 ? { firstSeq: seq + 1, frames } : undefined
  }

  /** Up to `countMax` frames after `seq`, cut before a hole. Rejects when the database is away. */
  async following(room: LogRoom, seq: number, countMax: number): Promise<Following> {
    const inMemory = this.followingInMemory(room, seq, countMax)
    if (inMemory) return inMemory
    const entries = await readEntriesAfter(this.#db, room.id, seq, countMax)
    const firstSeq = entries[0]?.seq ?? seq + 1
    const hole = entries.findIndex((entry, i) => entry.seq !== firstSeq + i)
    const whole = hole < 0 ? entries : entries.slice(0, hole)
    return { firstSeq, frames: whole.map((entry) => encodeEntry(room, entry)) }
  }
}
