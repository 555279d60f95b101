import type { Role, User } from "@klatch/protocol"
import type { Http } from "./http.ts"

/** Someone who belongs to a room. */
export interface Member extends User {
  readonly role: Role
}

/** Who belongs to a room. */
export interface Members {
  /** A page of at most 100, in the order of their ids, after the id `after`. Rejects with a `KlatchError`. */
  list(after?: string): Promise<{ readonly members: readonly Member[]; readonly has_more: boolean }>
  /** Makes others members, by name or id. Rejects with a `KlatchError`: `forbidden`, `not_found`. */
  add(users: readonly string[]): Promise<void>
  /** Ends one's own membership. Rejects with a `KlatchError`. */
  leave(): Promise<void>
}

/** A room's members, asked of the server each time. */
export class RoomMembers implements Members {
  readonly #http: Http
  readonly #path: () => string

  /** `path`: the room's own, with its id or slug. */
  constructor(http: Http, path: () => string) {
    this.#http = http
    this.#path = path
  }

  list(after?: string): Promise<{ members: Member[]; has_more: boolean }> {
    const query = after === undefined ? "" : `&after=${encodeURIComponent(after)}`
    return this.#http.request("GET", `${this.#path()}/members?limit=100${query}`)
  }

  async add(users: readonly string[]): Promise<void> {
    await this.#http.request("POST", `${this.#path()}/members`, { users })
  }

  async leave(): Promise<void> {
    await this.#http.request("POST", `${this.#path()}/leave`)
  }
}
