import type { ErrorCode, Role, RoomKind } from "@klatch/protocol"

export type Action = "read" | "join" | "post" | "leave" | "change_room" | "delete_room" | "add_members"

/** Allowed, or why not. Whoever may not know that a room exists is told that it does not. */
export type Verdict = { readonly allowed: true } | { readonly allowed: false; readonly code: ErrorCode }

const allowed: Verdict = { allowed: true }
const refused = (code: ErrorCode): Verdict => ({ allowed: false, code })

/** One rule for socket and HTTP: may someone of this role (null: no member) do this in a room of this kind? */
export function decide(action: Action, kind: RoomKind, role: Role | null): Verdict {
  if (kind === "broadcast")
    return action === "read" || action === "join" || action === "post" ? allowed : refused("forbidden")
  if (kind === "inbox")
    return role === null
      ? refused("not_found")
      : action === "read" || action === "join"
        ? allowed
        : refused("forbidden")
  if (role === null) {
    if (kind !== "public") return refused("not_found")
    return action === "read" || action === "join" || action === "post" || action === "leave"
      ? allowed
      : refused("forbidden")
  }
  switch (action) {
    case "read":
    case "join":
      return allowed
    case "leave":
      return kind === "direct" ? refused("forbidden") : allowed
    case "post":
      return role === "reader" ? refused("forbidden") : allowed
    case "add_members":
      return kind === "direct" || role === "reader" ? refused("forbidden") : allowed
    case "change_room":
      return kind !== "direct" && (role === "owner" || role === "admin") ? allowed : refused("forbidden")
    case "delete_room":
      return kind !== "direct" && role === "owner" ? allowed : refused("forbidden")
  }
}
