import type { Role, RoomKind } from "@klatch/protocol"
import { noSuchRoom, Refusal } from "./refusal.ts"

export type Action = "read" | "join" | "post" | "leave" | "add_members"

/** Throws unless someone of this role (null: no member) may do this in a room of this kind. */
export function mayOrThrow(action: Action, kind: RoomKind, role: Role | null): void {
  const isPublic = kind === "public" || kind === "broadcast"
  if (role === null && !isPublic) throw new Refusal("not_found", noSuchRoom)
  if (!isAllowed(action, kind, role)) throw new Refusal("forbidden")
}

function isAllowed(action: Action, kind: RoomKind, role: Role | null): boolean {
  if (action === "read" || action === "join") return true
  if (kind === "inbox") return false
  if (action === "post") return role !== "reader"
  if (kind === "broadcast") return false
  if (action === "leave") return kind !== "direct"
  return role !== null && role !== "reader" && kind !== "direct"
}
