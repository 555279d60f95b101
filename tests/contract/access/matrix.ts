import { type Actor, bystanders, type Cell, type Place, roleIn } from "./world.ts"

/** What is expected of a cell, and what is seen. */
export type Outcome = "yes" | "forbidden" | "not_found"

/** The least role for an act in a room of many; from the product's words, not from its code. */
type Least = "anyone" | "member" | "moderator" | "admin" | "owner"

export interface Act {
  readonly name: string
  readonly by: "http" | "socket"
  readonly least: Least
  /** Still so in an archived room. */
  readonly inArchive?: true
  /** Members of a direct room may. */
  readonly inDirect?: true
  /** Acts on someone of this role, which must be below one's own. */
  readonly on?: "member" | "admin"
  /** Whoever is muted may not. */
  readonly writes?: true
  /** Someone who is no member may in a public room. */
  readonly byStrangers?: true
  readonly request?: (cell: Cell) => readonly [method: string, path: string, body?: unknown]
  readonly frame?: (cell: Cell) => Record<string, unknown>
}

const room = (cell: Cell, rest = "") => `/rooms/${cell.roomId}${rest}`
const isArchived = (cell: Cell) => cell.place.startsWith("archived")
const { member, admin, newcomer } = bystanders

const reading = { least: "anyone", inArchive: true, inDirect: true, byStrangers: true } as const
const writing = { least: "member", inDirect: true, writes: true, byStrangers: true } as const

/** Everything that can be asked for in a room, each by its own request or frame. */
export const acts: readonly Act[] = [
  ...(
    [
      ["get room", "", reading],
      ["history", "/messages", reading],
      ["members", "/members", reading],
      ["bans", "/bans", { least: "moderator", inArchive: true }],
      ["invites", "/invites", { least: "admin" }],
    ] as const
  ).map(
    ([name, path, more]): Act => ({
      name,
      by: "http",
      ...more,
      request: (cell) => ["GET", room(cell, path)],
    }),
  ),
  act("post", writing, (c) => ["POST", room(c, "/messages"), { content: "hi" }]),
  act("edit own", writing, (c) => ["PATCH", room(c, `/messages/${c.own}`), { content: "mine" }]),
  act("delete own", writing, (c) => ["DELETE", room(c, `/messages/${c.own}`)]),
  act("edit other's", { least: "owner" }, (c) => [
    "PATCH",
    room(c, `/messages/${c.other}`),
    { content: "x" },
  ]),
  act("delete other's", { least: "moderator" }, (c) => ["DELETE", room(c, `/messages/${c.other}`)]),
  act("add", { least: "member" }, (c) => ["POST", room(c, "/members"), { users: [newcomer] }]),
  act("invite", { least: "member" }, (c) => ["POST", room(c, "/invites"), {}]),
  act("kick", { least: "moderator", on: "member", inArchive: true }, (c) => [
    "DELETE",
    room(c, `/members/${member}`),
  ]),
  act("kick an admin", { least: "moderator", on: "admin", inArchive: true }, (c) => [
    "DELETE",
    room(c, `/members/${admin}`),
  ]),
  act("mute", { least: "moderator", on: "member" }, (c) => [
    "PATCH",
    room(c, `/members/${member}`),
    { mute_s: 60 },
  ]),
  act("mute an admin", { least: "moderator", on: "admin" }, (c) => [
    "PATCH",
    room(c, `/members/${admin}`),
    { mute_s: 60 },
  ]),
  act("ban", { least: "moderator", on: "member", inArchive: true }, (c) => [
    "POST",
    room(c, "/bans"),
    { user: member },
  ]),
  act("ban an admin", { least: "moderator", on: "admin", inArchive: true }, (c) => [
    "POST",
    room(c, "/bans"),
    { user: admin },
  ]),
  act("set role", { least: "admin", on: "member" }, (c) => [
    "PATCH",
    room(c, `/members/${member}`),
    { role: "reader" },
  ]),
  act("demote an admin", { least: "admin", on: "admin" }, (c) => [
    "PATCH",
    room(c, `/members/${admin}`),
    { role: "member" },
  ]),
  act("hand over", { least: "owner" }, (c) => ["PATCH", room(c, `/members/${member}`), { role: "owner" }]),
  act("rename", { least: "admin" }, (c) => ["PATCH", room(c), { name: "other" }]),
  act("slow down", { least: "admin" }, (c) => ["PATCH", room(c), { slow_mode_s: 5 }]),
  act("set rights", { least: "admin" }, (c) => ["PATCH", room(c), { rights: { post: "admin" } }]),
  act("archive", { least: "admin", inArchive: true }, (c) => [
    "PATCH",
    room(c),
    { archived: !isArchived(c) },
  ]),
  act("delete room", { least: "owner", inArchive: true }, (c) => ["DELETE", room(c)]),
  act("join", { ...reading, byStrangers: true }, (c) => ["POST", room(c, "/join")]),
  act("leave", { least: "anyone", inArchive: true, byStrangers: true }, (c) => ["POST", room(c, "/leave")]),
  frame("join", reading, (c) => ({ type: "join", room_id: c.roomId })),
  frame("history", reading, (c) => ({ type: "history", room_id: c.roomId })),
  frame("read", reading, (c) => ({ type: "read", room_id: c.roomId, message_id: 2 })),
  frame("message", writing, (c) => ({ type: "message", room_id: c.roomId, content: "hi" })),
  frame("edit own", writing, (c) => ({
    type: "edit",
    room_id: c.roomId,
    message_id: c.own,
    content: "mine",
  })),
  frame("delete own", writing, (c) => ({ type: "delete", room_id: c.roomId, message_id: c.own })),
  frame("edit other's", { least: "owner" }, (c) => ({
    type: "edit",
    room_id: c.roomId,
    message_id: c.other,
    content: "x",
  })),
  frame("delete other's", { least: "moderator" }, (c) => ({
    type: "delete",
    room_id: c.roomId,
    message_id: c.other,
  })),
  frame("leave for good", { least: "anyone", inArchive: true, byStrangers: true }, (c) => ({
    type: "leave",
    room_id: c.roomId,
    forget: true,
  })),
]

type Facts = Omit<Act, "name" | "by" | "request" | "frame">
function act(name: string, facts: Facts, request: NonNullable<Act["request"]>): Act {
  return { name, by: "http", ...facts, request }
}
function frame(name: string, facts: Facts, made: NonNullable<Act["frame"]>): Act {
  return { name: `${name} (frame)`, by: "socket", ...facts, frame: made }
}

const ranks = { reader: 1, member: 2, moderator: 3, admin: 4, owner: 5 } as const
const leastRank: Readonly<Record<Least, number>> = { anyone: 0, ...ranks }

/** What must come of it. */
export function expectedOf(one: Act, actor: Actor, place: Place): Outcome {
  if (place === "missing") return "not_found"
  const role = roleIn(place, actor)
  if (place === "direct") return role === null ? "not_found" : one.inDirect ? "yes" : "forbidden"
  const isPublic = place.endsWith("public")
  const isRoot = actor === "root"
  if (actor === "banned") return isPublic ? "forbidden" : "not_found"
  if (role === null && !isPublic && !isRoot) return "not_found"
  if (place.startsWith("archived") && !one.inArchive) return "forbidden"
  if (one.name.startsWith("join") && place === "archived-public" && actor === "nobody") return "forbidden"
  if (isRoot) return "yes"
  if (role === null) return one.byStrangers ? "yes" : "forbidden"
  if (one.writes && actor === "muted") return "forbidden"
  if (one.on && ranks[role] <= ranks[one.on]) return "forbidden"
  return ranks[role] >= leastRank[one.least] ? "yes" : "forbidden"
}
