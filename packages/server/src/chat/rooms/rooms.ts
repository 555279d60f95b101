import { isUuid, limits, type Role, type Room, type RoomKind, type User } from "@klatch/protocol"
import { askingOf, type Principal } from "../../auth/principal.ts"
import type { Database } from "../../db/sql.ts"
import { AppError } from "../../lib/app-error.ts"
import { FIRST_ID } from "../../lib/first-id.ts"
import { type Entry, eventOf } from "../../log/entry.ts"
import type { GroupCommit } from "../../log/group-commit.ts"
import { readNewestMessages } from "../../log/read.sql.ts"
import { addMember, inboxOf, type Members, NO_SUCH_ROOM, type RoomInfo } from "../members/members.ts"
import type { Action } from "../policy/policy.ts"
import { directName, type RoomDirectory, roomInfoOf, slugName } from "./room-directory.ts"
import {
  deleteRoom,
  discoverRooms,
  insertRoom,
  type MyRoomRow,
  myRooms,
  type RoomChange,
  type RoomRow,
  roomMemberIds,
  roomsByIds,
  takeRoomName,
  updateRoom,
} from "./rooms.sql.ts"

/** What must be allowed to change each of these. */
const actionOf: Readonly<Record<keyof RoomChange, Action>> = {
  name: "change_room",
  topic: "change_room",
  archived: "archive",
  slow_mode_s: "change_rights",
  rights: "change_rights",
}

/** The room of those who name none. */
export const LOBBY = "lobby"

/** The room that everyone connected listens to, as it is where nobody has set it otherwise. */
export const broadcastRoom: RoomInfo = {
  id: "00000000-0000-7000-8000-00000000b0ad",
  kind: "broadcast",
  slug: null,
  name: "broadcast",
  label: "broadcast",
}

export interface NewRoom {
  readonly kind: Exclude<RoomKind, "inbox" | "broadcast">
  readonly name: string
  readonly slug?: string | undefined
  readonly topic?: string | undefined
  readonly members?: readonly User[]
}

export interface RoomsOptions {
  readonly db: Database
  readonly log: GroupCommit
  readonly directory: RoomDirectory
  readonly members: Members
  readonly newId: () => string
  /** In open mode rooms are made by naming them. */
  readonly isOpen: boolean
  /** A room was made by naming it. */
  readonly onNamed?: (by: Principal, room: RoomInfo) => Promise<void>
}

const MEMBERS_TOLD_MAX = 1_000

/** Rooms: found, made, changed and deleted. */
export class Rooms {
  readonly #options: RoomsOptions

  constructor(options: RoomsOptions) {
    this.#options = options
  }

  /** By id or slug. Rejects with `not_found`. */
  async find(principal: Principal, ref: string): Promise<RoomInfo> {
    if (ref === principal.user.id) return { ...inboxOf(principal.user), slug: null, name: "inbox" }
    const room = await this.#options.directory.find(ref)
    if (!room) throw new AppError("not_found", NO_SUCH_ROOM)
    return room
  }

  /**
   * The public room of this slug. In open mode it is made when there is none; where people sign in, only the lobby is,
   * which is everyone's. Rejects with `not_found`, also for an id that no room has.
   */
  async ensurePublic(principal: Principal, slug: string): Promise<RoomInfo> {
    if (!this.#options.isOpen && slug !== LOBBY) return this.find(principal, slug)
    return this.#ensure(principal, "public", slug)
  }

  /** The group of this slug, in open mode made when there is none. */
  async ensureGroup(principal: Principal, slug: string): Promise<RoomInfo> {
    return this.#options.isOpen ? this.#ensure(principal, "group", slug) : this.find(principal, slug)
  }

  /** The one direct room of these two, whoever opens it. */
  async direct(principal: Principal, other: User): Promise<RoomInfo> {
    const { user } = principal
    const name = directName(user.id, other.id)
    const found = await this.#options.directory.findNamed(name)
    if (found) return found
    const both = user.id === other.id ? [user] : [user, other]
    const label = both
      .map((u) => u.username)
      .sort()
      .join(",")
    return (await this.#make(user, { kind: "direct", name: label, members: both }, name)).room
  }

  /** Makes a room, its maker the owner. Rejects with `conflict` when the slug is taken. */
  async create(principal: Principal, input: NewRoom): Promise<Room> {
    const slug = input.slug ?? (input.kind === "public" ? slugOf(input.name) : undefined)
    const { room, made } = await this.#make(principal.user, { ...input, slug })
    if (!made) throw new AppError("conflict", `The slug ${JSON.stringify(slug)} is taken.`)
    return this.get(principal, room.id)
  }

  /** A room as the principal sees it. Rejects with `not_found` when it may not know of it. */
  async get(principal: Principal, ref: string): Promise<Room> {
    const { db, members } = this.#options
    const room = await this.find(principal, ref)
    const { role } = await members.require(principal, "read", room)
    const row = (await roomsByIds(db.asking(askingOf(principal), room.id), [room.id]))[0]
    if (!row) throw new AppError("not_found", NO_SUCH_ROOM)
    return publicRoom(row, role)
  }

  /** Changes name, topic or settings. Rejects with the policy's code. */
  async change(principal: Principal, ref: string, input: RoomChange): Promise<Room> {
    const { log, members, directory } = this.#options
    const room = await this.find(principal, ref)
    const asked = new Set<Action>(
      Object.entries(input).flatMap(([field, value]) =>
        value === undefined ? [] : (actionOf[field as keyof RoomChange] ?? []),
      ),
    )
    // What is asked for together is decided as it would be one after the other: out of the archive first.
    const isReopened = input.archived === false && room.settings?.isArchived === true
    await log.change({
      roomIds: [room.id],
      apply: async (scope) => {
        if (asked.size === 0) await members.requireNow(scope, principal, "change_room", room)
        for (const action of asked)
          await members.requireNow(
            scope,
            principal,
            action,
            isReopened && room.settings
              ? { ...room, settings: { ...room.settings, isArchived: false } }
              : room,
          )
        const changed = await updateRoom(scope, room.id, input, scope.at)
        if (!changed) throw new AppError("not_found")
        const { archived_at, ...data } = changed
        scope.append(room, principal.user, {
          kind: "room",
          data: { ...data, archived: archived_at !== null },
        })
      },
    })
    directory.forget(room)
    return this.get(principal, room.id)
  }

  /** Deletes a room: its name is free again, its members are told, its log can no longer be read. */
  async delete(principal: Principal, ref: string): Promise<RoomInfo> {
    const { db, directory, log, members } = this.#options
    const room = await this.find(principal, ref)
    await members.require(principal, "delete_room", room)
    const userIds = await roomMemberIds(db, room.id, MEMBERS_TOLD_MAX)
    await log.change({
      roomIds: [room.id],
      inboxIds: userIds,
      apply: async (scope) => {
        if (!(await deleteRoom(scope, room.id, scope.at))) throw new AppError("not_found")
        for (const id of userIds)
          scope.append({ id, kind: "inbox", label: "inbox" }, principal.user, {
            kind: "room_removed",
            data: { room: { id: room.id } },
          })
      },
    })
    directory.forget(room)
    return room
  }

  /** The principal's rooms, in the order of their ids, after `afterId`. */
  async mine(principal: Principal, afterId: string | undefined, limit: number) {
    const db = this.#options.db.asking(askingOf(principal))
    const rows = await myRooms(db, principal.user.id, afterId ?? FIRST_ID, limit + 1)
    const shown = rows.slice(0, limit)
    const newest = await readNewestMessages(
      db,
      shown.map((row) => row.id),
    )
    return {
      rooms: shown.map((row) => myRoom(row, newest.get(row.id))),
      has_more: rows.length > limit,
    }
  }

  /** Public rooms whose slug or name contains `query`, in the order of their slugs, after `afterSlug`. */
  async discover(principal: Principal, query: string, afterSlug: string | undefined, limit: number) {
    const rows = await discoverRooms(
      this.#options.db.asking(askingOf(principal)),
      principal.user.id,
      query,
      afterSlug ?? "",
      limit + 1,
    )
    return {
      rooms: rows.slice(0, limit).map((row) => publicRoom(row, row.role)),
      has_more: rows.length > limit,
    }
  }

  async #ensure(principal: Principal, kind: "public" | "group", slug: string): Promise<RoomInfo> {
    const found = await this.#options.directory.find(slug)
    if (found) return found
    if (isUuid(slug)) throw new AppError("not_found", NO_SUCH_ROOM)
    const isOwned = this.#options.isOpen || slug !== LOBBY
    const { room, made } = await this.#make(principal.user, { kind, name: slug, slug }, undefined, isOwned)
    if (made) await this.#options.onNamed?.(principal, room)
    return room
  }

  /** Makes a room unless its name is taken; then answers the one that has it. */
  async #make(
    owner: User,
    input: NewRoom,
    takenName = input.slug ? slugName(input.slug) : undefined,
    isOwned = input.kind !== "direct",
  ) {
    const { log, directory, newId } = this.#options
    const row = {
      id: newId(),
      kind: input.kind,
      slug: input.slug ?? null,
      name: input.name,
      topic: input.topic ?? "",
    }
    const room = roomInfoOf(row)
    const everyone = [owner, ...(input.members ?? []).filter((user) => user.id !== owner.id)]
    const made = await log.change({
      roomIds: [],
      inboxIds: everyone.map((user) => user.id),
      apply: async (scope) => {
        if (takenName && !(await takeRoomName(scope, takenName, room.id))) return false
        await insertRoom(scope, row, owner.id, scope.at)
        scope.created(room.id)
        for (const user of everyone) {
          const role: Role = isOwned && user.id === owner.id ? "owner" : "member"
          await addMember(scope, room, user, role, owner)
        }
        return true
      },
    })
    const found = made ? room : await directory.findNamed(takenName!)
    if (!found) throw new AppError("unavailable", "This room is being made just now.", { retryAfterMs: 200 })
    directory.remember(found)
    return { room: found, made }
  }
}

/**
 * A slug out of a name: lower case, runs of anything else become one hyphen, none at the ends. A name that leaves
 * nothing, or what looks like an id, has none.
 */
export function slugOf(name: string): string | undefined {
  const slug = name
    .toLowerCase()
    .replace(/[^a-z0-9_-]+/g, "-")
    .replace(/^-+/, "")
    .slice(0, limits.slugCharsMax)
    .replace(/-+$/, "")
  return slug === "" || isUuid(slug) ? undefined : slug
}

const publicRoom = (row: RoomRow, role: Role | null): Room => ({
  id: row.id,
  kind: row.kind,
  name: row.name,
  slug: row.slug,
  topic: row.topic,
  head: row.head_seq,
  created_at: row.created_at.toISOString(),
  archived: row.archived_at !== null,
  slow_mode_s: row.slow_mode_s,
  rights: row.rights,
  role,
})

const myRoom = (row: MyRoomRow, last: Entry | undefined) => ({
  ...publicRoom(row, row.role),
  unread: Math.max(0, row.unread),
  read_message_id: row.read_seq,
  last_message: last ? eventOf(roomInfoOf(row), last) : null,
})
