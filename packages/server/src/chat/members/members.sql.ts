import type { Role, RoomKind } from "@klatch/protocol"
import type { Queryable } from "../../db/sql.ts"

const roles = {
  name: "members_roles",
  text: `SELECT m.room_id, m.user_id, m.role FROM klatch.members m
JOIN (SELECT DISTINCT * FROM unnest($1::uuid[], $2::uuid[]) AS p (room_id, user_id)) p USING (room_id, user_id)`,
}
const insert = {
  name: "members_insert",
  text: `INSERT INTO klatch.members (room_id, user_id, role, joined_seq, read_seq, read_ordinal)
SELECT r.id, $2, $3, $4, r.head_seq, r.message_count FROM klatch.rooms r WHERE r.id = $1
ON CONFLICT (room_id, user_id) DO NOTHING RETURNING role`,
}
const remove = {
  name: "members_remove",
  text: "DELETE FROM klatch.members WHERE room_id = $1 AND user_id = $2 RETURNING role",
}
const ofRoom = {
  name: "members_of_room",
  text: `SELECT u.id, u.username, u.display_name, m.role FROM klatch.members m JOIN klatch.users u ON u.id = m.user_id
WHERE m.room_id = $1 AND u.id > $2 ORDER BY u.id LIMIT $3`,
}
/** The rooms whose messages reach a connection without being asked for: direct ones and groups. */
const followed = {
  name: "members_followed",
  text: `SELECT m.user_id, r.id, r.kind, r.slug, r.name FROM unnest($1::uuid[]) AS u (user_id)
CROSS JOIN LATERAL (
  SELECT m.user_id, m.room_id FROM klatch.members m JOIN klatch.rooms r ON r.id = m.room_id
  WHERE m.user_id = u.user_id AND r.kind IN ('direct', 'group') AND r.deleted_at IS NULL
  ORDER BY m.room_id DESC LIMIT $2
) m JOIN klatch.rooms r ON r.id = m.room_id`,
}

export interface RoleRow {
  room_id: string
  user_id: string
  role: Role
}

export const rolesOf = (db: Queryable, pairs: readonly { roomId: string; userId: string }[]) =>
  db.query<RoleRow>(roles, [pairs.map((p) => p.roomId), pairs.map((p) => p.userId)])

/** Answers whether the membership is new. */
export async function insertMember(
  db: Queryable,
  roomId: string,
  userId: string,
  role: Role,
  joinedSeq: number,
) {
  return (await db.query<{ role: Role }>(insert, [roomId, userId, role, joinedSeq])).length > 0
}

/** Answers whether there was a membership. */
export async function removeMember(db: Queryable, roomId: string, userId: string): Promise<boolean> {
  return (await db.query(remove, [roomId, userId])).length > 0
}

export interface MemberRow {
  id: string
  username: string
  display_name: string
  role: Role
}
export const membersOfRoom = (db: Queryable, roomId: string, afterId: string, limit: number) =>
  db.query<MemberRow>(ofRoom, [roomId, afterId, limit])

export interface FollowedRow {
  user_id: string
  id: string
  kind: RoomKind
  slug: string | null
  name: string
}
export const followedRooms = (db: Queryable, userIds: readonly string[], perUserMax: number) =>
  db.query<FollowedRow>(followed, [userIds, perUserMax])
