import type { Role, User } from "@klatch/protocol"
import type { Directory } from "./directory.ts"
import type { MemoryRoom } from "./memory-room.ts"
import { Refusal } from "./refusal.ts"

/** What members with a say do to others. Everything here throws a `Refusal` in the server's words. */
export class Moderation {
  readonly #directory: Directory
  readonly #now: () => number

  constructor(directory: Directory, now: () => number) {
    this.#directory = directory
    this.#now = now
  }

  kick(by: User, room: MemoryRoom, user: User): void {
    this.#directory.demandOn("kick", room, by, user)
    if (!this.#directory.dismiss(room, user, by)) throw noMember(user)
  }

  /** Changes where a member stands: all that is asked for, or nothing of it. */
  change(
    by: User,
    room: MemoryRoom,
    user: User,
    { role, muteS }: { readonly role?: Role | undefined; readonly muteS?: number | undefined },
  ): void {
    const directory = this.#directory
    if (muteS !== undefined) {
      directory.demandOn("mute", room, by, user)
      if (room.role(user.id) === null) throw noMember(user)
    }
    if (role === "owner") directory.demandOn("transfer", room, by, user)
    else if (role !== undefined) directory.demandOn("set_role", room, by, user, role)
    if (muteS !== undefined) {
      const mutedUntilMs = muteS === 0 ? 0 : this.#now() + muteS * 1_000
      directory.publish(room.place(user, { mutedUntilMs }, by))
    }
    if (role !== undefined && room.role(user.id) !== role) this.#setRole(by, room, user, role)
  }

  /** `owner` hands the room over, and its owner becomes an admin. */
  #setRole(by: User, room: MemoryRoom, user: User, role: Role): void {
    const isHandedOver = role === "owner"
    if (isHandedOver)
      for (const owner of room.owners) this.#directory.publish(room.place(owner, { role: "admin" }, by))
    this.#directory.publish(room.place(user, isHandedOver ? { role, mutedUntilMs: 0 } : { role }, by))
  }

  /** For so many seconds, or for ever. */
  ban(by: User, room: MemoryRoom, user: User, forS: number | undefined, reason: string): void {
    this.#directory.demandOn("ban", room, by, user)
    room.bans.add(user, by, forS, reason)
    this.#directory.dismiss(room, user, by)
    this.#directory.publish(room.place(user, {}, by))
  }

  unban(by: User, room: MemoryRoom, user: User): void {
    this.#directory.demandOn("ban", room, by, user)
    if (!room.bans.remove(user.id))
      throw new Refusal("not_found", `${user.username} is not banned from this room.`)
    this.#directory.publish(room.place(user, {}, by))
  }
}

const noMember = (user: User) => new Refusal("not_found", `${user.username} is no member of this room.`)
