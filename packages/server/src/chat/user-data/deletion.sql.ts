import type { Queryable } from "../../db/sql.ts"
import { FIRST_ID } from "../../lib/first-id.ts"
import type { RoomData } from "../../log/entry.ts"

/** Their name stays taken by its key, so that nobody passes for them; what is shown of it goes. */
const takeProfile = {
  name: "deletion_take_profile",
  text: `UPDATE klatch.users SET username = $2, display_name = $3, avatar_url = NULL, is_admin = false,
  exported_at = NULL, deleted_at = $4::timestamptz, tokens_from = $4::timestamptz
WHERE id = $1 AND deleted_at IS NULL RETURNING id`,
}
const dropAccount = { name: "deletion_drop_account", text: "DELETE FROM klatch.accounts WHERE user_id = $1" }
const dropTickets = { name: "deletion_drop_tickets", text: "DELETE FROM klatch.tickets WHERE user_id = $1" }
const dropSignIns = {
  name: "deletion_drop_sign_ins",
  text: "DELETE FROM klatch.token_families WHERE user_id = $1",
}
/** What is left tells a token of the same person apart from a newcomer's, and no longer who they are. */
const maskIdentities = {
  name: "deletion_mask_identities",
  text: `UPDATE klatch.identities
SET subject = 'deleted:' || encode(sha256(convert_to(issuer || E'\\n' || subject, 'UTF8')), 'hex')
WHERE user_id = $1`,
}
const dropBans = { name: "deletion_drop_bans", text: "DELETE FROM klatch.room_bans WHERE user_id = $1" }
const dropPast = {
  name: "deletion_drop_past",
  text: "DELETE FROM klatch.past_members WHERE user_id = $1",
}
const endInvites = {
  name: "deletion_end_invites",
  text: "UPDATE klatch.invites SET ended_at = $2::timestamptz WHERE created_by = $1 AND ended_at IS NULL",
}
const begin = {
  name: "deletion_begin",
  text: `INSERT INTO klatch.deletions (user_id, began_at, room_cursor)
VALUES ($1, $2::timestamptz, '${FIRST_ID}')`,
}
const unfinished = {
  name: "deletion_unfinished",
  text: `SELECT d.user_id, d.room_cursor, d.rounds, u.username
FROM klatch.deletions d JOIN klatch.users u ON u.id = d.user_id
WHERE d.finished_at IS NULL AND d.user_id > $1 ORDER BY d.user_id LIMIT 1`,
}
const moveOn = {
  name: "deletion_move_on",
  text: "UPDATE klatch.deletions SET room_cursor = $2, rounds = $3 WHERE user_id = $1",
}
const finish = {
  name: "deletion_finish",
  text: "UPDATE klatch.deletions SET finished_at = $2::timestamptz WHERE user_id = $1",
}
const page = {
  name: "deletion_page",
  text: `SELECT e.client_id, e.seq, e.kind = 'message' AND e.deleted_at IS NULL AS is_left FROM klatch.entries e
WHERE e.room_id = $1 AND e.author_id = $2 AND e.client_id > $3 ORDER BY e.client_id LIMIT $4`,
}
const empty = {
  name: "deletion_empty",
  text: `UPDATE klatch.entries SET content = '', data = NULL, edited_at = NULL, deleted_at = $3::timestamptz
WHERE room_id = $1 AND seq = ANY ($2::bigint[]) AND kind = 'message' AND deleted_at IS NULL RETURNING seq`,
}
const dropInboxEntries = {
  name: "deletion_drop_inbox_entries",
  text: `DELETE FROM klatch.entries WHERE room_id = $1 AND seq IN
(SELECT seq FROM klatch.entries WHERE room_id = $1 ORDER BY seq LIMIT $2) RETURNING seq`,
}
const dropInbox = {
  name: "deletion_drop_inbox",
  text: "DELETE FROM klatch.rooms WHERE id = $1 AND kind = 'inbox'",
}
const otherInDirect = {
  name: "deletion_other_in_direct",
  text: `SELECT u.id, u.username FROM klatch.members m JOIN klatch.users u ON u.id = m.user_id
WHERE m.room_id = $1 AND m.user_id <> $2 LIMIT 1`,
}
const renameRoom = {
  name: "deletion_rename_room",
  text: `UPDATE klatch.rooms SET name = $2 WHERE id = $1 AND deleted_at IS NULL
RETURNING name, topic, archived_at IS NOT NULL AS archived, slow_mode_s, rights`,
}
/** The name of a room of two holds both of theirs, also where the other was told of it. */
const renameInInbox = {
  name: "deletion_rename_in_inbox",
  text: `UPDATE klatch.entries SET data = jsonb_set(data, '{room,name}', to_jsonb($3::text))
WHERE room_id = $1 AND kind = 'room_added' AND data->'room'->>'id' = $2::text`,
}

/** Takes out what makes someone someone, within a transaction. Answers false when they were gone already. */
export async function takeOut(
  tx: Queryable,
  user: { id: string; username: string; displayName: string },
  at: string,
): Promise<boolean> {
  const { id, username, displayName } = user
  if ((await tx.query(takeProfile, [id, username, displayName, at])).length === 0) return false
  for (const statement of [dropAccount, dropTickets, dropSignIns, maskIdentities, dropBans])
    await tx.query(statement, [id])
  for (const statement of [endInvites, begin]) await tx.query(statement, [id, at])
  return true
}

export interface Deletion {
  readonly user_id: string
  readonly username: string
  readonly room_cursor: string
  readonly rounds: number
}
/** The next one after `afterId` that is not finished. */
export const unfinishedAfter = async (db: Queryable, afterId: string) =>
  (await db.query<Deletion>(unfinished, [afterId]))[0]
export const moveDeletionOn = (db: Queryable, userId: string, roomCursor: string, rounds: number) =>
  db.query(moveOn, [userId, roomCursor, rounds])
/** The memberships are over by then, and with them goes what outlives others'. */
export async function finishDeletion(db: Queryable, userId: string, at: string): Promise<void> {
  await db.query(dropPast, [userId])
  await db.query(finish, [userId, at])
}

/** A page of what someone wrote in a room, in the order of their client_ids. */
export const writtenIn = (
  db: Queryable,
  roomId: string,
  userId: string,
  afterClientId: string,
  limit: number,
) =>
  db.query<{ client_id: string; seq: number; is_left: boolean }>(page, [roomId, userId, afterClientId, limit])
/** Empties messages; answers which of them were not before. */
export const emptyMessages = async (db: Queryable, roomId: string, seqs: readonly number[], at: string) =>
  (await db.query<{ seq: number }>(empty, [roomId, seqs, at])).map((row) => row.seq).sort((a, b) => a - b)

/** Answers how many went; once none is left the inbox itself goes. */
export async function dropInboxPage(db: Queryable, userId: string, limit: number): Promise<number> {
  const { length } = await db.query(dropInboxEntries, [userId, limit])
  if (length === 0) await db.query(dropInbox, [userId])
  return length
}
export const otherInDirectRoom = async (db: Queryable, roomId: string, userId: string) =>
  (await db.query<{ id: string; username: string }>(otherInDirect, [roomId, userId]))[0]
/** Answers what the room is like then; undefined when it is gone. */
export const renameRoomOf = async (db: Queryable, roomId: string, name: string) =>
  (await db.query<RoomData>(renameRoom, [roomId, name]))[0]
export const renameInInboxOf = (db: Queryable, userId: string, roomId: string, name: string) =>
  db.query(renameInInbox, [userId, roomId, name])
