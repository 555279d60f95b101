import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { assert } from "../lib/assert.ts"
import type { Database } from "./sql.ts"

/** Any number all nodes agree on: "klatch" in ASCII, as far as it fits. */
const LOCK_KEY = 0x6b6c6174

/** One step forward. There is no way back: a mistake is mended by the next one. */
export interface Migration {
  readonly number: number
  readonly name: string
  readonly sql: string
}

/** The migrations that come with this version, in order, numbered from 1 without holes. */
export function ownMigrations(dir = join(import.meta.dirname, "migrations")): Migration[] {
  const migrations = readdirSync(dir)
    .filter((file) => file.endsWith(".sql"))
    .sort()
    .map((file) => ({
      number: Number(file.slice(0, 4)),
      name: file.slice(5, -4),
      sql: readFileSync(join(dir, file), "utf8"),
    }))
  for (const [i, migration] of migrations.entries())
    assert(migration.number === i + 1, "migrations are numbered without holes")
  return migrations
}

/**
 * Brings the database to this version, under a session lock so that nodes starting together do it once.
 * Answers how many ran. Rejects when the database was made by a newer version, changing nothing.
 */
export async function migrate(db: Database, migrations = ownMigrations()): Promise<number> {
  const client = await db.connect()
  try {
    await client.query("SELECT pg_advisory_lock($1)", [LOCK_KEY])
    const { rows: found } = await client.query("SELECT to_regclass('klatch.migrations') IS NOT NULL AS found")
    if (!found[0].found) {
      await client.query("CREATE SCHEMA IF NOT EXISTS klatch")
      await client.query(
        "CREATE TABLE klatch.migrations " +
          "(number int PRIMARY KEY, name text NOT NULL, at timestamptz NOT NULL DEFAULT now())",
      )
    }
    const { rows } = await client.query("SELECT coalesce(max(number), 0) AS number FROM klatch.migrations")
    const current: number = rows[0].number
    if (current > migrations.length)
      throw new Error(
        `This database is at migration ${current}; this version of Klatch knows ${migrations.length}. ` +
          `Start the newer version.`,
      )
    for (const migration of migrations.slice(current)) {
      await client.query("BEGIN")
      await client.query(migration.sql)
      await client.query("INSERT INTO klatch.migrations (number, name) VALUES ($1, $2)", [
        migration.number,
        migration.name,
      ])
      await client.query("COMMIT")
    }
    return migrations.length - current
  } finally {
    client.release()
  }
}
