import type { Session } from "./session.ts"

/**
 * Every session, from before it opens until it is closed, and those of each user. A user with one connection, as most
 * have, costs one map entry.
 */
export class Registry {
  readonly #byUser = new Map<string, Session | Set<Session>>()
  #count = 0

  get count(): number {
    return this.#count
  }

  add(session: Session): void {
    this.#count++
    const id = session.principal.user.id
    const known = this.#byUser.get(id)
    if (!known) this.#byUser.set(id, session)
    else if (known instanceof Set) known.add(session)
    else this.#byUser.set(id, new Set([known, session]))
  }

  /** One that is not there, or not any more, changes nothing. */
  remove(session: Session): void {
    const id = session.principal.user.id
    const known = this.#byUser.get(id)
    if (known instanceof Set) {
      if (!known.delete(session)) return
      if (known.size === 0) this.#byUser.delete(id)
    } else if (known === session) this.#byUser.delete(id)
    else return
    this.#count--
  }

  /** The open sessions of a user, as they are now. */
  ofUser(userId: string): readonly Session[] {
    const known = this.#byUser.get(userId)
    return known === undefined ? [] : known instanceof Set ? [...known] : [known]
  }

  *all(): IterableIterator<Session> {
    for (const known of this.#byUser.values())
      if (known instanceof Set) yield* known
      else yield known
  }
}
