import type { Queryable } from "../db/sql.ts"

/** Any number all nodes agree on: "audit" in ASCII. */
const lock = { name: "audit_lock", text: "SELECT pg_advisory_xact_lock(418581342580)" }
const last = { name: "audit_last", text: "SELECT id, hash FROM klatch.audit ORDER BY id DESC LIMIT 1" }
const head = { name: "audit_head", text: "SELECT value FROM klatch.secrets WHERE name = 'audit_head'" }
const setHead = {
  name: "audit_set_head",
  text: `INSERT INTO klatch.secrets (name, value, created_at) VALUES ('audit_head', $1, now())
ON CONFLICT (name) DO UPDATE SET value = excluded.value`,
}
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

/** How long the log is, and the hash of its newest row. */
export interface AuditHead {
  readonly id: number
  readonly hash: Buffer
}

/**
 * Within a transaction: what the next row follows, and nobody else adds one before its end. Where rows were cut off the
 * end that is the one that was the newest, so that the gap stays.
 */
export async function lockAudit(tx: Queryable): Promise<AuditHead | undefined> {
  await tx.query(lock)
  const [row, kept] = [(await tx.query<AuditHead>(last))[0], await auditHead(tx)]
  return kept && kept.id > (row?.id ?? 0) ? kept : row
}
/** As it is kept beside the log; undefined where nobody keeps it. */
export async function auditHead(db: Queryable): Promise<AuditHead | undefined> {
  const value = (await db.query<{ value: Buffer }>(head))[0]?.value
  return value && { id: Number(value.readBigInt64BE()), hash: value.subarray(8) }
}
export async function insertAudit(
  tx: Queryable,
  rows: readonly (Omit<AuditRow, "at"> & { at: string })[],
): Promise<void> {
  await tx.query(insert, [JSON.stringify(rows)])
  const newest = rows.at(-1)
  if (!newest) return
  const value = Buffer.alloc(8)
  value.writeBigInt64BE(BigInt(newest.id))
  await tx.query(setHead, [Buffer.concat([value, Buffer.from(newest.hash, "hex")])])
}
export const auditPage = (
  db: Queryable,
  afterId: number,
  limit: number,
  by: { readonly actorId?: string | undefined; readonly action?: string | undefined } = {},
) => db.query<AuditRow>(page, [afterId, limit, by.actorId ?? null, by.action ?? null])
