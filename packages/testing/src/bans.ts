import type { Ban, User } from "@klatch/protocol"

/** Who is kept out of a room. */
export class Bans {
  readonly #byId = new Map<string, Ban>()
  readonly #now: () => number

  constructor(now: () => number) {
    this.#now = now
  }

  /** Those in force, in the order of the users' ids. */
  get all(): Ban[] {
    const now = this.#now()
    return [...this.#byId.values()]
      .filter(({ until }) => until === null || Date.parse(until) > now)
      .sort((a, b) => (a.user.id < b.user.id ? -1 : 1))
  }

  has(userId: string): boolean {
    return this.all.some(({ user }) => user.id === userId)
  }

  /** `forS`: for so many seconds; for ever without. */
  add(user: User, by: User, forS: number | undefined, reason: string): void {
    const now = this.#now()
    const until = forS === undefined ? null : new Date(now + forS * 1_000).toISOString()
    const banned_at = new Date(now).toISOString()
    this.#byId.set(user.id, { user, banned_by: by.id, banned_at, until, reason })
  }

  /** Says whether there was one. */
  remove(userId: string): boolean {
    return this.#byId.delete(userId)
  }
}
