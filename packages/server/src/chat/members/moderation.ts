import type { Role, User } from "@klatch/protocol"
import type { Principal } from "../../auth/principal.ts"
import type { Queryable } from "../../db/sql.ts"
import { AppError } from "../../lib/app-error.ts"
import type { Clock } from "../../lib/clock.ts"
import { FIRST_ID } from "../../lib/first-id.ts"
import type { MemberData } from "../../log/entry.ts"
import type { GroupCommit } from "../../log/group-commit.ts"
import type { ChangeScope } from "../../log/log-store.ts"
import type { Standing } from "../policy/policy.ts"
import { bansOfRoom, deleteBan, insertBan, ownersOf, setMemberRole, setMutedUntil } from "./members.sql.ts"
import { endMembership, type Members, otherThan, type RoomInfo, tellRemoved } from "./members.ts"

/** What members with a say do to others: each is decided and done under the room's lock, and is an entry of its log. */
export class Moderation {
  readonly #db: Queryable
  readonly #log: GroupCommit
  readonly #members: Members
  readonly #clock: Clock

  constructor(options: { db: Queryable; log: GroupCommit; members: Members; clock: Clock }) {
    this.#db = options.db
    this.#log = options.log
    this.#members = options.members
    this.#clock = options.clock
  }

  /** Ends someone's membership. Rejects with `not_found` when there is none. */
  kick(principal: Principal, room: RoomInfo, user: User): Promise<void> {
    return this.#change(room, user, async (scope) => {
      await this.#members.requireNow(scope, principal, "kick", room, { user })
      if (!(await endMembership(scope, room, user, principal.user))) throw noMember(user)
    })
  }

  /** Changes where a member stands: all that is asked for, or nothing of it. Rejects with the policy's code. */
  change(
    principal: Principal,
    room: RoomInfo,
    user: User,
    { role, muteS }: { readonly role?: Role | undefined; readonly muteS?: number | undefined },
  ): Promise<void> {
    return this.#change(room, user, async (scope) => {
      if (muteS !== undefined) await this.#mute(scope, principal, room, user, muteS)
      if (role === "owner") await this.#transfer(scope, principal, room, user)
      else if (role !== undefined) await this.#setRole(scope, principal, room, user, role)
    })
  }

  async #setRole(scope: ChangeScope, principal: Principal, room: RoomInfo, user: User, role: Role) {
    const about = { user, nextRole: role }
    const { their } = await this.#members.requireNow(scope, principal, "set_role", room, about)
    if (their.role === role) return
    await setMemberRole(scope, room.id, user.id, role)
    tell(scope, room, user, principal, { ...dataOf(their), role })
  }

  /** Hands the room over: who owned it becomes an admin, whoever it is that does it. */
  async #transfer(scope: ChangeScope, principal: Principal, room: RoomInfo, user: User): Promise<void> {
    const { their } = await this.#members.requireNow(scope, principal, "transfer", room, { user })
    if (their.role === "owner") return
    for (const { muted_until, ...owner } of await ownersOf(scope, room.id)) {
      await setMemberRole(scope, room.id, owner.id, "admin")
      const data = { role: "admin", muted_until: muted_until?.toISOString() ?? null, banned: false } as const
      tell(scope, room, owner, principal, data)
    }
    await setMemberRole(scope, room.id, user.id, "owner")
    await setMutedUntil(scope, room.id, user.id, null)
    tell(scope, room, user, principal, { ...dataOf(their), role: "owner", muted_until: null })
  }

  /** Lets a member only read for so many seconds from now; 0 lets them write again. */
  async #mute(scope: ChangeScope, principal: Principal, room: RoomInfo, user: User, seconds: number) {
    const { their } = await this.#members.requireNow(scope, principal, "mute", room, { user })
    if (their.role === null) throw noMember(user)
    const until = seconds === 0 ? null : this.#inSeconds(seconds)
    await setMutedUntil(scope, room.id, user.id, until)
    tell(scope, room, user, principal, { ...dataOf(their), muted_until: until })
  }

  /** Ends someone's membership, if there is one, and keeps them out: for so many seconds, or for ever. */
  ban(
    principal: Principal,
    room: RoomInfo,
    user: User,
    { seconds, reason }: { readonly seconds: number | undefined; readonly reason: string },
  ): Promise<void> {
    return this.#change(room, user, async (scope) => {
      const { their } = await this.#members.requireNow(scope, principal, "ban", room, { user })
      const until = seconds === undefined ? null : this.#inSeconds(seconds)
      const [roomId, userId, by, at] = [room.id, user.id, principal.user.id, scope.at]
      await insertBan(scope, { roomId, userId, by, at, until, reason })
      // Whoever heard a public room without being a member is told as well: they hear no more of it ([A7]).
      if (!(await endMembership(scope, room, user, principal.user))) tellRemoved(scope, room, user)
      tell(scope, room, user, principal, { ...dataOf(their), role: null, banned: true })
    })
  }

  /** Lets someone come back. Rejects with `not_found` when they were not banned. */
  unban(principal: Principal, room: RoomInfo, user: User): Promise<void> {
    return this.#change(room, user, async (scope) => {
      const { their } = await this.#members.requireNow(scope, principal, "ban", room, { user })
      if (!(await deleteBan(scope, room.id, user.id)))
        throw new AppError("not_found", `${user.username} is not banned from this room.`)
      tell(scope, room, user, principal, { ...dataOf(their), banned: false })
    })
  }

  /** A page of bans in the order of the banned one's ids. Rejects with the policy's code. */
  async bans(principal: Principal, room: RoomInfo, afterId: string | undefined, limit: number) {
    await this.#members.require(principal, "ban", room)
    const at = this.#inSeconds(0)
    const rows = await bansOfRoom(this.#db, room.id, afterId ?? FIRST_ID, limit + 1, at)
    const bans = rows.slice(0, limit).map(({ id, username, display_name, ...row }) => ({
      user: { id, username, display_name },
      banned_by: row.banned_by,
      banned_at: row.banned_at.toISOString(),
      until: row.until?.toISOString() ?? null,
      reason: row.reason,
    }))
    return { bans, has_more: rows.length > limit }
  }

  #change(room: RoomInfo, user: User, apply: (scope: ChangeScope) => Promise<void>): Promise<void> {
    return this.#log.change({ roomIds: [room.id], inboxIds: [user.id], apply })
  }

  #inSeconds(seconds: number): string {
    return new Date(this.#clock.now() + seconds * 1_000).toISOString()
  }
}

const noMember = (user: User) => new AppError("not_found", `${user.username} is no member of this room.`)

const dataOf = ({ role, mutedUntilMs, isBanned }: Standing): MemberData => ({
  role,
  muted_until: mutedUntilMs === null ? null : new Date(mutedUntilMs).toISOString(),
  banned: isBanned,
})

const tell = (scope: ChangeScope, room: RoomInfo, user: User, by: Principal, data: MemberData) =>
  scope.append(room, user, { kind: "member", data: { ...data, by: otherThan(user, by.user) } })
