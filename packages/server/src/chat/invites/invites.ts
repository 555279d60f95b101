import { randomBytes } from "node:crypto"
import type { Role } from "@klatch/protocol"
import type { Principal } from "../../auth/principal.ts"
import { hashOf } from "../../auth/sign-ins.ts"
import type { Queryable } from "../../db/sql.ts"
import { AppError } from "../../lib/app-error.ts"
import type { Clock } from "../../lib/clock.ts"
import { FIRST_ID } from "../../lib/first-id.ts"
import type { GroupCommit } from "../../log/group-commit.ts"
import { addMember, type Members, type RoomInfo } from "../members/members.ts"
import { decide, type RoomFacts } from "../policy/policy.ts"
import type { Rooms } from "../rooms/rooms.ts"
import {
  endInvite,
  type InviteRow,
  insertInvite,
  inviteByCode,
  invitesOfRoom,
  type MakerRow,
  makerOf,
  useInvite,
} from "./invites.sql.ts"

export interface NewInvite {
  readonly expires_in_s: number
  readonly uses_max: number
  readonly role: Role
}

const CODE_BYTES = 16
/** The same words for a wrong code, an old one and one that is used up. */
const noInvite = () => new AppError("not_found", "This invitation does not exist, or not any more.")

/** Ways into a room for whoever has a code. */
export class Invites {
  readonly #db: Queryable
  readonly #log: GroupCommit
  readonly #members: Members
  readonly #rooms: Rooms
  readonly #clock: Clock
  readonly #newId: () => string

  constructor(options: {
    readonly db: Queryable
    readonly log: GroupCommit
    readonly members: Members
    readonly rooms: Rooms
    readonly clock: Clock
    readonly newId: () => string
  }) {
    this.#db = options.db
    this.#log = options.log
    this.#members = options.members
    this.#rooms = options.rooms
    this.#clock = options.clock
    this.#newId = options.newId
  }

  /** Makes one; its code is told this once. Rejects with the policy's code. */
  async create(principal: Principal, room: RoomInfo, input: NewInvite) {
    const { role } = await this.#members.require(principal, "invite", room)
    const { isArchived = false, rights = {} } = room.settings ?? {}
    const byRole = mayInvite({ kind: room.kind, isArchived, rights }, role, false, this.#clock.now())
    const code = randomBytes(CODE_BYTES)
    const row = await insertInvite(this.#db, {
      hash: hashOf(code),
      id: this.#newId(),
      roomId: room.id,
      by: principal.user.id,
      at: this.#at(),
      until: this.#at(input.expires_in_s * 1_000),
      usesMax: input.uses_max,
      role: input.role,
      byAdmin: !byRole && principal.grant?.via !== "account",
    })
    return { ...shown(row), code: code.toString("base64url") }
  }

  /** A page of those that can still be used, in the order of their ids. Rejects with the policy's code. */
  async list(principal: Principal, room: RoomInfo, afterId: string | undefined, limit: number) {
    await this.#members.require(principal, "change_room", room)
    const rows = await invitesOfRoom(this.#db, room.id, afterId ?? FIRST_ID, limit + 1, this.#at())
    return { invites: rows.slice(0, limit).map(shown), has_more: rows.length > limit }
  }

  /** Ends one. Rejects with `not_found` when there is none that could be used. */
  async end(principal: Principal, room: RoomInfo, id: string): Promise<void> {
    await this.#members.require(principal, "change_room", room)
    if (!(await endInvite(this.#db, room.id, id, this.#at()))) throw noInvite()
  }

  /**
   * Makes the principal a member of the room that a code is for. Answers the room, and whose invitation was used:
   * a member uses none up. It is good only while who made it may invite: whoever was put out has left no way in.
   */
  async accept(principal: Principal, code: string): Promise<{ room: RoomInfo; used: InviteRow | undefined }> {
    const hash = hashOf(Buffer.from(code, "base64url"))
    const row = await inviteByCode(this.#db, hash, this.#at())
    if (!row) throw noInvite()
    const room = await this.#rooms.find(principal, row.room_id)
    const used = await this.#log.change({
      roomIds: [room.id],
      inboxIds: [principal.user.id],
      apply: async (scope) => {
        const maker = await makerOf(scope, hash, scope.at)
        if (!maker || !isGood(maker, this.#clock.now())) throw noInvite()
        if (room.settings?.isArchived) throw new AppError("forbidden", "This room is archived.")
        const { role, isBanned } = await this.#members.standingNow(scope, room, principal.user.id)
        if (role !== null) return undefined
        if (isBanned) throw new AppError("forbidden", "You are banned from this room.")
        const given = await useInvite(scope, hash, scope.at)
        if (given === undefined) throw noInvite()
        await addMember(scope, room, principal.user, given)
        return row
      },
    })
    return { room, used }
  }

  #at(fromNowMs = 0): string {
    return new Date(this.#clock.now() + fromNowMs).toISOString()
  }
}

const mayInvite = (room: RoomFacts, role: Role | null, isAdmin: boolean, nowMs: number): boolean =>
  decide({
    action: "invite",
    asker: { isAdmin, mayBroadcast: false },
    standing: { role, mutedUntilMs: null, isBanned: false },
    room,
    nowMs,
  }).allowed

/** That the room is archived ends no invitation: whoever comes by it is told so. */
const isGood = ({ kind, rights, role, is_admin, is_banned }: MakerRow, nowMs: number): boolean =>
  !is_banned && mayInvite({ kind, rights, isArchived: false }, role, is_admin, nowMs)

const shown = ({ created_at, expires_at, ...row }: InviteRow) => ({
  ...row,
  created_at: created_at.toISOString(),
  expires_at: expires_at.toISOString(),
})
