import type { Member, Role, User } from "@klatch/protocol"
import { askingOf, isAdmin, type Principal } from "../../auth/principal.ts"
import type { Database } from "../../db/sql.ts"
import { AppError } from "../../lib/app-error.ts"
import { BatchLoader } from "../../lib/batch-loader.ts"
import type { Clock } from "../../lib/clock.ts"
import { FIRST_ID } from "../../lib/first-id.ts"
import type { LogRoom } from "../../log/entry.ts"
import type { GroupCommit } from "../../log/group-commit.ts"
import type { ChangeScope } from "../../log/log-store.ts"
import { type Action, type Asker, decide, type Rights, type Standing, type Target } from "../policy/policy.ts"
import {
  type FollowedRow,
  followedRooms,
  heirOf,
  insertMember,
  membersOfRoom,
  removeMember,
  setMemberRole,
  setMutedUntil,
} from "./members.sql.ts"
import { nowhere, Standings, standingLoader } from "./standings.ts"

/** What of a room is not as in every other. */
export interface RoomSettings {
  readonly isArchived: boolean
  readonly slowModeS: number
  readonly rights: Rights
}

/** A room as members and rooms know it. */
export interface RoomInfo extends LogRoom {
  readonly slug: string | null
  readonly name: string
  /** Undefined where all is as in every other room, which is most. */
  readonly settings?: RoomSettings | undefined
}

export interface MembersOptions {
  readonly db: Database
  readonly log: GroupCommit
  readonly clock: Clock
  /** In open mode everyone may broadcast. */
  readonly isOpen: boolean
}

/** A member's role, and where the room's log stood when that was so. */
export interface Joined {
  readonly role: Role
  readonly head: number
}

/** A room that someone follows by itself, and where its log stood when that was read. */
export interface FollowedRoom {
  readonly room: RoomInfo
  readonly head: number
}

/** The same words for what is missing and for what one may not know of. */
export const NO_SUCH_ROOM = "There is no such room."
const FOLLOWED_MAX = 200
const PASSING_MS = 30_000

/** Who belongs to which room, and who may do what there. A membership is an entry once, when it begins or ends. */
export class Members {
  readonly #options: MembersOptions
  readonly #standings: Standings
  readonly #followed: BatchLoader<string, FollowedRoom[]>

  constructor(options: MembersOptions) {
    this.#options = options
    this.#standings = new Standings(options.db, options.clock)
    this.#followed = new BatchLoader(async (userIds) => {
      const rows = await followedRooms(options.db, [...new Set(userIds)], FOLLOWED_MAX)
      const found = Map.groupBy(rows, (row) => row.user_id)
      return userIds.map((id) =>
        (found.get(id) ?? []).map((row) => ({ room: roomInfoOfRow(row), head: row.head })),
      )
    })
  }

  /** Something changed where these users stand: nothing that was known of it counts. */
  forget(roomId: string, userIds: readonly string[]): void {
    this.#standings.forget(roomId, userIds)
  }

  forgetAll(): void {
    this.#standings.forgetAll()
  }

  /** The user's standing. Many asked at once are one query. */
  async standing(room: LogRoom, userId: string): Promise<Standing> {
    return standingByKind(room, userId) ?? this.#standings.load(room.id, userId)
  }

  /** Whether the principal may post here, from memory and at once; undefined when it must be asked for. */
  mayPost(principal: Principal, room: RoomInfo): boolean | undefined {
    const standing =
      standingByKind(room, principal.user.id) ?? this.#standings.peek(room.id, principal.user.id)
    return standing && this.#decide("post", principal, room, standing).allowed
  }

  /**
   * The same for what passes: half a minute old does for it, so that typing asks the database but seldom. A promise
   * where it must be asked for.
   */
  mayType(principal: Principal, room: RoomInfo): boolean | Promise<boolean> {
    const { id } = principal.user
    const may = (standing: Standing) => this.#decide("post", principal, room, standing).allowed
    const standing = standingByKind(room, id) ?? this.#standings.peek(room.id, id, PASSING_MS)
    return standing ? may(standing) : this.#standings.learn(room.id, id).then(may)
  }

  /** Whether the principal stands as a moderator or higher, as far as is known at once. */
  isModerator(principal: Principal, room: RoomInfo): boolean {
    const role = this.#standings.peek(room.id, principal.user.id)?.role
    return isAdmin(principal) || role === "owner" || role === "admin" || role === "moderator"
  }

  /** The standing by which the principal may do this. Rejects with the policy's code when it may not. */
  async require(principal: Principal, action: Action, room: RoomInfo): Promise<Standing> {
    const { id } = principal.user
    const standing =
      action === "post" && !standingByKind(room, id)
        ? await this.#standings.learn(room.id, id)
        : await this.standing(room, id)
    this.#demand(action, principal, room, standing)
    return standing
  }

  /**
   * The same within a change, on what is true while it holds the room's lock. `target` is on whom it acts.
   */
  async requireNow(
    scope: ChangeScope,
    principal: Principal,
    action: Action,
    room: RoomInfo,
    target?: { readonly user: User; readonly nextRole?: Role | undefined },
  ): Promise<{ readonly own: Standing; readonly their: Standing }> {
    if (scope.head(room.id) === undefined) throw new AppError("not_found", NO_SUCH_ROOM)
    const now = standingLoader(scope, this.#options.clock)
    const [own, their] = await Promise.all([
      standingByKind(room, principal.user.id) ?? now.get({ roomId: room.id, userId: principal.user.id }),
      target ? now.get({ roomId: room.id, userId: target.user.id }) : nowhere,
    ])
    const isSelf = target?.user.id === principal.user.id
    this.#demand(
      action,
      principal,
      room,
      own,
      target && { role: their.role, isSelf, nextRole: target.nextRole },
    )
    return { own, their }
  }

  /** Someone's standing within a change, true while it holds the room's lock. */
  standingNow(scope: ChangeScope, room: RoomInfo, userId: string): Promise<Standing> {
    return standingLoader(scope, this.#options.clock).get({ roomId: room.id, userId })
  }

  /**
   * Makes the principal a member; answers its role, and where the log stood then. A member stays what it is. Rejects
   * with the policy's code, unless `isAdmitted`: groups of open mode take whoever names them.
   */
  async join(principal: Principal, room: RoomInfo, isAdmitted = false): Promise<Joined> {
    const { user } = principal
    const standing = await this.standing(room, user.id)
    if (!isAdmitted || standing.isBanned) this.#demand("join", principal, room, standing)
    const { role, head = 0 } = standing
    if (role !== null) return { role, head }
    return this.#options.log.change({
      roomIds: [room.id],
      inboxIds: [user.id],
      apply: async (scope) => {
        if (!isAdmitted) await this.requireNow(scope, principal, "join", room)
        return { role: await addMember(scope, room, user, "member"), head: scope.head(room.id) ?? 0 }
      },
    })
  }

  /** Adds others to a room. Those who are members already stay what they are; those who are banned are refused. */
  async add(principal: Principal, room: RoomInfo, users: readonly User[]): Promise<void> {
    await this.#options.log.change({
      roomIds: [room.id],
      inboxIds: users.map((user) => user.id),
      apply: async (scope) => {
        await this.requireNow(scope, principal, "add_members", room)
        const now = standingLoader(scope, this.#options.clock)
        const standings = await Promise.all(
          users.map(({ id: userId }) => now.get({ roomId: room.id, userId })),
        )
        const banned = users.find((_, i) => standings[i]?.isBanned)
        if (banned) throw new AppError("forbidden", `${banned.username} is banned from this room.`)
        for (const user of users) await addMember(scope, room, user, "member", principal.user)
      },
    })
  }

  /** Ends the principal's membership; answers whose the room is by that. Who is no member leaves without a word. */
  async leave(principal: Principal, room: RoomInfo): Promise<HeirOf | undefined> {
    await this.require(principal, "leave", room)
    return this.#options.log.change({
      roomIds: [room.id],
      inboxIds: [principal.user.id],
      apply: async (scope) => {
        if (scope.head(room.id) === undefined) throw new AppError("not_found")
        return (await endMembership(scope, room, principal.user))?.heir
      },
    })
  }

  /** A page of members in the order of their ids, after `afterId`. */
  async list(
    principal: Principal,
    room: RoomInfo,
    afterId: string | undefined,
    limit: number,
  ): Promise<{ members: Member[]; has_more: boolean }> {
    const at = new Date(this.#options.clock.now()).toISOString()
    const rows = await membersOfRoom(
      this.#options.db.asking(askingOf(principal), room.id),
      room.id,
      afterId ?? FIRST_ID,
      limit + 1,
      at,
    )
    const members = rows
      .slice(0, limit)
      .map(({ muted_until, ...row }) => ({ ...row, muted_until: muted_until?.toISOString() ?? null }))
    return { members, has_more: rows.length > limit }
  }

  /** The direct rooms and groups that a connection of this user follows by itself, the newest 200. */
  followed(userId: string): Promise<FollowedRoom[]> {
    return this.#followed.get(userId)
  }

  #demand(action: Action, principal: Principal, room: RoomInfo, standing: Standing, target?: Target): void {
    const verdict = this.#decide(action, principal, room, standing, target)
    if (!verdict.allowed) throw new AppError(verdict.code, verdict.why)
  }

  #decide(action: Action, principal: Principal, room: RoomInfo, standing: Standing, target?: Target) {
    const asker: Asker = {
      isAdmin: isAdmin(principal),
      mayBroadcast: this.#options.isOpen || isAdmin(principal),
    }
    const { isArchived = false, rights = {} } = room.settings ?? {}
    const facts = { kind: room.kind, isArchived, rights }
    return decide({ action, asker, standing, room: facts, target, nowMs: this.#options.clock.now() })
  }
}

const member: Standing = { role: "member", mutedUntilMs: null, isBanned: false }
const reader: Standing = { role: "reader", mutedUntilMs: null, isBanned: false }

/** In rooms of which nobody has a row. */
function standingByKind(room: LogRoom, userId: string): Standing | undefined {
  if (room.kind === "inbox") return room.id === userId ? reader : nowhere
  return room.kind === "broadcast" ? member : undefined
}

/** A room's settings, undefined where all is as in every other. */
export function settingsOf(row: {
  readonly archived_at: Date | null
  readonly slow_mode_s: number
  readonly rights: object
}): RoomSettings | undefined {
  const isPlain = row.archived_at === null && row.slow_mode_s === 0 && Object.keys(row.rights).length === 0
  return isPlain
    ? undefined
    : { isArchived: row.archived_at !== null, slowModeS: row.slow_mode_s, rights: row.rights as Rights }
}

const roomInfoOfRow = (row: FollowedRow): RoomInfo => ({
  id: row.id,
  kind: row.kind,
  slug: row.slug,
  name: row.name,
  label: row.slug ?? row.name,
  settings: settingsOf(row),
})

/** Whose a room is once its owner has left. */
type HeirOf = Pick<User, "id" | "username">

/** A user's inbox as a room: its id is the user's. */
export const inboxOf = (user: { readonly id: string }): LogRoom => ({
  id: user.id,
  kind: "inbox",
  label: "inbox",
})

/**
 * Within a change that holds the room and the user's inbox: a membership, its entry, and the word in the inbox. Answers
 * the role: who left as a reader comes back as one.
 */
export async function addMember(
  scope: ChangeScope,
  room: RoomInfo,
  user: User,
  role: Role,
  by?: User,
): Promise<Role> {
  const head = scope.head(room.id)
  if (head === undefined) throw new AppError("not_found")
  const given = await insertMember(scope, room.id, user.id, role, head + 1)
  if (given === undefined) return role
  scope.append(room, user, { kind: "join", data: { role: given, by: otherThan(user, by) } })
  scope.append(inboxOf(user), user, {
    kind: "room_added",
    data: { room: { id: room.id, kind: room.kind, name: room.name, slug: room.slug }, since: head },
  })
  return given
}

/**
 * The end of one, the same way: undefined when there was none, else who has the room by that, if so. A room whose owner
 * goes is its heir's, if there is one.
 */
export async function endMembership(
  scope: ChangeScope,
  room: RoomInfo,
  user: User,
  by?: User,
): Promise<{ heir: HeirOf | undefined } | undefined> {
  const role = await removeMember(scope, room.id, user.id, scope.at)
  if (role === undefined) return undefined
  scope.append(room, user, { kind: "leave", data: { by: otherThan(user, by) } })
  tellRemoved(scope, room, user)
  const heir = role === "owner" ? await heirOf(scope, room.id) : undefined
  if (heir) {
    await setMemberRole(scope, room.id, heir.id, "owner")
    await setMutedUntil(scope, room.id, heir.id, null)
    scope.append(room, heir, { kind: "member", data: { role: "owner", muted_until: null, banned: false } })
  }
  return { heir }
}

/** Tells someone that a room is no longer theirs: what they hear of it ends with this. */
export const tellRemoved = (scope: ChangeScope, room: RoomInfo, user: User): void =>
  void scope.append(inboxOf(user), user, { kind: "room_removed", data: { room: { id: room.id } } })

/** Who did it, as entries tell it; undefined when it was they themselves. */
export const otherThan = (user: User, by: User | undefined) =>
  by === undefined || by.id === user.id ? undefined : { id: by.id, username: by.username }
