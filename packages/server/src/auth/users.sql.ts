import type { User } from "@klatch/protocol"
import type { Queryable } from "../db/sql.ts"

/** Makes the names that are not taken; one that another statement is just making is in neither part. */
const ensure = {
  name: "users_ensure",
  text: `
WITH wanted AS (
  SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[]) AS w (id, username, username_key)
), made AS (
  INSERT INTO klatch.users (id, username, username_key, display_name, created_at)
  SELECT id, username, username_key, username, $4::timestamptz FROM wanted ORDER BY username_key
  ON CONFLICT (username_key) DO NOTHING
  RETURNING id, username, username_key, display_name
)
SELECT id, username, username_key, display_name FROM made
UNION ALL
SELECT u.id, u.username, u.username_key, u.display_name FROM klatch.users u JOIN wanted w USING (username_key)`,
}

const byIds = {
  name: "users_by_ids",
  text: "SELECT id, username, display_name FROM klatch.users WHERE id = ANY ($1::uuid[])",
}
const byNames = {
  name: "users_by_names",
  text: "SELECT id, username, display_name FROM klatch.users WHERE username_key = ANY ($1::text[])",
}

export async function ensureUsers(
  db: Queryable,
  wanted: readonly { id: string; username: string; key: string }[],
  at: string,
): Promise<Map<string, User>> {
  const rows = await db.query<User & { username_key: string }>(ensure, [
    wanted.map((w) => w.id),
    wanted.map((w) => w.username),
    wanted.map((w) => w.key),
    at,
  ])
  return new Map(
    // Most have one name for everything: they then share one string, since a user is held as long as a connection.
    rows.map(({ id, username, display_name, username_key }) => [
      username_key,
      { id, username, display_name: display_name === username ? username : display_name },
    ]),
  )
}

export const usersByIds = (db: Queryable, ids: readonly string[]) => db.query<User>(byIds, [ids])
export const usersByNames = (db: Queryable, keys: readonly string[]) => db.query<User>(byNames, [keys])
