import type { Queryable } from "../db/sql.ts"

const insert = {
  name: "api_keys_insert",
  text: `INSERT INTO klatch.api_keys (id, name, hash, created_at, created_by)
VALUES ($1, $2, $3, $4::timestamptz, $5) RETURNING id, name, created_at`,
}
const byHash = {
  name: "api_keys_by_hash",
  text: "SELECT id, name FROM klatch.api_keys WHERE hash = $1 AND ended_at IS NULL",
}
const all = {
  name: "api_keys_all",
  text: `SELECT id, name, created_at FROM klatch.api_keys WHERE ended_at IS NULL AND id > $1 ORDER BY id LIMIT $2`,
}
const end = {
  name: "api_keys_end",
  text: "UPDATE klatch.api_keys SET ended_at = $2::timestamptz WHERE id = $1 AND ended_at IS NULL RETURNING name",
}
const makeAdmin = {
  name: "admins_make",
  text: "UPDATE klatch.users SET is_admin = true WHERE id = $1 RETURNING id",
}
const anyAdmin = {
  name: "admins_any",
  text: "SELECT EXISTS (SELECT 1 FROM klatch.users WHERE is_admin) AS found",
}

export interface KeyRow {
  id: string
  name: string
  created_at: Date
}
export const insertKey = async (
  db: Queryable,
  row: { id: string; name: string; hash: Uint8Array; at: string; by: string | null },
) => (await db.query<KeyRow>(insert, [row.id, row.name, row.hash, row.at, row.by]))[0]!
export const keyByHash = async (db: Queryable, hash: Uint8Array) =>
  (await db.query<{ id: string; name: string }>(byHash, [hash]))[0]
export const keysAfter = (db: Queryable, afterId: string, limit: number) =>
  db.query<KeyRow>(all, [afterId, limit])
/** Answers the name of the key that was ended; undefined when there was none. */
export const endKey = async (db: Queryable, id: string, at: string) =>
  (await db.query<{ name: string }>(end, [id, at]))[0]?.name

/** Answers whether there is such a user. */
export const makeUserAdmin = async (db: Queryable, userId: string) =>
  (await db.query(makeAdmin, [userId])).length > 0
export const isThereAnAdmin = async (db: Queryable) =>
  (await db.query<{ found: boolean }>(anyAdmin))[0]!.found
