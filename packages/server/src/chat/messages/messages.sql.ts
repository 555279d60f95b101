import type { Queryable } from "../../db/sql.ts"

const edit = {
  name: "messages_edit",
  text: `UPDATE klatch.entries SET content = $4, edited_at = $5::timestamptz
WHERE room_id = $1 AND seq = $2 AND kind = 'message' AND author_id = $3 AND deleted_at IS NULL RETURNING seq`,
}
const remove = {
  name: "messages_delete",
  text: `UPDATE klatch.entries SET content = '', data = NULL, edited_at = NULL, deleted_at = $4::timestamptz
WHERE room_id = $1 AND seq = $2 AND kind = 'message' AND author_id = $3 AND deleted_at IS NULL RETURNING seq`,
}
const standing = {
  name: "messages_standing",
  text: `SELECT author_id, deleted_at IS NOT NULL AS deleted FROM klatch.entries
    WHERE room_id = $1 AND seq = $2 AND kind = 'message'`,
}

/** Answers whether there was such a message of this author, not deleted. */
export async function editMessage(
  db: Queryable,
  roomId: string,
  seq: number,
  authorId: string,
  content: string,
  at: string,
) {
  return (await db.query(edit, [roomId, seq, authorId, content, at])).length > 0
}

/** Empties a message. Answers whether there was such a message of this author, not deleted. */
export async function deleteMessage(
  db: Queryable,
  roomId: string,
  seq: number,
  authorId: string,
  at: string,
) {
  return (await db.query(remove, [roomId, seq, authorId, at])).length > 0
}

export async function messageStanding(db: Queryable, roomId: string, seq: number) {
  return (await db.query<{ author_id: string; deleted: boolean }>(standing, [roomId, seq]))[0]
}
