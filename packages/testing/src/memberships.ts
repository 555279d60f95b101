import type { Role, User } from "@klatch/protocol"

/** Someone who belongs to a room. */
export interface Member extends User {
  readonly role: Role
  readonly muted_until: null
}

interface Membership {
  readonly user: User
  readonly role: Role
  /** Read up to and including this seq. */
  readSeq: number
}

/** Who belongs to a room, as what, and how far they have read. */
export class Memberships {
  readonly #byId = new Map<string, Membership>()

  /** In the order of their ids. */
  get all(): Member[] {
    const sorted = [...this.#byId.values()].sort((a, b) => (a.user.id < b.user.id ? -1 : 1))
    return sorted.map(({ user, role }) => ({ ...user, role, muted_until: null }))
  }

  role(userId: string): Role | undefined {
    return this.#byId.get(userId)?.role
  }

  readSeq(userId: string): number | undefined {
    return this.#byId.get(userId)?.readSeq
  }

  add(user: User, role: Role, readSeq: number): void {
    this.#byId.set(user.id, { user, role, readSeq })
  }

  /** Says whether there was a membership. */
  remove(userId: string): boolean {
    return this.#byId.delete(userId)
  }

  /** Moves the mark forward; answers where it stands then, null when it did not move. */
  markRead(userId: string, seq: number): number | null {
    const membership = this.#byId.get(userId)
    if (!membership || seq <= membership.readSeq) return null
    membership.readSeq = seq
    return seq
  }
}
