/** What is compared: each candidate does the same work over a unix socket. */

/** Rows of one group commit. */
export interface Batch {
  batch: number
  roomId: string
  ordinals: number[]
  authorIds: string[]
  clientIds: string[]
  payloads: string[]
}

export interface AppendResult {
  nonce: string
  /** 0 when the batch had been committed by an earlier try whose answer was lost. */
  insertedCount: number
}

export interface ReadRow {
  nonce: string
  ordinal: string
  text: string
}

/** One SQL client: a writer connection with one transaction in flight, and a pool of 4 for reads. */
export interface Candidate {
  /** One transaction of four statements; resolves after COMMIT. Rejects when the outcome is failed or unknown. */
  append(batch: Batch, nonce: string): Promise<AppendResult>
  /** The same work as one statement in its own transaction. */
  appendOnce(batch: Batch, nonce: string): Promise<AppendResult>
  read(batch: number, nonce: string): Promise<ReadRow[]>
  /** Holds one pooled connection for `ms`: shows how many the pool still has. */
  occupy(ms: number): Promise<void>
  /** Failures that came as events on a connection and not as a rejection. */
  readonly errorEventCount: number
}

export const poolMax = 4
export const reconnectDelayMs = 25
export const connectMaxMs = 10_000

export const statements = {
  lock: "UPDATE rooms SET head_seq = head_seq + $2::bigint WHERE id = $1::uuid RETURNING head_seq, $3::text AS nonce",
  insert: `INSERT INTO entries (batch, ordinal, seq, room_id, author_id, client_id, payload)
    SELECT $1::bigint, d.ordinal, d.ordinal, $2::uuid, d.author_id, d.client_id, d.payload
    FROM unnest($3::bigint[], $4::uuid[], $5::text[], $6::jsonb[]) AS d (ordinal, author_id, client_id, payload)
    ON CONFLICT DO NOTHING RETURNING seq`,
  once: `WITH locked AS (UPDATE rooms SET head_seq = head_seq + cardinality($3::bigint[]) WHERE id = $2::uuid
      RETURNING head_seq, $7::text AS nonce),
    inserted AS (INSERT INTO entries (batch, ordinal, seq, room_id, author_id, client_id, payload)
      SELECT $1::bigint, d.ordinal, locked.head_seq - cardinality($3::bigint[]) + d.ordinal, $2::uuid,
        d.author_id, d.client_id, d.payload
      FROM locked, unnest($3::bigint[], $4::uuid[], $5::text[], $6::jsonb[])
        AS d (ordinal, author_id, client_id, payload)
      ON CONFLICT DO NOTHING RETURNING seq)
    SELECT locked.nonce, (SELECT count(*) FROM inserted) AS inserted_count FROM locked`,
  read: `SELECT $2::text AS nonce, ordinal, payload->>'text' AS text FROM entries
    WHERE batch = $1::bigint ORDER BY ordinal LIMIT 100`,
  occupy: "SELECT pg_sleep($1::float8 / 1000)",
}

/** The parameters of `statements.insert`; with the nonce behind them, those of `statements.once`. */
export const insertValues = (b: Batch) => [
  b.batch,
  b.roomId,
  b.ordinals,
  b.authorIds,
  b.clientIds,
  b.payloads,
]

export const roomId = "0192f000-0000-7000-8000-000000000001"
const authorId = "0192f000-0000-7000-8000-000000000002"

/** The text of one row, so that any reader can tell a row that is not its own. */
export const textOf = (batch: number, ordinal: number): string =>
  `${batch}:${ordinal} "quoted" \\ and {braces}, ${"x".repeat(80)}`

/** Batch number `batch`, always the same for the same number: a retry sends the same rows. */
export function batchOf(batch: number, rows: number): Batch {
  const ordinals = Array.from({ length: rows }, (_, i) => i + 1)
  return {
    batch,
    roomId,
    ordinals,
    authorIds: ordinals.map(() => authorId),
    clientIds: ordinals.map((ordinal) => `${batch}-${ordinal}`),
    payloads: ordinals.map((ordinal) => JSON.stringify({ text: textOf(batch, ordinal) })),
  }
}
