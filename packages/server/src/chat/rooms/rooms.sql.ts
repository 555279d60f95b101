import type { Role, RoomKind } from "@klatch/protocol"
import type { Queryable } from "../../db/sql.ts"
import type { Rights } from "../policy/policy.ts"

const columns =
  "r.id, r.kind, r.slug, r.name, r.topic, r.head_seq, r.created_at, r.archived_at, r.slow_mode_s, r.rights"

export interface RoomRow {
  id: string
  kind: RoomKind
  slug: string | null
  name: string
  topic: string
  head_seq: number
  created_at: Date
  archived_at: Date | null
  slow_mode_s: number
  rights: Rights
}

const byIds = {
  name: "rooms_by_ids",
  text: `SELECT ${columns} FROM klatch.rooms r WHERE r.id = ANY ($1::uuid[]) AND r.deleted_at IS NULL`,
}
const byNames = {
  name: "rooms_by_names",
  text: `SELECT n.name AS taken_name, ${columns} FROM klatch.room_names n JOIN klatch.rooms r ON r.id = n.room_id
WHERE n.name = ANY ($1::text[]) AND r.deleted_at IS NULL`,
}
const takeName = {
  name: "rooms_take_name",
  text: "INSERT INTO klatch.room_names (name, room_id) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING RETURNING room_id",
}
const dropName = { name: "rooms_drop_name", text: "DELETE FROM klatch.room_names WHERE room_id = $1" }
const insert = {
  name: "rooms_insert",
  text: `INSERT INTO klatch.rooms (id, kind, slug, name, topic, created_by, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7::timestamptz)`,
}
const change = {
  name: "rooms_change",
  text: `UPDATE klatch.rooms SET name = coalesce($2, name), topic = coalesce($3, topic),
  archived_at = CASE WHEN $4::boolean THEN coalesce(archived_at, $7::timestamptz) WHEN NOT $4 THEN NULL
    ELSE archived_at END,
  slow_mode_s = coalesce($5, slow_mode_s), rights = coalesce($6::jsonb, rights)
WHERE id = $1 AND deleted_at IS NULL RETURNING name, topic, archived_at, slow_mode_s, rights`,
}
const markDeleted = {
  name: "rooms_mark_deleted",
  text: "UPDATE klatch.rooms SET deleted_at = $2::timestamptz WHERE id = $1 AND deleted_at IS NULL RETURNING id",
}
const memberIds = {
  name: "rooms_member_ids",
  text: "SELECT user_id FROM klatch.members WHERE room_id = $1 ORDER BY user_id LIMIT $2",
}
const dropPast = { name: "rooms_drop_past", text: "DELETE FROM klatch.past_members WHERE room_id = $1" }
const dropMembers = { name: "rooms_drop_members", text: "DELETE FROM klatch.members WHERE room_id = $1" }

/** Newest activity is not indexed; a user's rooms are few, and at most `limit` are read. */
const mine = {
  name: "rooms_mine",
  text: `
SELECT ${columns}, m.role, m.read_seq, r.message_count - m.read_ordinal AS unread
FROM klatch.members m JOIN klatch.rooms r ON r.id = m.room_id
WHERE m.user_id = $1 AND r.deleted_at IS NULL AND r.id > $2 ORDER BY r.id LIMIT $3`,
}
const discover = {
  name: "rooms_discover",
  text: `
SELECT ${columns}, m.role FROM klatch.rooms r LEFT JOIN klatch.members m ON m.room_id = r.id AND m.user_id = $1
WHERE r.kind = 'public' AND r.deleted_at IS NULL AND r.slug > $3
  AND ($2 = '' OR r.slug LIKE '%' || $2 || '%' OR lower(r.name) LIKE '%' || $2 || '%')
ORDER BY r.slug LIMIT $4`,
}

export const roomsByIds = (db: Queryable, ids: readonly string[]) => db.query<RoomRow>(byIds, [ids])
export const roomsByNames = (db: Queryable, names: readonly string[]) =>
  db.query<RoomRow & { taken_name: string }>(byNames, [names])

/** Answers false when the name is taken. */
export async function takeRoomName(db: Queryable, name: string, roomId: string): Promise<boolean> {
  return (await db.query(takeName, [name, roomId])).length > 0
}

export const insertRoom = (
  db: Queryable,
  room: { id: string; kind: RoomKind; slug: string | null; name: string; topic: string },
  createdBy: string,
  at: string,
) => db.query(insert, [room.id, room.kind, room.slug, room.name, room.topic, createdBy, at])

/** What of a room is to be otherwise; undefined stays. */
export interface RoomChange {
  readonly name?: string | undefined
  readonly topic?: string | undefined
  readonly archived?: boolean | undefined
  readonly slow_mode_s?: number | undefined
  readonly rights?: Rights | undefined
}
type Changed = Pick<RoomRow, "name" | "topic" | "archived_at" | "slow_mode_s" | "rights">

export async function updateRoom(db: Queryable, id: string, input: RoomChange, at: string) {
  const { name, topic, archived, slow_mode_s, rights } = input
  const values = [id, name, topic, archived, slow_mode_s, rights && JSON.stringify(rights), at]
  return (
    await db.query<Changed>(
      change,
      values.map((value) => value ?? null),
    )
  )[0]
}

/** Frees the name, ends the memberships; answers false when the room was gone already. */
export async function deleteRoom(db: Queryable, id: string, at: string): Promise<boolean> {
  if ((await db.query(markDeleted, [id, at])).length === 0) return false
  await db.query(dropName, [id])
  await db.query(dropMembers, [id])
  await db.query(dropPast, [id])
  return true
}

export const roomMemberIds = async (db: Queryable, id: string, limit: number) =>
  (await db.query<{ user_id: string }>(memberIds, [id, limit])).map((row) => row.user_id)

export interface MyRoomRow extends RoomRow {
  role: Role
  read_seq: number
  unread: number
}
export const myRooms = (db: Queryable, userId: string, afterId: string, limit: number) =>
  db.query<MyRoomRow>(mine, [userId, afterId, limit])

const escapeLike = (text: string) => text.replace(/[\\%_]/g, (c) => `\\${c}`)
export const discoverRooms = (
  db: Queryable,
  userId: string,
  query: string,
  afterSlug: string,
  limit: number,
) =>
  db.query<RoomRow & { role: Role | null }>(discover, [
    userId,
    escapeLike(query.toLowerCase()),
    afterSlug,
    limit,
  ])
