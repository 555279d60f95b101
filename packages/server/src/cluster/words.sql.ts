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

/**
 * What is seen now and was not seen by the snapshot of the last time: each word once, however long some transaction
 * stays open meanwhile, and in whatever order they end.
 */
const wordsSince = {
  name: "words_since",
  text: `SELECT s.snapshot::text, w.id, w.node, w.kind, w.subject, w.seq, w.family
FROM (SELECT pg_current_snapshot() AS snapshot) s LEFT JOIN (
  SELECT * FROM klatch.words
  WHERE xid >= pg_snapshot_xmin($1::pg_snapshot) AND NOT pg_visible_in_snapshot(xid, $1::pg_snapshot)
  ORDER BY id LIMIT $2
) w ON true ORDER BY w.id`,
}
const snapshotNow = { name: "words_snapshot", text: "SELECT pg_current_snapshot()::text AS snapshot" }

const dropOld = {
  name: "words_drop",
  text: `DELETE FROM klatch.words WHERE id IN
(SELECT id FROM klatch.words WHERE at < clock_timestamp() - make_interval(secs => $1) ORDER BY id LIMIT 10000)
RETURNING 1`,
}

/** Where to begin: what is written from here on is new. */
export const readSnapshot = async (db: Queryable): Promise<string> =>
  (await db.query<{ snapshot: string }>(snapshotNow))[0]!.snapshot

/** Words that were not seen by `snapshot`, the first of them, and the snapshot to ask from the next time. */
export async function readWords(
  db: Queryable,
  snapshot: string,
  countMax: number,
): Promise<{ readonly snapshot: string; readonly words: readonly WordRow[] }> {
  const rows = await db.query<{ snapshot: string } & { [K in keyof WordRow]: WordRow[K] | null }>(
    wordsSince,
    [snapshot, countMax],
  )
  return { snapshot: rows[0]!.snapshot, words: rows.filter((row) => row.id !== null) as unknown as WordRow[] }
}

const DROPPED_AT_ONCE = 10_000

/** Removes those older than `ageS` seconds. */
export async function dropWords(db: Queryable, ageS: number): Promise<void> {
  while ((await db.query(dropOld, [ageS])).length >= DROPPED_AT_ONCE);
}
