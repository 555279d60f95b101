import {
  defaultRights,
  type ErrorCode,
  leastRole,
  type Right,
  type Role,
  type RoomKind,
  roleRanks as ranks,
  rightNames,
} from "@klatch/protocol"

/** Everything that can be asked for in a room. */
export type Action = (typeof actions)[number]

export const actions = [
  "read",
  "join",
  "leave",
  ...rightNames,
  ...(Object.keys(leastRole) as readonly (keyof typeof leastRole)[]),
] as const

/** The least role for what a room sets for itself. */
export type Rights = { readonly [R in Right]?: Role | undefined }

/** A room, as far as it decides. */
export interface RoomFacts {
  readonly kind: RoomKind
  readonly isArchived: boolean
  /** Where it differs from `defaultRights`. */
  readonly rights: Rights
}

/** Where someone stands in a room. */
export interface Standing {
  /** Null: no member. */
  readonly role: Role | null
  /** They may read, and not post, until then (ms since the epoch). */
  readonly mutedUntilMs: number | null
  readonly isBanned: boolean
  /** No member any more: whoever left as a reader comes back as one. */
  readonly wasReader?: boolean | undefined
  /** Where the room's log stood then: what ended their right before it is known, and what ends it after it is not. */
  readonly head?: number | undefined
}

/** Who asks, beyond their standing in the room. */
export interface Asker {
  /** An administrator of the whole server, or an application's back end with its key. */
  readonly isAdmin: boolean
  /** As long as the broadcast room itself does not say who may. */
  readonly mayBroadcast: boolean
}

/** The member that is acted on. */
export interface Target {
  readonly role: Role | null
  readonly isSelf: boolean
  /** What it is to become, for `set_role`. */
  readonly nextRole?: Role | undefined
}

export interface Question {
  readonly action: Action
  readonly asker: Asker
  readonly standing: Standing
  readonly room: RoomFacts
  /** For kick, mute, ban, set_role and transfer. */
  readonly target?: Target | undefined
  readonly nowMs: number
}

/** Allowed, or why not. Whoever may not know that a room exists is told that it does not. */
export type Verdict =
  | { readonly allowed: true }
  | { readonly allowed: false; readonly code: ErrorCode; readonly why: string }

/** Above every owner. */
const adminRank = 6
const rankOf = (role: Role | null): number => (role === null ? 0 : ranks[role])

const allowed: Verdict = { allowed: true }
const forbidden = (why: string): Verdict => ({ allowed: false, code: "forbidden", why })
const missing: Verdict = { allowed: false, code: "not_found", why: "There is no such room." }

/** What nobody does in rooms of two, of one, or of everyone. */
const ofGroupsOnly: ReadonlySet<Action> = new Set<Action>([
  "leave",
  "add_members",
  "invite",
  "kick",
  "mute",
  "ban",
  "set_role",
  "transfer",
  "change_room",
  "change_rights",
  "archive",
  "delete_room",
])

/** What is done in an archived room by whoever else may: access can be taken away at any time. */
const inArchive: ReadonlySet<Action> = new Set<Action>(["archive", "delete_room", "kick", "ban"])

/** One rule for socket and HTTP: pure, and total over every action and kind of room. */
export function decide(question: Question): Verdict {
  const { action, standing, room } = question
  if (room.kind === "inbox") return inInbox(action, standing)
  if (room.kind === "broadcast") return inBroadcast(question)
  if (room.kind === "direct") return inDirect(question)
  const role = effectiveRole(question)
  if (standing.isBanned && role === null)
    return room.kind === "public" ? forbidden("You are banned from this room.") : missing
  if (role === null && room.kind !== "public") return missing
  if (action === "read") return allowed
  if (action === "leave") return allowed
  if (room.isArchived && !inArchive.has(action))
    return role !== null && action === "join" ? allowed : forbidden("This room is archived.")
  if (action === "join") return allowed
  return acting(question, action, role)
}

/** A server's administrator stands as an owner in every room but those of two and the inboxes. */
function effectiveRole({ asker, standing }: Question): Role | null {
  return asker.isAdmin ? "owner" : standing.role
}

const inInbox = (action: Action, { role }: Standing): Verdict =>
  role === null
    ? missing
    : action === "read" || action === "join"
      ? allowed
      : forbidden("An inbox is only read.")

/** Everyone is a member; who may broadcast is its right to post, which administrators set. */
function inBroadcast({ action, asker, room }: Question): Verdict {
  if (action === "read" || action === "join") return allowed
  if (action === "post") {
    const least = room.rights.post ?? (asker.mayBroadcast ? "member" : "owner")
    return ranks[least] <= (asker.isAdmin ? adminRank : ranks.member)
      ? allowed
      : forbidden("You may not broadcast.")
  }
  return action === "change_rights" && asker.isAdmin
    ? allowed
    : forbidden("The broadcast room is everyone's.")
}

function inDirect({ action, standing }: Question): Verdict {
  if (standing.role === null) return missing
  if (ofGroupsOnly.has(action)) return forbidden("A direct room is its two people's, and stays so.")
  if (action === "edit_any" || action === "delete_any")
    return forbidden("Only who wrote a message can change it.")
  return allowed
}

function acting(
  { room, standing, asker, target, nowMs }: Question,
  action: Exclude<Action, "read" | "join" | "leave">,
  role: Role | null,
): Verdict {
  // Writing to a public room makes a member.
  const asNewcomer = standing.wasReader ? ranks.reader : ranks.member
  const rank = asker.isAdmin ? adminRank : role === null && action === "post" ? asNewcomer : rankOf(role)
  const least = isRight(action) ? (room.rights[action] ?? defaultRights[action]) : leastRole[action]
  if (rank < ranks[least]) return forbidden(whyNot(action, least))
  const isMuted = standing.mutedUntilMs !== null && standing.mutedUntilMs > nowMs && !asker.isAdmin
  if (isMuted && action === "post") return forbidden("You are muted in this room.")
  if (!target) return allowed
  if (target.isSelf) return forbidden("Nobody does this to themselves.")
  if (action === "transfer")
    return target.role === null ? forbidden("Only a member can own a room.") : allowed
  if (action === "set_role" && target.role === null) return forbidden("Only a member has a role.")
  if (rankOf(target.role) >= rank) return forbidden("They stand as high as you here.")
  if (target.nextRole === "owner" || (action === "set_role" && target.role === "owner"))
    return forbidden("A room has one owner: hand it over instead.")
  return rankOf(target.nextRole ?? null) >= rank
    ? forbidden("You can only give roles below your own.")
    : allowed
}

const isRight = (action: Action): action is Right => (rightNames as readonly string[]).includes(action)

function whyNot(action: Action, least: Role): string {
  if (action === "post")
    return least === "member" ? "You may only read here." : `Only ${least}s and above write here.`
  if (action === "edit_any" || action === "delete_any") return "Only who wrote a message can change it."
  return `This needs the role ${least} or above.`
}
