import type { Queryable } from "../../db/sql.ts"

/**
 * Moves marks forward, one row a member. The rows are locked in one order, so that nodes cannot deadlock, and the lock
 * reads a row as it is by then, so that none moves back; a row that is there already is neither locked nor written.
 * Head, count and ordinals are of one snapshot. Where retention took the message of the mark and all before it, the
 * oldest that is left tells how many there were; where none is left, all were.
 */
const move = {
  name: "receipts_move",
  text: `
WITH asked AS (
  SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::bigint[]) AS a (room_id, user_id, seq)
), locked AS MATERIALIZED (
  SELECT m.room_id, m.user_id, m.read_seq, a.seq FROM asked a JOIN klatch.members m USING (room_id, user_id)
  WHERE m.read_seq < a.seq ORDER BY m.room_id, m.user_id FOR UPDATE OF m
), moved AS MATERIALIZED (
  SELECT l.room_id, l.user_id, least(l.seq, r.head_seq) AS seq,
    CASE WHEN l.seq >= r.head_seq THEN r.message_count ELSE coalesce(
      (SELECT e.ordinal FROM klatch.entries e WHERE e.room_id = l.room_id AND e.seq <= l.seq AND e.kind = 'message'
        ORDER BY e.seq DESC LIMIT 1),
      (SELECT e.ordinal - 1 FROM klatch.entries e WHERE e.room_id = l.room_id AND e.seq > l.seq AND e.kind = 'message'
        ORDER BY e.seq LIMIT 1),
      r.message_count) END AS ordinal
  FROM locked l JOIN klatch.rooms r ON r.id = l.room_id WHERE least(l.seq, r.head_seq) > l.read_seq
)
UPDATE klatch.members m SET read_seq = k.seq, read_ordinal = greatest(m.read_ordinal, k.ordinal) FROM moved k
WHERE m.room_id = k.room_id AND m.user_id = k.user_id AND m.read_seq < k.seq
RETURNING m.room_id, m.user_id, m.read_seq`,
}

/** That a member has read a room up to and including `seq`. */
export interface Mark {
  readonly roomId: string
  readonly userId: string
  readonly seq: number
}

export interface MovedRow {
  room_id: string
  user_id: string
  read_seq: number
}

/** Moves the marks of those who are members; answers those that moved, and where they stand. No member comes twice. */
export const moveMarks = (db: Queryable, marks: readonly Mark[]) =>
  db.query<MovedRow>(move, [
    marks.map((mark) => mark.roomId),
    marks.map((mark) => mark.userId),
    marks.map((mark) => mark.seq),
  ])
