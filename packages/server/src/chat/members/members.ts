import type { Role, User } from "@klatch/protocol"
import type { Principal } from "../../auth/principal.ts"
import type { Queryable } from "../../db/sql.ts"
import { AppError } from "../../lib/app-error.ts"
import { BatchLoader } from "../../lib/batch-loader.ts"
import type { LogRoom } from "../../log/entry.ts"
import type { GroupCommit } from "../../log/group-commit.ts"
import type { ChangeScope } from "../../log/log-store.ts"
import { type Action, decide } from "../policy/policy.ts"
import {
  followedRooms,
  insertMember,
  type MemberRow,
  membersOfRoom,
  removeMember,
  rolesOf,
} from "./members.sql.ts"

/** A room as members and rooms know it. */
export interface RoomInfo extends LogRoom {
  readonly slug: string | null
  readonly name: string
}

/** The same words for what is missing and for what one may not know of. */
export const NO_SUCH_ROOM = "There is no such room."
const FOLLOWED_MAX = 200
const FIRST_ID = "00000000-0000-0000-0000-000000000000"

/** Who belongs to which room. A membership is an entry once, when it begins or ends. */
export class Members {
  readonly #db: Queryable
  readonly #log: GroupCommit
  readonly #roles: BatchLoader<{ roomId: string; userId: string }, Role | null>
  readonly #followed: BatchLoader<string, RoomInfo[]>

  constructor(db: Queryable, log: GroupCommit) {
    this.#db = db
    this.#log = log
    this.#roles = new BatchLoader(async (pairs) => {
      const found = new Map<string, Role>()
      for (const row of await rolesOf(db, pairs)) found.set(`${row.room_id} ${row.user_id}`, row.role)
      return pairs.map(({ roomId, userId }) => found.get(`${roomId} ${userId}`) ?? null)
    })
    this.#followed = new BatchLoader(async (userIds) => {
      const found = Map.groupBy(
        await followedRooms(db, [...new Set(userIds)], FOLLOWED_MAX),
        (row) => row.user_id,
      )
      return userIds.map((id) =>
        (found.get(id) ?? []).map((row) => ({
          id: row.id,
          kind: row.kind,
          slug: row.slug,
          name: row.name,
          label: row.slug ?? row.name,
        })),
      )
    })
  }

  /** The user's role, or null. Many asked at once are one query. */
  async role(room: LogRoom, userId: string): Promise<Role | null> {
    if (room.kind === "inbox") return room.id === userId ? "reader" : null
    if (room.kind === "broadcast") return "member"
    return this.#roles.get({ roomId: room.id, userId })
  }

  /** The role under which the principal may do this. Rejects with the policy's code when it may not. */
  async require(principal: Principal, action: Action, room: LogRoom): Promise<Role | null> {
    const role = await this.role(room, principal.user.id)
    const verdict = decide(action, room.kind, role)
    if (!verdict.allowed)
      throw new AppError(verdict.code, verdict.code === "not_found" ? NO_SUCH_ROOM : undefined)
    return role
  }

  /**
   * Makes the principal a member; answers its role. A member stays what it is. Rejects with the policy's code,
   * unless `isAdmitted`: groups of open mode take whoever names them.
   */
  async join(principal: Principal, room: RoomInfo, isAdmitted = false): Promise<Role> {
    const role = isAdmitted
      ? await this.role(room, principal.user.id)
      : await this.require(principal, "join", room)
    return (
      role ??
      this.#log.change({
        roomIds: [room.id],
        inboxIds: [principal.user.id],
        apply: async (scope) => {
          await addMember(scope, room, principal.user, "member")
          return "member" as const
        },
      })
    )
  }

  /** Adds others to a room. Those who are members already stay what they are. */
  async add(principal: Principal, room: RoomInfo, users: readonly User[]): Promise<void> {
    await this.require(principal, "add_members", room)
    await this.#log.change({
      roomIds: [room.id],
      inboxIds: users.map((user) => user.id),
      apply: async (scope) => {
        for (const user of users) await addMember(scope, room, user, "member")
      },
    })
  }

  /** Ends the principal's membership. Someone who is no member leaves without a word. */
  async leave(principal: Principal, room: RoomInfo): Promise<void> {
    await this.require(principal, "leave", room)
    await this.#log.change({
      roomIds: [room.id],
      inboxIds: [principal.user.id],
      apply: async (scope) => {
        if (scope.head(room.id) === undefined) throw new AppError("not_found")
        if (!(await removeMember(scope, room.id, principal.user.id))) return
        scope.append(room, principal.user, { kind: "leave" })
        scope.append(inboxOf(principal.user), principal.user, {
          kind: "room_removed",
          data: { room: { id: room.id } },
        })
      },
    })
  }

  /** A page of members in the order of their ids, after `afterId`. */
  async list(
    room: RoomInfo,
    afterId: string | undefined,
    limit: number,
  ): Promise<{ members: MemberRow[]; has_more: boolean }> {
    const rows = await membersOfRoom(this.#db, room.id, afterId ?? FIRST_ID, limit + 1)
    return { members: rows.slice(0, limit), has_more: rows.length > limit }
  }

  /** The direct rooms and groups that a connection of this user follows by itself, the newest 200. */
  followed(userId: string): Promise<RoomInfo[]> {
    return this.#followed.get(userId)
  }
}

/** A user's inbox as a room: its id is the user's. */
export const inboxOf = (user: User): LogRoom => ({ id: user.id, kind: "inbox", label: "inbox" })

/** Within a change that holds the room and the user's inbox: a membership, its entry, and the word in the inbox. */
export async function addMember(scope: ChangeScope, room: RoomInfo, user: User, role: Role): Promise<void> {
  const head = scope.head(room.id)
  if (head === undefined) throw new AppError("not_found")
  if (!(await insertMember(scope, room.id, user.id, role, head + 1))) return
  scope.append(room, user, { kind: "join", data: { role } })
  scope.append(inboxOf(user), user, {
    kind: "room_added",
    data: { room: { id: room.id, kind: room.kind, name: room.name, slug: room.slug }, since: head },
  })
}
