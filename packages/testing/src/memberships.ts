import type { Role, User } from "@klatch/protocol"

/** Someone who belongs to a room. */
export interface Member extends User {
  readonly role: Role
  /** They may only read until then; null: they may write. */
  readonly muted_until: string | null
}

interface Membership {
  readonly user: User
  role: Role
  /** When it is over, in ms since the Unix epoch. */
  mutedUntilMs: number
  /** Read up to and including this seq. */
  readSeq: number
}

/** Who belongs to a room, as what, and how far they have read. */
export class Memberships {
  /** In the order in which they came. */
  readonly #byId = new Map<string, Membership>()
  /** Of those who left or were removed: who was muted, or might only read, is so when they come back. */
  readonly #past = new Map<string, { readonly isReader: boolean; readonly mutedUntilMs: number }>()
  readonly #now: () => number

  constructor(now: () => number) {
    this.#now = now
  }

  /** In the order of their ids. */
  get all(): Member[] {
    const sorted = [...this.#byId.values()].sort((a, b) => (a.user.id < b.user.id ? -1 : 1))
    return sorted.map(({ user, role }) => ({ ...user, role, muted_until: this.mutedUntil(user.id) }))
  }

  get owners(): User[] {
    return [...this.#byId.values()].filter(({ role }) => role === "owner").map(({ user }) => user)
  }

  /** Whoever owns the room next: the highest of those who stay, of them the first to come. */
  get heir(): User | undefined {
    const heirs = [...this.#byId.values()]
    for (const role of ["owner", "admin", "moderator", "member", "reader"]) {
      const found = heirs.find((one) => one.role === role)
      if (found) return found.user
    }
    return undefined
  }

  role(userId: string): Role | undefined {
    return this.#byId.get(userId)?.role
  }

  /** Until when they may only read; null: they may write. */
  mutedUntil(userId: string): string | null {
    const untilMs = (this.#byId.get(userId) ?? this.#past.get(userId))?.mutedUntilMs ?? 0
    return untilMs > this.#now() ? new Date(untilMs).toISOString() : null
  }

  readSeq(userId: string): number | undefined {
    return this.#byId.get(userId)?.readSeq
  }

  /** Whether someone who is no member left as a reader. */
  wasReader(userId: string): boolean {
    return this.#past.get(userId)?.isReader ?? false
  }

  /** Answers the role: who left as a reader comes back as one. */
  add(user: User, role: Role, readSeq: number): Role {
    const { isReader = false, mutedUntilMs = 0 } = this.#past.get(user.id) ?? {}
    this.#past.delete(user.id)
    const given = isReader ? "reader" : role
    this.#byId.set(user.id, { user, role: given, mutedUntilMs, readSeq })
    return given
  }

  /** Says whether there was a membership. */
  remove(userId: string): boolean {
    const gone = this.#byId.get(userId)
    if (!gone) return false
    const { role, mutedUntilMs } = gone
    if (role === "reader" || mutedUntilMs > this.#now())
      this.#past.set(userId, { isReader: role === "reader", mutedUntilMs })
    return this.#byId.delete(userId)
  }

  /** Changes where a member stands; someone who is none: nothing happens. */
  change(userId: string, standing: { readonly role?: Role; readonly mutedUntilMs?: number }): void {
    const membership = this.#byId.get(userId)
    if (membership) Object.assign(membership, standing)
  }

  /** Moves the mark forward; answers where it stands then, null when it did not move. */
  markRead(userId: string, seq: number): number | null {
    const membership = this.#byId.get(userId)
    if (!membership || seq <= membership.readSeq) return null
    membership.readSeq = seq
    return seq
  }
}
