import type { Role } from "@klatch/protocol"
import type { Queryable } from "../db/sql.ts"
import type { Author, Entry, EntryBody, MemberData, MessageData, RoomData } from "./entry.ts"

interface EntryRow {
  seq: number
  kind: string
  author_id: string
  username: string
  at: Date
  client_id: string | null
  target: number | null
  content: string | null
  reply_to: number | null
  thread_id: number | null
  edited_at: Date | null
  deleted_at: Date | null
  data: object | null
  by_username?: string | null
}

/**
 * An edit tells the message's content as it is now: what was taken back is not told again. So it is with the name of
 * who did something to a member.
 */
const entriesAfter = {
  name: "log_entries_after",
  text: `
SELECT e.seq, e.kind, e.author_id, coalesce(u.username, '') AS username, e.at, e.client_id, e.target,
  CASE WHEN e.kind = 'edit' THEN t.content ELSE e.content END AS content,
  e.reply_to, e.thread_id, e.edited_at, e.deleted_at, e.data, b.username AS by_username
FROM klatch.entries e
LEFT JOIN klatch.users u ON u.id = e.author_id
LEFT JOIN klatch.users b ON e.kind IN ('join', 'leave', 'member') AND b.id = (e.data->'by'->>'id')::uuid
LEFT JOIN klatch.entries t ON e.kind = 'edit' AND t.room_id = e.room_id AND t.seq = e.target
WHERE e.room_id = $1 AND e.seq > $2 ORDER BY e.seq LIMIT $3`,
}

const columns = `e.seq, e.kind, e.author_id, coalesce(u.username, '') AS username, e.at, e.client_id, e.target,
  e.content, e.reply_to, e.thread_id, e.edited_at, e.deleted_at, e.data`

/** A page and the head it was read at come from one statement, so from one snapshot. */
const page = (name: string, where: string, order: "ASC" | "DESC") => ({
  name,
  text: `
SELECT r.head_seq, p.* FROM (SELECT head_seq FROM klatch.rooms WHERE id = $1) r LEFT JOIN (
  SELECT ${columns} FROM klatch.entries e LEFT JOIN klatch.users u ON u.id = e.author_id
  WHERE e.room_id = $1 AND e.kind = 'message' AND ${where} ORDER BY e.seq ${order} LIMIT $3
) p ON true ORDER BY p.seq`,
})
const pageBefore = page("log_page_before", "e.seq < $2", "DESC")
const pageAfter = page("log_page_after", "e.seq > $2", "ASC")

const newest = {
  name: "log_newest_messages",
  text: `
SELECT w.id AS room_id, p.* FROM unnest($1::uuid[]) AS w (id) CROSS JOIN LATERAL (
  SELECT ${columns} FROM klatch.entries e LEFT JOIN klatch.users u ON u.id = e.author_id
  WHERE e.room_id = w.id AND e.kind = 'message' ORDER BY e.seq DESC LIMIT 1
) p`,
}

const heads = {
  name: "log_heads",
  text: "SELECT id, head_seq FROM klatch.rooms WHERE id = ANY ($1::uuid[])",
}

/** Entries after `seq`, oldest first, at most `limit`. */
export async function readEntriesAfter(
  db: Queryable,
  roomId: string,
  seq: number,
  limit: number,
): Promise<Entry[]> {
  return (await db.query<EntryRow>(entriesAfter, [roomId, seq, limit])).map(entryOf)
}

/** Messages in their current state: the newest before `before`, or the oldest after `after`; oldest first. */
export async function readMessages(
  db: Queryable,
  roomId: string,
  window: { before?: number | undefined; after?: number | undefined; limit: number },
): Promise<{ entries: Entry[]; head: number }> {
  const rows =
    window.after === undefined
      ? await db.query<EntryRow & { head_seq: number }>(pageBefore, [
          roomId,
          window.before ?? Number.MAX_SAFE_INTEGER,
          window.limit,
        ])
      : await db.query<EntryRow & { head_seq: number }>(pageAfter, [roomId, window.after, window.limit])
  return { entries: rows.filter((row) => row.seq !== null).map(entryOf), head: rows[0]?.head_seq ?? 0 }
}

/** The newest message of each room that has one, in its current state. */
export async function readNewestMessages(
  db: Queryable,
  roomIds: readonly string[],
): Promise<Map<string, Entry>> {
  const rows = await db.query<EntryRow & { room_id: string }>(newest, [roomIds])
  return new Map(rows.map((row) => [row.room_id, entryOf(row)]))
}

/** The newest seq of each room that exists. */
export async function readHeads(db: Queryable, roomIds: readonly string[]): Promise<Map<string, number>> {
  const rows = await db.query<{ id: string; head_seq: number }>(heads, [roomIds])
  return new Map(rows.map((row) => [row.id, row.head_seq]))
}

function entryOf(row: EntryRow): Entry {
  return {
    seq: row.seq,
    author: { id: row.author_id, username: row.username },
    at: row.at.toISOString(),
    ...bodyOf(row.by_username ? { ...row, data: withNameOfBy(row.data, row.by_username) } : row),
  }
}

const withNameOfBy = (data: object | null, username: string): object => ({
  ...data,
  by: { ...(data as { by?: object } | null)?.by, username },
})

function bodyOf(row: EntryRow): EntryBody {
  switch (row.kind as EntryBody["kind"]) {
    case "message":
      return {
        kind: "message",
        content: row.content ?? "",
        clientId: row.client_id ?? undefined,
        replyTo: row.reply_to ?? undefined,
        threadId: row.thread_id ?? undefined,
        editedAt: row.edited_at?.toISOString(),
        deletedAt: row.deleted_at?.toISOString(),
        data: (row.data as MessageData | null) ?? undefined,
      }
    case "edit":
      return { kind: "edit", target: row.target ?? 0, content: row.content ?? "" }
    case "delete":
      return { kind: "delete", target: row.target ?? 0 }
    case "join":
      return { kind: "join", data: row.data as { role: Role; by?: Author } }
    case "leave":
      return { kind: "leave", data: (row.data as { by?: Author } | null) ?? undefined }
    case "member":
      return { kind: "member", data: row.data as MemberData }
    case "room":
      return { kind: "room", data: row.data as RoomData }
    case "room_added":
      return { kind: "room_added", data: row.data as { room: object; since: number } }
    case "room_removed":
      return { kind: "room_removed", data: row.data as { room: object } }
  }
}
