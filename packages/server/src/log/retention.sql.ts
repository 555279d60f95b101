import type { Database, Queryable } from "../db/sql.ts"

/** A room's oldest entry stands at first_seq, so this is one index probe a room. */
const oldRooms = {
  name: "retention_rooms",
  text: `
SELECT r.id FROM klatch.rooms r JOIN klatch.entries e ON e.room_id = r.id AND e.seq = r.first_seq
WHERE r.first_seq <= r.head_seq AND e.at < $1::timestamptz LIMIT $2`,
}

const lock = { name: "retention_lock", text: "SELECT first_seq FROM klatch.rooms WHERE id = $1 FOR UPDATE" }

const remove = {
  name: "retention_remove",
  text: `
WITH oldest AS (
  SELECT seq, at FROM klatch.entries WHERE room_id = $1 AND seq >= $2 ORDER BY seq LIMIT $3
), cut AS (
  SELECT coalesce(min(seq) FILTER (WHERE at >= $4::timestamptz), max(seq) + 1) AS seq FROM oldest
), removed AS (
  DELETE FROM klatch.entries e USING cut
  WHERE e.room_id = $1 AND e.seq >= $2 AND e.seq < cut.seq RETURNING e.author_id, e.client_id, e.seq, e.at
), kept AS (
  INSERT INTO klatch.retired_client_ids (room_id, author_id, client_id, seq, at)
  SELECT $1, author_id, client_id, seq, at FROM removed WHERE client_id IS NOT NULL AND client_id NOT LIKE E'\\x01%'
), moved AS (
  UPDATE klatch.rooms SET first_seq = cut.seq FROM cut WHERE id = $1 AND cut.seq IS NOT NULL
)
SELECT count(*)::int AS count, coalesce(max(seq), 0) AS through FROM removed`,
}

export async function roomsWithOldEntries(db: Queryable, cutoff: string, limit: number): Promise<string[]> {
  return (await db.query<{ id: string }>(oldRooms, [cutoff, limit])).map((row) => row.id)
}

/** Removes a room's entries from before `cutoff`, oldest first, at most `limit`, in one transaction. */
export function removeOldEntries(
  db: Database,
  roomId: string,
  cutoff: string,
  limit: number,
): Promise<{ count: number; throughSeq: number }> {
  return db.transaction("read", async (tx) => {
    const room = (await tx.query<{ first_seq: number }>(lock, [roomId]))[0]
    if (!room) return { count: 0, throughSeq: 0 }
    const rows = await tx.query<{ count: number; through: number }>(remove, [
      roomId,
      room.first_seq,
      limit,
      cutoff,
    ])
    return { count: rows[0]?.count ?? 0, throughSeq: rows[0]?.through ?? 0 }
  })
}
