import type { Queryable } from "../db/sql.ts"

/** Any number all nodes agree on: "audit" in ASCII. */
const lock = { name: "audit_lock", text: "SELECT pg_advisory_xact_lock(0x6175646974)" }
const last = { name: "audit_last", text: "SELECT id, hash FROM klatch.audit ORDER BY id DESC LIMIT 1" }
const insert = {
  name: "audit_insert",
  text: `INSERT INTO klatch.audit (id, at, actor_id, actor, action, target, room_id, address, details, hash)
SELECT id, at, actor_id, actor, action, target, room_id, address, details, decode(hash, 'hex')
FROM jsonb_to_recordset($1::jsonb) AS a (id bigint, at timestamptz, actor_id uuid, actor text, action text,
  target text, room_id uuid, address text, details jsonb, hash text)`,
}
const page = {
  name: "audit_page",
  text: `SELECT id, at, actor_id, actor, action, target, room_id, address, details, encode(hash, 'hex') AS hash
FROM klatch.audit WHERE id > $1 AND ($3::uuid IS NULL OR actor_id = $3) AND ($4::text IS NULL OR action = $4)
ORDER BY id LIMIT $2`,
}

export interface AuditRow {
  readonly id: number
  readonly at: Date
  readonly actor_id: string | null
  readonly actor: string
  readonly action: string
  readonly target: string
  readonly room_id: string | null
  readonly address: string
  readonly details: Readonly<Record<string, unknown>>
  readonly hash: string
}

/** Within a transaction: the newest row, and nobody else adds one before its end. */
export async function lockAudit(tx: Queryable): Promise<{ id: number; hash: Buffer } | undefined> {
  await tx.query(lock)
  return (await tx.query<{ id: number; hash: Buffer }>(last))[0]
}
export const insertAudit = (tx: Queryable, rows: readonly (Omit<AuditRow, "at"> & { at: string })[]) =>
  tx.query(insert, [JSON.stringify(rows)])
export const auditPage = (
  db: Queryable,
  afterId: number,
  limit: number,
  by: { readonly actorId?: string | undefined; readonly action?: string | undefined } = {},
) => db.query<AuditRow>(page, [afterId, limit, by.actorId ?? null, by.action ?? null])
