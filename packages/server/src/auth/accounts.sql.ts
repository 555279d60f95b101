import type { User } from "@klatch/protocol"
import type { Queryable } from "../db/sql.ts"

const userColumns =
  "u.id, u.username, u.display_name, u.avatar_url, u.is_admin, u.banned_at, u.deleted_at, u.tokens_from"

/** A user with what decides about their tokens. */
export interface StandingRow extends User {
  avatar_url: string | null
  is_admin: boolean
  banned_at: Date | null
  deleted_at: Date | null
  tokens_from: Date | null
}

const byName = {
  name: "accounts_by_name",
  text: `SELECT ${userColumns}, a.password_hash FROM klatch.users u
LEFT JOIN klatch.accounts a ON a.user_id = u.id WHERE u.username_key = $1`,
}
const standings = {
  name: "accounts_standings",
  text: `SELECT ${userColumns}, f.id AS family_id FROM unnest($1::uuid[], $2::uuid[]) AS w (user_id, family_id)
JOIN klatch.users u ON u.id = w.user_id
LEFT JOIN klatch.token_families f ON f.id = w.family_id AND f.user_id = u.id AND f.ended_at IS NULL`,
}
const insertUser = {
  name: "accounts_insert_user",
  text: `INSERT INTO klatch.users (id, username, username_key, display_name, avatar_url, created_at)
VALUES ($1, $2, $3, $4, $5, $6::timestamptz) ON CONFLICT DO NOTHING RETURNING id`,
}
/** Only a name that is nobody's: no password, no outside identity, not banned, not deleted. */
const takeOver = {
  name: "accounts_take_over",
  text: `UPDATE klatch.users u SET username = $2, username_key = $3, display_name = $4
WHERE u.id = $1 AND u.banned_at IS NULL AND u.deleted_at IS NULL
  AND NOT EXISTS (SELECT 1 FROM klatch.accounts a WHERE a.user_id = u.id)
  AND NOT EXISTS (SELECT 1 FROM klatch.identities i WHERE i.user_id = u.id) RETURNING u.id`,
}
const insertAccount = {
  name: "accounts_insert",
  text: `INSERT INTO klatch.accounts (user_id, password_hash, created_at, changed_at)
VALUES ($1, $2, $3::timestamptz, $3::timestamptz)`,
}
const setPassword = {
  name: "accounts_set_password",
  text: `WITH changed AS (
  UPDATE klatch.accounts SET password_hash = $2, changed_at = $3::timestamptz WHERE user_id = $1 RETURNING user_id
)
UPDATE klatch.users SET tokens_from = $3::timestamptz WHERE id IN (SELECT user_id FROM changed) RETURNING id`,
}
const voidAll = {
  name: "accounts_void_tokens",
  text: "UPDATE klatch.users SET tokens_from = $2::timestamptz WHERE id = $1",
}
const endFamilies = {
  name: "accounts_end_families",
  text: `UPDATE klatch.token_families SET ended_at = $2::timestamptz
WHERE user_id = $1 AND ended_at IS NULL AND ($3::uuid IS NULL OR id = $3) RETURNING id`,
}
const insertFamily = {
  name: "accounts_insert_family",
  text: `INSERT INTO klatch.token_families (id, user_id, created_at, refreshed_at, expires_at, secret_hash)
VALUES ($1, $2, $3::timestamptz, $3::timestamptz, $4::timestamptz, $5)`,
}
/**
 * The newest secret is spent for the next one, which is good for as long again. The one before it does the same once
 * more while the newest was not used and its own spending is no longer ago than $5: the unseen one is spent unused.
 * Answers nothing for any other.
 */
const rotate = {
  name: "accounts_rotate",
  text: `UPDATE klatch.token_families SET secret_hash = $3, previous_hash = $2,
  refreshed_at = CASE WHEN secret_hash = $2 THEN $4::timestamptz ELSE refreshed_at END,
  expires_at = CASE WHEN secret_hash = $2 THEN $4::timestamptz + (expires_at - refreshed_at) ELSE expires_at END
WHERE id = $1 AND ended_at IS NULL AND expires_at > $4::timestamptz
  AND (secret_hash = $2 OR (previous_hash = $2 AND refreshed_at > $5::timestamptz)) RETURNING user_id`,
}
const family = {
  name: "accounts_family",
  text: "SELECT user_id, secret_hash, previous_hash, refreshed_at, ended_at FROM klatch.token_families WHERE id = $1",
}
const sweepFamilies = {
  name: "accounts_sweep_families",
  text: `DELETE FROM klatch.token_families WHERE id IN
(SELECT id FROM klatch.token_families WHERE expires_at < $1::timestamptz ORDER BY expires_at LIMIT 1000)`,
}
const insertTicket = {
  name: "tickets_insert",
  text: `INSERT INTO klatch.tickets (hash, user_id, family_id, token_until, expires_at, is_admin)
VALUES ($1, $2, $3, $4::timestamptz, $5::timestamptz, $6)`,
}
const dropTicketsOf = { name: "tickets_drop", text: "DELETE FROM klatch.tickets WHERE user_id = $1" }
const takeTicket = {
  name: "tickets_take",
  text: "DELETE FROM klatch.tickets WHERE hash = $1 RETURNING user_id, family_id, token_until, expires_at, is_admin",
}
const sweepTickets = {
  name: "tickets_sweep",
  text: `DELETE FROM klatch.tickets WHERE hash IN
(SELECT hash FROM klatch.tickets WHERE expires_at < $1::timestamptz ORDER BY expires_at LIMIT 1000)`,
}
/** Also of someone who was deleted, of whom no more is kept than tells their tokens from a newcomer's. */
const identity = {
  name: "identities_find",
  text: `SELECT i.user_id, u.display_name, u.avatar_url, u.deleted_at IS NOT NULL AS is_deleted FROM klatch.identities i
LEFT JOIN klatch.users u ON u.id = i.user_id WHERE i.issuer = $1 AND i.subject IN
  ($2, 'deleted:' || encode(sha256(convert_to($1::text || E'\\n' || $2::text, 'UTF8')), 'hex')) LIMIT 1`,
}
const insertIdentity = {
  name: "identities_insert",
  text: `INSERT INTO klatch.identities (issuer, subject, user_id, created_at) VALUES ($1, $2, $3, $4::timestamptz)
ON CONFLICT (issuer, subject) DO NOTHING RETURNING user_id`,
}
const profile = {
  name: "accounts_profile",
  text: `UPDATE klatch.users SET display_name = coalesce($2, display_name), avatar_url = coalesce($3, avatar_url)
WHERE id = $1 AND deleted_at IS NULL RETURNING id, username, display_name`,
}
const ban = {
  name: "accounts_ban",
  text: `UPDATE klatch.users SET banned_at = $2::timestamptz, tokens_from = greatest(tokens_from, $2::timestamptz)
WHERE id = $1 RETURNING id`,
}
const secret = { name: "secrets_get", text: "SELECT value FROM klatch.secrets WHERE name = $1" }
const makeSecret = {
  name: "secrets_make",
  text: "INSERT INTO klatch.secrets (name, value, created_at) VALUES ($1, $2, $3::timestamptz) ON CONFLICT DO NOTHING",
}

export const accountByName = async (db: Queryable, key: string) =>
  (await db.query<StandingRow & { password_hash: string | null }>(byName, [key]))[0]

/** Users with whether the sign-in of each is still on; those that do not exist are missing. */
export const standingsOf = (
  db: Queryable,
  wanted: readonly { userId: string; familyId: string | undefined }[],
) =>
  db.query<StandingRow & { family_id: string | null }>(standings, [
    wanted.map((one) => one.userId),
    wanted.map((one) => one.familyId ?? null),
  ])

export interface NewUser {
  readonly id: string
  readonly username: string
  readonly key: string
  readonly displayName: string
  readonly avatarUrl?: string | undefined
}

/** Answers whether the name was free. */
export async function insertNamedUser(db: Queryable, user: NewUser, at: string): Promise<boolean> {
  const values = [user.id, user.username, user.key, user.displayName, user.avatarUrl ?? null, at]
  return (await db.query(insertUser, values)).length > 0
}
/** Gives someone who only had a name this name for good; answers whether they were nobody's. */
export const takeOverUser = async (db: Queryable, user: NewUser) =>
  (await db.query(takeOver, [user.id, user.username, user.key, user.displayName])).length > 0
export const insertPassword = (db: Queryable, userId: string, hash: string, at: string) =>
  db.query(insertAccount, [userId, hash, at])
/** Makes every token from before void; answers whether there was an account. */
export const changePassword = async (db: Queryable, userId: string, hash: string, at: string) =>
  (await db.query(setPassword, [userId, hash, at])).length > 0

/** Makes every token void that was issued before. */
export const voidTokens = (db: Queryable, userId: string, at: string) => db.query(voidAll, [userId, at])

/** Ends one sign-in of a user, or all; answers which. */
export const endSignIns = async (db: Queryable, userId: string, at: string, familyId?: string) =>
  (await db.query<{ id: string }>(endFamilies, [userId, at, familyId ?? null])).map((row) => row.id)
export const insertSignIn = (
  db: Queryable,
  row: { id: string; userId: string; at: string; until: string; hash: Uint8Array },
) => db.query(insertFamily, [row.id, row.userId, row.at, row.until, row.hash])
/** Spends a refresh token's secret for the next; answers whose it is, or undefined when it was not good for that. */
export const rotateSecret = async (
  db: Queryable,
  row: { id: string; hash: Uint8Array; next: Uint8Array; at: string; graceFrom: string },
) =>
  (await db.query<{ user_id: string }>(rotate, [row.id, row.hash, row.next, row.at, row.graceFrom]))[0]
    ?.user_id
export interface FamilyRow {
  user_id: string
  secret_hash: Buffer
  previous_hash: Buffer | null
  refreshed_at: Date
  ended_at: Date | null
}
export const familyById = async (db: Queryable, id: string) => (await db.query<FamilyRow>(family, [id]))[0]

export const insertTicketRow = (
  db: Queryable,
  row: {
    hash: Uint8Array
    userId: string
    familyId: string | undefined
    tokenUntil: string | null
    until: string
    isAdmin: boolean
  },
) => {
  const { hash, userId, familyId = null, tokenUntil, until, isAdmin } = row
  return db.query(insertTicket, [hash, userId, familyId, tokenUntil, until, isAdmin])
}
/** Of whoever only claimed a name that is somebody's from now on. */
export const dropTickets = (db: Queryable, userId: string) => db.query(dropTicketsOf, [userId])
export interface TicketRow {
  user_id: string
  family_id: string | null
  token_until: Date | null
  expires_at: Date
  is_admin: boolean
}
/** Spends it; answers nothing for one that is not there, or not any more. */
export const takeTicketRow = async (db: Queryable, hash: Uint8Array) =>
  (await db.query<TicketRow>(takeTicket, [hash]))[0]

/** Removes what has expired, at most a thousand of each. */
export async function sweepExpired(db: Queryable, at: string): Promise<void> {
  await db.query(sweepFamilies, [at])
  await db.query(sweepTickets, [at])
}

export interface IdentityRow {
  user_id: string
  /** Null while the user is being made. */
  display_name: string | null
  avatar_url: string | null
  is_deleted: boolean
}
/** Whose identity this is. */
export const userOfIdentity = async (db: Queryable, issuer: string, subject: string) =>
  (await db.query<IdentityRow>(identity, [issuer, subject]))[0]
/** Answers whether it was new. */
export const insertIdentityRow = async (
  db: Queryable,
  issuer: string,
  subject: string,
  userId: string,
  at: string,
) => (await db.query(insertIdentity, [issuer, subject, userId, at])).length > 0

export const changeProfile = async (
  db: Queryable,
  id: string,
  displayName: string | undefined,
  avatarUrl: string | undefined,
) => (await db.query<User>(profile, [id, displayName ?? null, avatarUrl ?? null]))[0]
/** `at` null lets them in again; no token of before `at` is good again. Answers whether there is such a user. */
export const setBanned = async (db: Queryable, id: string, at: string | null) =>
  (await db.query(ban, [id, at])).length > 0

/** The secret of this name, made from `fresh` when there is none: the same for all nodes. */
export async function sharedSecret(
  db: Queryable,
  name: string,
  fresh: Uint8Array,
  at: string,
): Promise<Uint8Array> {
  await db.query(makeSecret, [name, fresh, at])
  return (await db.query<{ value: Buffer }>(secret, [name]))[0]!.value
}
