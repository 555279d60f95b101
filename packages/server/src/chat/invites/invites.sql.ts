import type { Role } from "@klatch/protocol"
import type { Queryable } from "../../db/sql.ts"

const columns = "id, room_id, role, created_by, created_at, expires_at, uses, uses_max"
const insert = {
  name: "invites_insert",
  text: `INSERT INTO klatch.invites (code_hash, id, room_id, created_by, created_at, expires_at, uses_max, role)
VALUES ($1, $2, $3, $4, $5::timestamptz, $6::timestamptz, $7, $8) RETURNING ${columns}`,
}
/** One that can still be used. */
const byCode = {
  name: "invites_by_code",
  text: `SELECT ${columns} FROM klatch.invites
WHERE code_hash = $1 AND ended_at IS NULL AND expires_at > $2::timestamptz AND uses < uses_max`,
}
const use = {
  name: "invites_use",
  text: `UPDATE klatch.invites SET uses = uses + 1
WHERE code_hash = $1 AND ended_at IS NULL AND expires_at > $2::timestamptz AND uses < uses_max RETURNING role`,
}
const ofRoom = {
  name: "invites_of_room",
  text: `SELECT ${columns} FROM klatch.invites WHERE room_id = $1 AND id > $2 AND ended_at IS NULL
AND expires_at > $4::timestamptz AND uses < uses_max ORDER BY id LIMIT $3`,
}
const end = {
  name: "invites_end",
  text: `UPDATE klatch.invites SET ended_at = $3::timestamptz
WHERE room_id = $1 AND id = $2 AND ended_at IS NULL RETURNING id`,
}

export interface InviteRow {
  id: string
  room_id: string
  role: Role
  created_by: string
  created_at: Date
  expires_at: Date
  uses: number
  uses_max: number
}
export const insertInvite = async (
  db: Queryable,
  row: {
    hash: Uint8Array
    id: string
    roomId: string
    by: string
    at: string
    until: string
    usesMax: number
    role: Role
  },
) =>
  (
    await db.query<InviteRow>(insert, [
      ...[row.hash, row.id, row.roomId, row.by],
      ...[row.at, row.until, row.usesMax, row.role],
    ])
  )[0]!
export const inviteByCode = async (db: Queryable, hash: Uint8Array, at: string) =>
  (await db.query<InviteRow>(byCode, [hash, at]))[0]
/** Uses it once; answers the role it gives, or undefined when it was used up meanwhile. */
export const useInvite = async (db: Queryable, hash: Uint8Array, at: string) =>
  (await db.query<{ role: Role }>(use, [hash, at]))[0]?.role
export const invitesOfRoom = (db: Queryable, roomId: string, afterId: string, limit: number, at: string) =>
  db.query<InviteRow>(ofRoom, [roomId, afterId, limit, at])
/** Answers whether there was one that could still be used. */
export const endInvite = async (db: Queryable, roomId: string, id: string, at: string) =>
  (await db.query(end, [roomId, id, at])).length > 0
