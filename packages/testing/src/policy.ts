import type { Role, RoomKind } from "@klatch/protocol"
import { noSuchRoom, Refusal } from "./refusal.ts"

export type Action = "read" | "join" | "post" | "leave" | "add_members"

/** Throws unless someone of this role (null: no member) may do this in a room of this kind. */
export function mayOrThrow(action: Action, kind: RoomKind, role: Role | null): void {
  const isPublic = kind === "public" || kind === "broadcast"
  if (role === null && !isPublic) throw new Refusal("not_found", noSuchRoom)
  const why = whyNot(action, kind, role)
  if (why !== undefined) throw new Refusal("forbidden", why)
}

/** In the words of the server's policy; undefined when they may. */
function whyNot(action: Action, kind: RoomKind, role: Role | null): string | undefined {
  if (action === "read" || action === "join") return undefined
  if (kind === "inbox") return "An inbox is only read."
  if (action === "post") return role === "reader" ? "You may only read here." : undefined
  if (kind === "broadcast") return "The broadcast room is everyone's."
  if (kind === "direct") return "A direct room is its two people's, and stays so."
  if (action === "leave") return undefined
  return role === null || role === "reader" ? "This needs the role member or above." : undefined
}
