import type { Queryable } from "../../db/sql.ts"
import { FIRST_ID } from "../../lib/first-id.ts"

const profile = {
  name: "export_profile",
  text: `SELECT u.id, u.username, u.display_name, u.avatar_url, u.is_admin, u.created_at, u.banned_at,
  EXISTS (SELECT 1 FROM klatch.accounts a WHERE a.user_id = u.id) AS has_password
FROM klatch.users u WHERE u.id = $1 AND u.deleted_at IS NULL`,
}
const identities = {
  name: "export_identities",
  text: `SELECT issuer, subject, created_at FROM klatch.identities
WHERE user_id = $1 AND (issuer, subject) > ($2, $3) ORDER BY issuer, subject LIMIT $4`,
}
const signIns = {
  name: "export_sign_ins",
  text: `SELECT id, created_at, refreshed_at, expires_at, ended_at FROM klatch.token_families
WHERE user_id = $1 AND id > $2 ORDER BY id LIMIT $3`,
}
const memberships = {
  name: "export_memberships",
  text: `SELECT r.id AS room_id, r.kind, r.name, r.slug, m.role, m.joined_seq, m.read_seq AS read_message_id,
  m.muted_until
FROM klatch.members m JOIN klatch.rooms r ON r.id = m.room_id
WHERE m.user_id = $1 AND r.id > $2 ORDER BY r.id LIMIT $3`,
}
const pastMemberships = {
  name: "export_past_memberships",
  text: `SELECT room_id, is_reader, muted_until FROM klatch.past_members
WHERE user_id = $1 AND room_id > $2 ORDER BY room_id LIMIT $3`,
}
const bans = {
  name: "export_bans",
  text: `SELECT room_id, banned_at, until, reason FROM klatch.room_bans
WHERE user_id = $1 AND room_id > $2 ORDER BY room_id LIMIT $3`,
}
const invites = {
  name: "export_invites",
  text: `SELECT id, room_id, role, created_at, expires_at, uses, uses_max, ended_at FROM klatch.invites
WHERE created_by = $1 AND id > $2 ORDER BY id LIMIT $3`,
}
/**
 * A page of rooms, with whether someone has written there: one probe a room of the index on client_ids, in whose order
 * the first is asked for, since a plan that does not know how few match would read the whole table for each room.
 */
const writtenRooms = {
  name: "user_data_written_rooms",
  text: `WITH page AS (SELECT id FROM klatch.rooms WHERE id > $2 AND kind <> 'inbox' ORDER BY id LIMIT $3)
SELECT p.id, w.client_id IS NOT NULL OR EXISTS (
  SELECT 1 FROM klatch.members m WHERE m.room_id = p.id AND m.user_id = $1) AS is_theirs
FROM page p LEFT JOIN LATERAL (
  SELECT e.client_id FROM klatch.entries e
  WHERE e.room_id = p.id AND e.author_id = $1 AND e.client_id > '' ORDER BY e.client_id LIMIT 1
) w ON true ORDER BY p.id`,
}
/** In the order of the same index: that of their seqs would read all of the room. */
const messages = {
  name: "export_messages",
  text: `SELECT e.room_id, e.seq AS message_id, e.at, e.client_id, e.content, e.reply_to, e.thread_id, e.edited_at,
  e.deleted_at, e.data FROM klatch.entries e
WHERE e.room_id = $1 AND e.author_id = $2 AND e.client_id > $3 ORDER BY e.client_id LIMIT $4`,
}
const inbox = {
  name: "export_inbox",
  text: `SELECT seq, kind, at, data FROM klatch.entries WHERE room_id = $1 AND seq > $2 ORDER BY seq LIMIT $3`,
}
/** What they did, what was done to them, and what was tried in their name. */
const audit = {
  name: "export_audit",
  text: `SELECT a.id, a.at, a.actor_id, a.action, a.target, a.room_id, a.address, a.details FROM (
  (SELECT id FROM klatch.audit WHERE actor_id = $1 AND id > $3 ORDER BY id LIMIT $4)
  UNION (SELECT id FROM klatch.audit WHERE target = $2 AND id > $3 ORDER BY id LIMIT $4)
  UNION (SELECT id FROM klatch.audit WHERE actor = $2 AND actor_id IS NULL AND id > $3 ORDER BY id LIMIT $4)
) f JOIN klatch.audit a ON a.id = f.id ORDER BY a.id LIMIT $4`,
}
const exported = {
  name: "export_done",
  text: "UPDATE klatch.users SET exported_at = $2::timestamptz WHERE id = $1",
}
const lastExport = { name: "export_last", text: "SELECT exported_at FROM klatch.users WHERE id = $1" }

type Row = Readonly<Record<string, unknown>>

/** A page of rows after a cursor of the row before, at most `limit`. */
export type ReadPage = (
  db: Queryable,
  userId: string,
  after: Row | undefined,
  limit: number,
) => Promise<Row[]>

const byId =
  (statement: { name: string; text: string }, column: string): ReadPage =>
  (db, userId, after, limit) =>
    db.query<Row>(statement, [userId, after?.[column] ?? FIRST_ID, limit])

/** What there is of someone outside of rooms' logs, by the type of its lines. */
export const pagesOf: Readonly<Record<string, ReadPage>> = {
  identity: (db, userId, after, limit) =>
    db.query<Row>(identities, [userId, after?.issuer ?? "", after?.subject ?? "", limit]),
  sign_in: byId(signIns, "id"),
  membership: byId(memberships, "room_id"),
  past_membership: byId(pastMemberships, "room_id"),
  ban: byId(bans, "room_id"),
  invite: byId(invites, "id"),
  inbox: (db, userId, after, limit) => db.query<Row>(inbox, [userId, after?.seq ?? 0, limit]),
}

export const profileOf = async (db: Queryable, userId: string) => (await db.query<Row>(profile, [userId]))[0]
/** Which of the `limit` rooms after `afterId` hold something of theirs, and the last that was looked at. */
export async function roomsWith(db: Queryable, userId: string, afterId: string, limit: number) {
  const rows = await db.query<{ id: string; is_theirs: boolean }>(writtenRooms, [userId, afterId, limit])
  const ids = rows.filter((row) => row.is_theirs).map((row) => row.id)
  return { ids, lastId: rows.length < limit ? undefined : rows.at(-1)?.id }
}
export const messagesIn = (
  db: Queryable,
  roomId: string,
  userId: string,
  afterClientId: string,
  limit: number,
) => db.query<Row & { client_id: string }>(messages, [roomId, userId, afterClientId, limit])
export const auditOf = (
  db: Queryable,
  user: { readonly id: string; readonly username: string },
  afterId: number,
  limit: number,
) =>
  db.query<Row & { id: number; actor_id: string | null; details: Row }>(audit, [
    user.id,
    user.username,
    afterId,
    limit,
  ])

export const noteExported = (db: Queryable, userId: string, at: string) => db.query(exported, [userId, at])
export const exportedAt = async (db: Queryable, userId: string) =>
  (await db.query<{ exported_at: Date | null }>(lastExport, [userId]))[0]?.exported_at
