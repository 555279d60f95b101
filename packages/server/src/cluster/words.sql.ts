import type { Queryable } from "../db/sql.ts"

/** What is written for every node to know. `family` is a sign-in's id, `seq` a place in the subject's log. */
export interface WordRow {
  readonly id: number
  readonly node: string
  readonly kind: WordKind
  /** The user or the room it is about. */
  readonly subject: string
  readonly seq: number | null
  readonly family: string | null
}

export type WordKind =
  | "inbox"
  | "user_changed"
  | "user_signed_out"
  | "user_banned"
  | "user_deleted"
  | "sign_in_ended"
  | "room_made"
  | "room_changed"
  | "room_retired"

/** Every transaction before the horizon has ended: its words are among those read, or there are none. */
const wordsFrom = {
  name: "words_from",
  text: `SELECT h.horizon::text, w.id, w.node, w.kind, w.subject, w.seq, w.family
FROM (SELECT pg_snapshot_xmin(pg_current_snapshot()) AS horizon) h
LEFT JOIN (SELECT * FROM klatch.words WHERE xid >= $1::xid8 ORDER BY id LIMIT $2) w ON true ORDER BY w.id`,
}

const dropOld = {
  name: "words_drop",
  text: `DELETE FROM klatch.words WHERE id IN
(SELECT id FROM klatch.words WHERE at < clock_timestamp() - make_interval(secs => $1) ORDER BY id LIMIT 10000)`,
}

/** Words of transactions from `horizon` on, and the next horizon to ask from. */
export async function readWords(
  db: Queryable,
  horizon: string,
  countMax: number,
): Promise<{ readonly horizon: string; readonly words: readonly WordRow[] }> {
  const rows = await db.query<{ horizon: string } & { [K in keyof WordRow]: WordRow[K] | null }>(wordsFrom, [
    horizon,
    countMax,
  ])
  return { horizon: rows[0]!.horizon, words: rows.filter((row) => row.id !== null) as unknown as WordRow[] }
}

/** Removes those older than `ageS` seconds, at most 10,000. */
export const dropWords = (db: Queryable, ageS: number) => db.query(dropOld, [ageS])
