import type { Role, RoomKind } from "@klatch/protocol"
import type { Queryable } from "../../db/sql.ts"
import type { Rights } from "../policy/policy.ts"

const columns = "id, room_id, role, created_by, created_at, expires_at, uses, uses_max"
const insert = {
  name: "invites_insert",
  text: `INSERT INTO klatch.invites (code_hash, id, room_id, created_by, created_at, expires_at, uses_max, role,
  by_admin)
VALUES ($1, $2, $3, $4, $5::timestamptz, $6::timestamptz, $7, $8, $9) RETURNING ${columns}`,
}
/** One that can still be used. */
const byCode = {
  name: "invites_by_code",
  text: `SELECT ${columns} FROM klatch.invites
WHERE code_hash = $1 AND ended_at IS NULL AND expires_at > $2::timestamptz AND uses < uses_max`,
}
/** What decides whether who made one may still invite, as it is now. */
const maker = {
  name: "invites_maker",
  text: `SELECT r.kind, r.rights, m.role, i.by_admin OR u.is_admin AS is_admin,
  u.banned_at IS NOT NULL OR u.deleted_at IS NOT NULL OR b.user_id IS NOT NULL AS is_banned
FROM klatch.invites i JOIN klatch.rooms r ON r.id = i.room_id JOIN klatch.users u ON u.id = i.created_by
LEFT JOIN klatch.members m ON m.room_id = i.room_id AND m.user_id = i.created_by
LEFT JOIN klatch.room_bans b ON b.room_id = i.room_id AND b.user_id = i.created_by
  AND (b.until IS NULL OR b.until > $2::timestamptz)
WHERE i.code_hash = $1 AND r.deleted_at IS NULL`,
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
    byAdmin: boolean
  },
) =>
  (
    await db.query<InviteRow>(insert, [
      ...[row.hash, row.id, row.roomId, row.by],
      ...[row.at, row.until, row.usesMax, row.role, row.byAdmin],
    ])
  )[0]!
export const inviteByCode = async (db: Queryable, hash: Uint8Array, at: string) =>
  (await db.query<InviteRow>(byCode, [hash, at]))[0]
export interface MakerRow {
  kind: RoomKind
  rights: Rights
  role: Role | null
  is_admin: boolean
  is_banned: boolean
}
export const makerOf = async (db: Queryable, hash: Uint8Array, at: string) =>
  (await db.query<MakerRow>(maker, [hash, at]))[0]
/** Uses it once; answers the role it gives, or undefined when it was used up meanwhile. */
export const useInvite = async (db: Queryable, hash: Uint8Array, at: string) =>
  (await db.query<{ role: Role }>(use, [hash, at]))[0]?.role
export const invitesOfRoom = (db: Queryable, roomId: string, afterId: string, limit: number, at: string) =>
  db.query<InviteRow>(ofRoom, [roomId, afterId, limit, at])
/** Answers whether there was one that could still be used. */
export const endInvite = async (db: Queryable, roomId: string, id: string, at: string) =>
  (await db.query(end, [roomId, id, at])).length > 0
