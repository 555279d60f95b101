import type { Invite, Role, User } from "@klatch/protocol"
import type { Directory } from "./directory.ts"
import type { MemoryRoom } from "./memory-room.ts"
import { isAllowed } from "./policy.ts"
import { Refusal } from "./refusal.ts"

/** Whether who made one may still invite: whoever was put out has left no way in. */
function mayInvite(room: MemoryRoom, userId: string): boolean {
  const standing = room.standing(userId)
  return !standing.isBanned && isAllowed("invite", { ...room.facts, archived: false }, standing)
}

/** The same words for a wrong code, an old one and one that is used up. */
const noInvitation = () => new Refusal("not_found", "This invitation does not exist, or not any more.")

/** Ways into rooms for whoever has a code. Everything here throws a `Refusal` in the server's words. */
export class Invitations {
  readonly #directory: Directory
  readonly #now: () => number
  readonly #byCode = new Map<string, Invite>()

  constructor(directory: Directory, now: () => number) {
    this.#directory = directory
    this.#now = now
  }

  create(
    by: User,
    room: MemoryRoom,
    input: { readonly expires_in_s: number; readonly uses_max: number; readonly role: Role },
  ): Invite & { readonly code: string } {
    this.#directory.demand("invite", room, by)
    const { role, uses_max } = input
    const id = this.#directory.newId()
    const [created_at, expires_at] = [0, input.expires_in_s].map((s) => this.#at(s * 1_000)) as [
      string,
      string,
    ]
    const made = { id, room_id: room.id, role, created_by: by.id, created_at, expires_at, uses: 0, uses_max }
    const code = `code-${id.slice(-12)}`
    this.#byCode.set(code, made)
    return { ...made, code }
  }

  /** Those that can still be used, in the order of their ids. */
  list(by: User, room: MemoryRoom): Invite[] {
    this.#directory.demand("change_room", room, by)
    return [...this.#byCode.values()].filter((one) => one.room_id === room.id && this.#isGood(one))
  }

  end(by: User, room: MemoryRoom, id: string): void {
    this.#directory.demand("change_room", room, by)
    const [code] = [...this.#byCode].find(([, one]) => one.id === id && one.room_id === room.id) ?? []
    if (code === undefined) throw noInvitation()
    this.#byCode.delete(code)
  }

  /** Makes the user a member; one who is uses none up. */
  accept(user: User, code: string): MemoryRoom {
    const found = this.#byCode.get(code)
    const room = found && this.#directory.peek(found.room_id)
    if (!room || !this.#isGood(found) || !mayInvite(room, found.created_by)) throw noInvitation()
    if (room.archived) throw new Refusal("forbidden", "This room is archived.")
    if (room.role(user.id) !== null) return room
    if (room.bans.has(user.id)) throw new Refusal("forbidden", "You are banned from this room.")
    this.#byCode.set(code, { ...found, uses: found.uses + 1 })
    this.#directory.admit(room, user, found.role)
    return room
  }

  #isGood({ expires_at, uses, uses_max }: Invite): boolean {
    return uses < uses_max && Date.parse(expires_at) > this.#now()
  }

  #at(fromNowMs: number): string {
    return new Date(this.#now() + fromNowMs).toISOString()
  }
}
