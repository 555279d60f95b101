import type { User } from "@klatch/protocol"
import type { Queryable } from "../db/sql.ts"

/** Whether a name is somebody's, whom nobody else may go by: a password, an outside identity, a ban, a farewell. */
const isOwned = (id: string) => `(u.banned_at IS NOT NULL OR u.deleted_at IS NOT NULL
  OR EXISTS (SELECT 1 FROM klatch.accounts a WHERE a.user_id = ${id})
  OR EXISTS (SELECT 1 FROM klatch.identities i WHERE i.user_id = ${id}))`

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
SELECT id, username, username_key, display_name, false AS is_owned FROM made
UNION ALL
SELECT u.id, u.username, u.username_key, u.display_name, ${isOwned("u.id")}
FROM klatch.users u JOIN wanted w USING (username_key)`,
}

const profile = {
  name: "users_profile",
  text: `SELECT id, username, display_name, avatar_url FROM klatch.users WHERE id = $1 AND deleted_at IS NULL`,
}
/** COLLATE "C", so that the index on the key serves the prefix too. */
const search = {
  name: "users_search",
  text: `SELECT id, username, display_name, avatar_url FROM klatch.users
WHERE username_key COLLATE "C" >= greatest($1, $2) COLLATE "C" AND username_key COLLATE "C" > $2 COLLATE "C"
  AND username_key LIKE $3 AND deleted_at IS NULL ORDER BY username_key COLLATE "C" LIMIT $4`,
}
const byIds = {
  name: "users_by_ids",
  text: "SELECT id, username, display_name FROM klatch.users WHERE id = ANY ($1::uuid[]) AND deleted_at IS NULL",
}
const byNames = {
  name: "users_by_names",
  text: `SELECT id, username, display_name FROM klatch.users
WHERE username_key = ANY ($1::text[]) AND deleted_at IS NULL`,
}

/** A user by name, and whether the name is theirs alone. */
export interface NamedUser {
  readonly user: User
  readonly isOwned: boolean
}

export async function ensureUsers(
  db: Queryable,
  wanted: readonly { id: string; username: string; key: string }[],
  at: string,
): Promise<Map<string, NamedUser>> {
  const rows = await db.query<User & { username_key: string; is_owned: boolean }>(ensure, [
    wanted.map((w) => w.id),
    wanted.map((w) => w.username),
    wanted.map((w) => w.key),
    at,
  ])
  return new Map(
    // Most have one name for everything: they then share one string, since a user is held as long as a connection.
    rows.map(({ id, username, display_name, username_key, is_owned }) => [
      username_key === username ? username : username_key,
      {
        user: { id, username, display_name: display_name === username ? username : display_name },
        isOwned: is_owned,
      },
    ]),
  )
}

/** Someone, with what only their profile tells. */
export interface ProfileRow extends User {
  avatar_url: string | null
}
export const userProfile = async (db: Queryable, id: string) => (await db.query<ProfileRow>(profile, [id]))[0]
/** People whose key begins with `prefix`, after `afterKey`, in the order of their keys. */
export const searchUsers = (db: Queryable, prefix: string, afterKey: string, limit: number) =>
  db.query<ProfileRow>(search, [prefix, afterKey, `${prefix.replace(/[\\%_]/g, (c) => `\\${c}`)}%`, limit])

export const usersByIds = (db: Queryable, ids: readonly string[]) => db.query<User>(byIds, [ids])
export const usersByNames = (db: Queryable, keys: readonly string[]) => db.query<User>(byNames, [keys])
