import { isUuid, type User } from "@klatch/protocol"
import type { Queryable } from "../db/sql.ts"
import { AppError } from "../lib/app-error.ts"
import { BatchLoader } from "../lib/batch-loader.ts"
import type { Clock } from "../lib/clock.ts"
import { Lru } from "../lib/lru.ts"
import {
  ensureUsers,
  type NamedUser,
  type ProfileRow,
  searchUsers,
  userProfile,
  usersByIds,
  usersByNames,
} from "./users.sql.ts"

/** Names are compared case-blind. */
export const usernameKey = (username: string): string => username.toLowerCase()

const CACHE_MAX = 5_000
const RACES_MAX = 5

/** Everyone there is. What was read of a name stays true until `forget` says otherwise. */
export class Users {
  readonly #db: Queryable
  readonly #clock: Clock
  readonly #newId: () => string
  readonly #cache = new Lru<string, NamedUser>(CACHE_MAX)
  readonly #listeners: ((userId: string) => void)[] = []
  readonly #ensure: BatchLoader<string, NamedUser>

  constructor(db: Queryable, clock: Clock, newId: () => string) {
    this.#db = db
    this.#clock = clock
    this.#newId = newId
    this.#ensure = new BatchLoader((names) => this.#ensureAll(names))
  }

  /** The user of this name, made when there is none. Many asked at once are one statement. */
  async ensure(username: string): Promise<User> {
    return (await this.ensureNamed(username)).user
  }

  /** The same, with whether the name is theirs alone. */
  async ensureNamed(username: string): Promise<NamedUser> {
    return this.#cache.get(usernameKey(username)) ?? this.#ensure.get(username)
  }

  onChanged(listener: (userId: string) => void): void {
    this.#listeners.push(listener)
  }

  /** How someone is shown has changed: whoever knew them forgets. */
  changed({ id, username }: User): void {
    this.forget(username)
    for (const listener of this.#listeners) listener(id)
  }

  /** The same where only the id is known. */
  changedId(id: string): void {
    this.#cache.deleteWhere(({ user }) => user.id === id)
    for (const listener of this.#listeners) listener(id)
  }

  /** Nothing that was read of anyone counts. */
  forgetAll(): void {
    this.#cache.clear()
  }

  /** Something about this name changed: it is read anew. */
  forget(username: string): void {
    this.#cache.delete(usernameKey(username))
  }

  /** The user by id or name. Rejects with `not_found`. */
  async find(ref: string): Promise<User> {
    return (await this.findAll([ref]))[0]!
  }

  /** The users by id or name, in order. Rejects with `not_found` when one is missing. */
  async findAll(refs: readonly string[]): Promise<User[]> {
    const ids = refs.filter(isUuid)
    const keys = refs.filter((ref) => !isUuid(ref)).map(usernameKey)
    const found = [
      ...(ids.length > 0 ? await usersByIds(this.#db, ids) : []),
      ...(keys.length > 0 ? await usersByNames(this.#db, keys) : []),
    ]
    return refs.map((ref) => {
      const user = found.find(
        (u) => u.id === ref.toLowerCase() || usernameKey(u.username) === usernameKey(ref),
      )
      if (!user) throw new AppError("not_found", `There is no user ${JSON.stringify(ref)}.`)
      return user
    })
  }

  /** Someone's profile. Rejects with `not_found`. */
  async profile(id: string): Promise<ProfileRow> {
    const found = await userProfile(this.#db, id)
    if (!found) throw new AppError("not_found", "There is no such user.")
    return found
  }

  /** People whose name begins with `text`, case-blind, in the order of their names, after `afterName`. */
  async search(text: string, afterName: string | undefined, limit: number) {
    const rows = await searchUsers(this.#db, usernameKey(text), usernameKey(afterName ?? ""), limit + 1)
    return { users: rows.slice(0, limit), has_more: rows.length > limit }
  }

  async #ensureAll(names: string[]): Promise<NamedUser[]> {
    const byKey = new Map<string, NamedUser>()
    for (let race = 0; race < RACES_MAX; race++) {
      const wanted = new Map(names.map((name) => [usernameKey(name), name]))
      for (const key of byKey.keys()) wanted.delete(key)
      if (wanted.size === 0) break
      const at = new Date(this.#clock.now()).toISOString()
      const rows = [...wanted].map(([key, username]) => ({ id: this.#newId(), username, key }))
      for (const [key, user] of await ensureUsers(this.#db, rows, at)) {
        byKey.set(key, user)
        this.#cache.set(key, user)
      }
    }
    return names.map((name) => {
      const user = byKey.get(usernameKey(name))
      if (!user) throw new AppError("unavailable", "This name is being made just now.", { retryAfterMs: 200 })
      return user
    })
  }
}
