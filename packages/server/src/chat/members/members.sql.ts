import type { Role, RoomKind, User } from "@klatch/protocol"
import type { Queryable } from "../../db/sql.ts"

const standings = {
  name: "members_standings",
  text: `SELECT p.room_id, p.user_id, m.role, coalesce(m.muted_until, l.muted_until) AS muted_until,
  coalesce(l.is_reader, false) AS was_reader, b.user_id IS NOT NULL AS banned, coalesce(r.head_seq, 0) AS head
FROM (SELECT DISTINCT * FROM unnest($1::uuid[], $2::uuid[]) AS p (room_id, user_id)) p
LEFT JOIN klatch.rooms r ON r.id = p.room_id
LEFT JOIN klatch.members m USING (room_id, user_id)
LEFT JOIN klatch.past_members l USING (room_id, user_id)
LEFT JOIN klatch.room_bans b ON b.room_id = p.room_id AND b.user_id = p.user_id
  AND (b.until IS NULL OR b.until > $3::timestamptz)`,
}
/** Who was muted, or might only read, when they went is so again. */
const insert = {
  name: "members_insert",
  text: `WITH past AS (
  DELETE FROM klatch.past_members WHERE room_id = $1 AND user_id = $2 RETURNING is_reader, muted_until
)
INSERT INTO klatch.members (room_id, user_id, role, joined_seq, read_seq, read_ordinal, muted_until)
SELECT r.id, $2::uuid, CASE WHEN p.is_reader THEN 'reader' ELSE $3::text END, $4::bigint, r.head_seq, r.message_count,
  p.muted_until
FROM klatch.rooms r LEFT JOIN past p ON true WHERE r.id = $1
ON CONFLICT (room_id, user_id) DO NOTHING RETURNING role`,
}
const remove = {
  name: "members_remove",
  text: `WITH gone AS (
  DELETE FROM klatch.members WHERE room_id = $1 AND user_id = $2 RETURNING role, muted_until
), kept AS (
  INSERT INTO klatch.past_members (room_id, user_id, is_reader, muted_until)
  SELECT $1::uuid, $2::uuid, role = 'reader', muted_until FROM gone
  WHERE role = 'reader' OR muted_until > $3::timestamptz
  ON CONFLICT (room_id, user_id) DO UPDATE SET is_reader = excluded.is_reader, muted_until = excluded.muted_until
)
SELECT role FROM gone`,
}
const setRole = {
  name: "members_set_role",
  text: "UPDATE klatch.members SET role = $3 WHERE room_id = $1 AND user_id = $2",
}
const setMute = {
  name: "members_set_mute",
  text: "UPDATE klatch.members SET muted_until = $3::timestamptz WHERE room_id = $1 AND user_id = $2",
}
/** Whoever owns a room next: the highest of those who stay, of them the first to come. */
const heir = {
  name: "members_heir",
  text: `SELECT u.id, u.username FROM klatch.members m JOIN klatch.users u ON u.id = m.user_id WHERE m.room_id = $1
ORDER BY array_position(ARRAY['owner', 'admin', 'moderator', 'member', 'reader'], m.role), m.joined_seq LIMIT 1`,
}
const owners = {
  name: "members_owners",
  text: `SELECT u.id, u.username, u.display_name, m.muted_until
FROM klatch.members m JOIN klatch.users u ON u.id = m.user_id WHERE m.room_id = $1 AND m.role = 'owner'`,
}
const ban = {
  name: "members_ban",
  text: `INSERT INTO klatch.room_bans (room_id, user_id, banned_by, banned_at, until, reason)
VALUES ($1, $2, $3, $4::timestamptz, $5::timestamptz, $6)
ON CONFLICT (room_id, user_id) DO UPDATE
SET banned_by = $3, banned_at = $4::timestamptz, until = $5::timestamptz, reason = $6`,
}
const unban = {
  name: "members_unban",
  text: "DELETE FROM klatch.room_bans WHERE room_id = $1 AND user_id = $2 RETURNING user_id",
}
const bans = {
  name: "members_bans",
  text: `SELECT u.id, u.username, u.display_name, b.banned_by, b.banned_at, b.until, b.reason
FROM klatch.room_bans b JOIN klatch.users u ON u.id = b.user_id
WHERE b.room_id = $1 AND b.user_id > $2 AND (b.until IS NULL OR b.until > $4::timestamptz)
ORDER BY b.user_id LIMIT $3`,
}
const ofRoom = {
  name: "members_of_room",
  text: `SELECT u.id, u.username, u.display_name, m.role,
  CASE WHEN m.muted_until > $4::timestamptz THEN m.muted_until END AS muted_until
FROM klatch.members m JOIN klatch.users u ON u.id = m.user_id
WHERE m.room_id = $1 AND u.id > $2 ORDER BY u.id LIMIT $3`,
}
/** The rooms whose messages reach a connection without being asked for: direct ones and groups. */
const followed = {
  name: "members_followed",
  text: `SELECT m.user_id, r.id, r.kind, r.slug, r.name, r.archived_at, r.slow_mode_s, r.rights,
  r.head_seq AS head
FROM unnest($1::uuid[]) AS u (user_id)
CROSS JOIN LATERAL (
  SELECT m.user_id, m.room_id FROM klatch.members m JOIN klatch.rooms r ON r.id = m.room_id
  WHERE m.user_id = u.user_id AND r.kind IN ('direct', 'group') AND r.deleted_at IS NULL
  ORDER BY m.room_id DESC LIMIT $2
) m JOIN klatch.rooms r ON r.id = m.room_id`,
}

export interface StandingRow {
  room_id: string
  user_id: string
  role: Role | null
  muted_until: Date | null
  was_reader: boolean
  banned: boolean
  head: number
}

export const standingsOf = (
  db: Queryable,
  pairs: readonly { roomId: string; userId: string }[],
  at: string,
) => db.query<StandingRow>(standings, [pairs.map((p) => p.roomId), pairs.map((p) => p.userId), at])

/** Answers the role of a new membership; undefined when there was one. */
export async function insertMember(
  db: Queryable,
  roomId: string,
  userId: string,
  role: Role,
  joinedSeq: number,
) {
  return (await db.query<{ role: Role }>(insert, [roomId, userId, role, joinedSeq]))[0]?.role
}

/** Answers the role they had; undefined when there was no membership. */
export const removeMember = async (db: Queryable, roomId: string, userId: string, at: string) =>
  (await db.query<{ role: Role }>(remove, [roomId, userId, at]))[0]?.role

export const setMemberRole = (db: Queryable, roomId: string, userId: string, role: Role) =>
  db.query(setRole, [roomId, userId, role])
/** `until` null lets them write again. */
export const setMutedUntil = (db: Queryable, roomId: string, userId: string, until: string | null) =>
  db.query(setMute, [roomId, userId, until])
export const heirOf = async (db: Queryable, roomId: string) =>
  (await db.query<{ id: string; username: string }>(heir, [roomId]))[0]
export const ownersOf = (db: Queryable, roomId: string) =>
  db.query<User & { muted_until: Date | null }>(owners, [roomId])

export const insertBan = (
  db: Queryable,
  row: { roomId: string; userId: string; by: string; at: string; until: string | null; reason: string },
) => db.query(ban, [row.roomId, row.userId, row.by, row.at, row.until, row.reason])
/** Answers whether there was a ban. */
export const deleteBan = async (db: Queryable, roomId: string, userId: string) =>
  (await db.query(unban, [roomId, userId])).length > 0

export interface BanRow {
  id: string
  username: string
  display_name: string
  banned_by: string
  banned_at: Date
  until: Date | null
  reason: string
}
export const bansOfRoom = (db: Queryable, roomId: string, afterId: string, limit: number, at: string) =>
  db.query<BanRow>(bans, [roomId, afterId, limit, at])

export interface MemberRow {
  id: string
  username: string
  display_name: string
  role: Role
  muted_until: Date | null
}
export const membersOfRoom = (db: Queryable, roomId: string, afterId: string, limit: number, at: string) =>
  db.query<MemberRow>(ofRoom, [roomId, afterId, limit, at])

export interface FollowedRow {
  user_id: string
  head: number
  id: string
  kind: RoomKind
  slug: string | null
  name: string
  archived_at: Date | null
  slow_mode_s: number
  rights: object
}
export const followedRooms = (db: Queryable, userIds: readonly string[], perUserMax: number) =>
  db.query<FollowedRow>(followed, [userIds, perUserMax])
