import type { Role, RoomKind } from "@klatch/protocol"

/** What a room may set for itself: the least role for it. */
export type Right = "post" | "edit_any" | "delete_any" | "pin" | "add_members" | "invite"
/** The least role for each act, where it is not the default. */
export type Rights = { readonly [R in Right]?: Role | undefined }

/** What someone may do in a room, or to a member of it. */
export type Act =
  | Right
  | "kick"
  | "mute"
  | "ban"
  | "set_role"
  | "transfer"
  | "change_room"
  | "change_rights"
  | "archive"
  | "delete_room"

/** The member that is acted on. */
export interface ActTarget {
  /** Null: no member. */
  readonly role: Role | null
  readonly isSelf: boolean
  /** What they are to become, for `set_role`. */
  readonly nextRole?: Role
}

const ranks: Readonly<Record<Role, number>> = { reader: 1, member: 2, moderator: 3, admin: 4, owner: 5 }

/** The least role for what a room may set, where it does not. */
export const defaultRights: Readonly<Record<Right, Role>> = {
  post: "member",
  edit_any: "owner",
  delete_any: "moderator",
  pin: "member",
  add_members: "member",
  invite: "member",
}

const leastRole: Readonly<Record<Act, Role>> = {
  ...defaultRights,
  kick: "moderator",
  mute: "moderator",
  ban: "moderator",
  set_role: "admin",
  transfer: "owner",
  change_room: "admin",
  change_rights: "admin",
  archive: "admin",
  delete_room: "owner",
}

/**
 * Whether someone of this role may do this in a room, as the server's policy has it: to show no button that would be
 * refused. The server decides; it also knows of mutes, bans and administrators of the whole server. Never throws.
 */
export function mayDo(
  act: Act,
  room: {
    readonly kind: RoomKind
    readonly archived: boolean
    readonly rights: Rights
    readonly role: Role | null
  },
  target?: ActTarget,
): boolean {
  const { kind, role } = room
  if (kind === "direct") return role !== null && (act === "post" || act === "pin")
  if (kind === "broadcast") return act === "post" && ranks[room.rights.post ?? "owner"] <= ranks.member
  if (kind === "inbox" || (role === null && kind !== "public")) return false
  if (room.archived && !["archive", "delete_room", "kick", "ban"].includes(act)) return false
  // Writing to a public room makes a member.
  const rank = role === null ? Number(act === "post") * ranks.member : ranks[role]
  if (rank < ranks[room.rights[act as Right] ?? leastRole[act]]) return false
  if (!target) return true
  const { role: their, nextRole: next } = target
  if (target.isSelf || (their === null && (act === "transfer" || act === "set_role"))) return false
  return act === "transfer" || Math.max(their ? ranks[their] : 0, next ? ranks[next] : 0) < rank
}
