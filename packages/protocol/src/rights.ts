import { z } from "zod"
import { type Role, role } from "./ids.ts"

/** The least role for each act; what is not said is the default of every room. */
export const rights = z
  .object({ post: role, edit_any: role, delete_any: role, pin: role, add_members: role, invite: role })
  .partial()
  .describe("The least role for each act, where it is not the default.")

/** What a room may set for itself: the least role that may do it. */
export type Right = keyof typeof rights.shape
export const rightNames = Object.keys(rights.shape) as readonly Right[]

/** Where a room does not say otherwise. */
export const defaultRights: Readonly<Record<Right, Role>> = {
  post: "member",
  edit_any: "owner",
  delete_any: "moderator",
  pin: "member",
  add_members: "member",
  invite: "member",
}

/** The least role for what is no room's to set. */
export const leastRole = {
  kick: "moderator",
  mute: "moderator",
  ban: "moderator",
  set_role: "admin",
  transfer: "owner",
  change_room: "admin",
  change_rights: "admin",
  archive: "admin",
  delete_room: "owner",
} as const satisfies Readonly<Record<string, Role>>

/** Who stands above whom. */
export const roleRanks: Readonly<Record<Role, number>> = {
  owner: 5,
  admin: 4,
  moderator: 3,
  member: 2,
  reader: 1,
}
