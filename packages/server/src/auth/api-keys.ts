import { randomBytes } from "node:crypto"
import type { Queryable } from "../db/sql.ts"
import { AppError } from "../lib/app-error.ts"
import type { Clock } from "../lib/clock.ts"
import { Lru } from "../lib/lru.ts"
import { standingsOf } from "./accounts.sql.ts"
import { endKey, insertKey, keyByHash, keysAfter } from "./api-keys.sql.ts"
import type { Principal } from "./principal.ts"
import { hashOf } from "./sign-ins.ts"
import type { Users } from "./users.ts"

/** Who speaks where a back end speaks in its own name. */
export const systemUser = {
  id: "00000000-0000-7000-8000-000000005e57",
  username: "klatch.system",
  display_name: "System",
} as const

const prefix = "klk_"
const secretBytes = 32
/** A key that was looked up is known for so long, and not a moment longer after it was ended on another node. */
const knownMs = 1_000
const knownMax = 1_000

export const isApiKey = (token: string): boolean => token.startsWith(prefix)

/** Keys of an application's back end, which may do everything, in its own name or in a user's. */
export class ApiKeys {
  readonly #db: Queryable
  readonly #clock: Clock
  readonly #newId: () => string
  readonly #users: Users
  readonly #known = new Lru<string, { id: string; name: string; untilMs: number }>(knownMax)

  constructor(options: { db: Queryable; clock: Clock; newId: () => string; users: Users }) {
    this.#db = options.db
    this.#clock = options.clock
    this.#newId = options.newId
    this.#users = options.users
  }

  /** Makes a key; it is told this once, and only a hash of it is kept. */
  async create(name: string, by: Principal) {
    const secret = randomBytes(secretBytes)
    const at = new Date(this.#clock.now()).toISOString()
    const row = await insertKey(this.#db, {
      id: this.#newId(),
      name,
      hash: hashOf(secret),
      at,
      by: by.user.id,
    })
    return { id: row.id, name, created_at: at, key: prefix + secret.toString("base64url") }
  }

  async list(afterId: string, limit: number) {
    const rows = await keysAfter(this.#db, afterId, limit + 1)
    const keys = rows.slice(0, limit).map((row) => ({ ...row, created_at: row.created_at.toISOString() }))
    return { keys, has_more: rows.length > limit }
  }

  /** Ends one; answers its name. Rejects with `not_found`. */
  async end(id: string): Promise<string> {
    const name = await endKey(this.#db, id, new Date(this.#clock.now()).toISOString())
    if (name === undefined) throw new AppError("not_found", "There is no such key.")
    this.#known.deleteWhere((known) => known.id === id)
    return name
  }

  /**
   * Who a key speaks for: `as`, by id or name, else the system. Rejects with `unauthorized`, with `not_found`, or with
   * `forbidden` for someone who is banned: nobody speaks for them.
   */
  async principalOf(key: string, as: string | undefined): Promise<Principal> {
    const { id, name } = await this.#require(key)
    const user = as === undefined ? systemUser : await this.#users.find(as)
    if (as !== undefined) await this.requireWelcome(user.id)
    const grant = { via: "key", untilMs: Number.POSITIVE_INFINITY, isAdmin: true, key: { id, name } } as const
    return { user, grant }
  }

  /** Rejects with `forbidden` for someone who is banned from the server, `not_found` when they are gone. */
  async requireWelcome(userId: string): Promise<void> {
    const [row] = await standingsOf(this.#db, [{ userId, familyId: undefined }])
    if (!row || row.deleted_at) throw new AppError("not_found", "There is no such user.")
    if (row.banned_at) throw new AppError("forbidden", "This account is banned.")
  }

  async #require(key: string): Promise<{ id: string; name: string }> {
    const hash = hashOf(Buffer.from(key.slice(prefix.length), "base64url"))
    const known = this.#known.get(hash.toString("base64"))
    const nowMs = this.#clock.monotonicMs()
    if (known && known.untilMs > nowMs) return known
    const row = /^[\w-]{43}$/.test(key.slice(prefix.length)) ? await keyByHash(this.#db, hash) : undefined
    if (!row) throw new AppError("unauthorized", "This key is not valid.")
    this.#known.set(hash.toString("base64"), { id: row.id, name: row.name, untilMs: nowMs + knownMs })
    return row
  }
}
