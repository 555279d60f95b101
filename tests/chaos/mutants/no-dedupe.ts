import { Database } from "../../../packages/server/src/db/sql.ts"
import type { LogStore, MessageDraft, Placed } from "../../../packages/server/src/log/log-store.ts"
import { startMutant } from "./start.ts"

const dropIndex = { name: "drop_index", text: "DROP INDEX IF EXISTS klatch.entries_client_id" }
/** The log's own statement, without the look for client_ids that it knows. */
const append = {
  name: "append_without_looking",
  text: `
WITH draft AS (
  SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[])
    WITH ORDINALITY AS d (room_id, author_id, client_id, content, n)
), locked AS (
  SELECT id, head_seq, message_count FROM klatch.rooms WHERE id = ANY ($1::uuid[]) ORDER BY id FOR UPDATE
), fresh AS (
  SELECT d.*, l.head_seq + row_number() OVER w AS seq, l.message_count + row_number() OVER w AS ordinal
  FROM draft d JOIN locked l ON l.id = d.room_id WINDOW w AS (PARTITION BY d.room_id ORDER BY d.n)
), bumped AS (
  UPDATE klatch.rooms r SET head_seq = r.head_seq + f.count, message_count = r.message_count + f.count
  FROM (SELECT room_id, count(*) AS count FROM fresh GROUP BY room_id) f WHERE r.id = f.room_id
), inserted AS (
  INSERT INTO klatch.entries (room_id, seq, kind, author_id, at, client_id, ordinal, content)
  SELECT room_id, seq, 'message', author_id, $5::timestamptz, client_id, ordinal, content FROM fresh
)
SELECT n, seq FROM fresh`,
}

await startMutant((address) => {
  const db = new Database(address)
  const indexDropped = db.write(dropIndex, [])
  return {
    store: (store): LogStore => ({
      async appendMessages(drafts: readonly MessageDraft[], at: string) {
        await indexDropped
        const rows = await db.write<{ n: number; seq: number }>(append, [
          drafts.map((draft) => draft.room.id),
          drafts.map((draft) => draft.author.id),
          drafts.map((draft) => draft.clientId),
          drafts.map((draft) => draft.content),
          at,
        ])
        const placed = new Array<Placed | undefined>(drafts.length).fill(undefined)
        for (const { n, seq } of rows) placed[n - 1] = { seq, at, known: false }
        return placed
      },
      applyChanges: (changes, at) => store.applyChanges(changes, at),
    }),
  }
})
