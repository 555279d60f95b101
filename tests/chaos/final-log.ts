import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import pg from "pg"
import type { LogEntry, RoomRecord } from "./journal.ts"

interface RoomRow {
  id: string
  head_seq: string
  message_count: string
}
interface EntryRow {
  room_id: string
  seq: string
  kind: string
  author_id: string
  client_id: string | null
  ordinal: string | null
  target: string | null
  content: string | null
  is_deleted: boolean
}

/** The whole log of the server that runs on `dataDir`, read past it. Rejects when PostgreSQL does not answer. */
export function readFinalLog(dataDir: string): Promise<RoomRecord[]> {
  return connected(dataDir, async (client) => {
    await client.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
    const rooms = await client.query<RoomRow>("SELECT id, head_seq, message_count FROM klatch.rooms")
    const rows = await client.query<EntryRow>(
      `SELECT room_id, seq, kind, author_id, client_id, ordinal, target, content,
         deleted_at IS NOT NULL AS is_deleted FROM klatch.entries ORDER BY room_id, seq`,
    )
    const entries = new Map<string, LogEntry[]>()
    for (const row of rows.rows) {
      const of = entries.get(row.room_id)
      if (of) of.push(entryOf(row))
      else entries.set(row.room_id, [entryOf(row)])
    }
    return rooms.rows.map((room) => ({
      id: room.id,
      head: Number(room.head_seq),
      messageCount: Number(room.message_count),
      entries: entries.get(room.id) ?? [],
    }))
  })
}

/** Every room's newest seq. Rejects when PostgreSQL does not answer. */
export function readHeads(dataDir: string): Promise<Map<string, number>> {
  return connected(dataDir, async (client) => {
    const { rows } = await client.query<RoomRow>("SELECT id, head_seq FROM klatch.rooms")
    return new Map(rows.map((row) => [row.id, Number(row.head_seq)]))
  })
}

const entryOf = (row: EntryRow): LogEntry => ({
  seq: Number(row.seq),
  kind: row.kind,
  author: row.author_id,
  // What the server named itself begins with a control character and is told to no one.
  clientId: row.client_id === null || row.client_id.startsWith("\u0001") ? undefined : row.client_id,
  ordinal: row.ordinal === null ? undefined : Number(row.ordinal),
  target: row.target === null ? undefined : Number(row.target),
  content: row.content ?? "",
  isDeleted: row.is_deleted,
})

async function connected<T>(dataDir: string, use: (client: pg.Client) => Promise<T>): Promise<T> {
  const home = join(dataDir, "postgres")
  const door = join(home, "socket-door")
  const host = existsSync(door) ? join(readFileSync(door, "utf8"), "s") : join(home, "data")
  const client = new pg.Client({ host, user: "klatch", database: "postgres" })
  client.on("error", () => {})
  await client.connect()
  try {
    return await use(client)
  } finally {
    await client.end().catch(() => {})
  }
}
