import {
  defaultRights,
  type Role,
  type RoomKind,
  roleRanks as ranks,
  leastRole as theirs,
} from "@klatch/protocol"
import { noSuchRoom, Refusal } from "./refusal.ts"

/** What can be asked for in a room. */
export type Action = "read" | "join" | "leave" | keyof typeof leastRole

/** The least role for each act, where the room does not say otherwise. */
const leastRole = { ...defaultRights, ...theirs }

const rankOf = (role: Role | null | undefined): number => (role ? ranks[role] : 0)

/** A room, as far as it decides. */
export interface RoomFacts {
  readonly kind: RoomKind
  readonly archived: boolean
  readonly rights: { readonly [act: string]: Role | undefined }
}

/** Where someone stands in it. */
export interface Standing {
  /** Null: no member. */
  readonly role: Role | null
  readonly isMuted: boolean
  readonly isBanned: boolean
  /** No member any more: whoever left as a reader comes back as one. */
  readonly wasReader: boolean
}

/** The member that is acted on. */
export interface Target {
  readonly role: Role | null
  readonly isSelf: boolean
  readonly nextRole?: Role
}

/** Throws unless someone who stands there so may do this in a room. */
export function mayOrThrow(action: Action, room: RoomFacts, standing: Standing, target?: Target): void {
  const isPublic = room.kind === "public" || room.kind === "broadcast"
  if (standing.role === null && !isPublic) throw new Refusal("not_found", noSuchRoom)
  const why = whyNot(action, room, standing, target)
  if (why !== undefined) throw new Refusal("forbidden", why)
}

/** The same as an answer. */
export const isAllowed = (action: Action, room: RoomFacts, standing: Standing): boolean =>
  (standing.role !== null || room.kind === "public" || room.kind === "broadcast") &&
  whyNot(action, room, standing) === undefined

/** In the words of the server's policy; undefined when they may. */
function whyNot(action: Action, room: RoomFacts, standing: Standing, target?: Target): string | undefined {
  const { kind, archived } = room
  const { role } = standing
  if (standing.isBanned && role === null) return "You are banned from this room."
  if (action === "read") return undefined
  if (kind === "inbox") return action === "join" ? undefined : "An inbox is only read."
  if (kind === "broadcast")
    return action === "join" || action === "post" ? undefined : "The broadcast room is everyone's."
  if (kind === "direct")
    return action === "join" || action === "post"
      ? undefined
      : "A direct room is its two people's, and stays so."
  if (action === "leave") return undefined
  if (archived && !["archive", "kick", "ban"].includes(action) && !(role !== null && action === "join"))
    return "This room is archived."
  return action === "join" ? undefined : whyNotAct(action, room, standing, target)
}

function whyNotAct(
  action: Exclude<Action, "read" | "join" | "leave">,
  { rights }: RoomFacts,
  { role, isMuted, wasReader }: Standing,
  target?: Target,
): string | undefined {
  // Writing to a public room makes a member.
  const asNewcomer = wasReader ? ranks.reader : ranks.member
  const rank = role === null && action === "post" ? asNewcomer : rankOf(role)
  const least = rights[action] ?? leastRole[action]
  if (rank < ranks[least]) {
    if (action !== "post") return `This needs the role ${least} or above.`
    return least === "member" ? "You may only read here." : `Only ${least}s and above write here.`
  }
  if (isMuted && action === "post") return "You are muted in this room."
  if (!target) return undefined
  if (target.isSelf) return "Nobody does this to themselves."
  if (action === "transfer") return target.role === null ? "Only a member can own a room." : undefined
  if (action === "set_role" && target.role === null) return "Only a member has a role."
  if (rankOf(target.role) >= rank) return "They stand as high as you here."
  if (target.nextRole === "owner") return "A room has one owner: hand it over instead."
  return rankOf(target.nextRole) >= rank ? "You can only give roles below your own." : undefined
}
