import type { Queryable } from "../../db/sql.ts"

const edit = {
  name: "messages_edit",
  text: `UPDATE klatch.entries SET content = $3, edited_at = $4::timestamptz
WHERE room_id = $1 AND seq = $2 AND kind = 'message' AND deleted_at IS NULL RETURNING seq`,
}
const remove = {
  name: "messages_delete",
  text: `UPDATE klatch.entries SET content = '', data = NULL, edited_at = NULL, deleted_at = $3::timestamptz
WHERE room_id = $1 AND seq = $2 AND kind = 'message' AND deleted_at IS NULL RETURNING seq`,
}
const known = {
  name: "messages_known",
  text: `SELECT FROM klatch.entries WHERE room_id = $1 AND author_id = $2 AND client_id = $3
UNION ALL SELECT FROM klatch.retired_client_ids WHERE room_id = $1 AND author_id = $2 AND client_id = $3 LIMIT 1`,
}
const standing = {
  name: "messages_standing",
  text: `SELECT e.author_id, u.username, e.deleted_at IS NOT NULL AS deleted
FROM klatch.entries e LEFT JOIN klatch.users u ON u.id = e.author_id
WHERE e.room_id = $1 AND e.seq = $2 AND e.kind = 'message'`,
}

/** Answers whether there was such a message, not deleted. */
export async function editMessage(db: Queryable, roomId: string, seq: number, content: string, at: string) {
  return (await db.query(edit, [roomId, seq, content, at])).length > 0
}

/** Answers whether someone has sent a message of this client_id already. */
export const isKnownMessage = async (db: Queryable, roomId: string, authorId: string, clientId: string) =>
  (await db.query(known, [roomId, authorId, clientId])).length > 0

/** Empties a message. Answers whether there was such a message, not deleted. */
export async function deleteMessage(db: Queryable, roomId: string, seq: number, at: string) {
  return (await db.query(remove, [roomId, seq, at])).length > 0
}

export interface MessageStanding {
  readonly author_id: string
  readonly username: string | null
  readonly deleted: boolean
}
export async function messageStanding(db: Queryable, roomId: string, seq: number) {
  return (await db.query<MessageStanding>(standing, [roomId, seq]))[0]
}
