import { createRoom, historyFrame, isStorable, roomRef, type User, userRef, uuid } from "@klatch/protocol"
import type { Directory } from "./directory.ts"
import type { MemoryRoom } from "./memory-room.ts"
import { checked, Refusal } from "./refusal.ts"

/** A request as the routes see it. */
export interface HttpRequest {
  readonly method: string
  /** Behind the server's prefix. */
  readonly path: string
  readonly query: URLSearchParams
  /** The body's text; null without one. */
  readonly body: string | null
  /** Null for someone without a name, who is a member of nothing. */
  readonly asker: User | null
}

interface Answer {
  readonly status: number
  readonly body: unknown
}

type Route = (directory: Directory, request: HttpRequest, ref: string) => Answer

const nobody: User = {
  id: "00000000-0000-0000-0000-000000000000",
  username: "nobody",
  display_name: "nobody",
}
const queryCharsMax = 64
const ok = (body: unknown, status = 200): Answer => ({ status, body })
const done: Answer = { status: 204, body: null }

/** Every address the SDK asks, by method and pattern. */
const routes: readonly (readonly [method: string, path: RegExp, route: Route])[] = [
  ["GET", /^\/rooms$/, listMine],
  ["POST", /^\/rooms$/, create],
  ["GET", /^\/rooms\/discover$/, discover],
  ["GET", /^\/rooms\/([^/]+)$/, (directory, { asker }, ref) => ok(found(directory, asker ?? nobody, ref))],
  ["GET", /^\/rooms\/([^/]+)\/members$/, listMembers],
  ["POST", /^\/rooms\/([^/]+)\/members$/, addMembers],
  ["POST", /^\/rooms\/([^/]+)\/join$/, join],
  ["POST", /^\/rooms\/([^/]+)\/leave$/, leave],
  ["POST", /^\/dm$/, direct],
]

/** Answers a request as the server does. Throws a `Refusal`; one for an address the SDK never asks, too. */
export function answerRequest(directory: Directory, request: HttpRequest): Answer {
  const there = routes.filter(([, path]) => path.test(request.path))
  const [, path, route] = there.find(([method]) => method === request.method) ?? []
  if (path && route) {
    const ref = decodeURIComponent(path.exec(request.path)?.[1] ?? "")
    return route(directory, request, path.source.includes("(") ? checked(roomRef, ref, "id") : ref)
  }
  if (there.length > 0) throw new Refusal("method_not_allowed")
  throw new Refusal("not_supported", "The in-memory Klatch answers what the SDK asks, and nothing else.")
}

function listMine(directory: Directory, { asker, query }: HttpRequest): Answer {
  const user = named(asker)
  const { after, limit } = window(query)
  const mine = directory.rooms.filter((room) => room.role(user.id) !== null && room.kind !== "broadcast")
  const page = pageOf(mine, (room) => room.id > (after ?? ""), limit)
  return ok({
    rooms: page.items.map((room) => ({ ...room.describe(user.id), ...standing(room, user) })),
    has_more: page.has_more,
  })
}

function discover(directory: Directory, { asker, query }: HttpRequest): Answer {
  const after = checked(roomRef.optional(), query.get("after") ?? undefined, "after")
  const limit = limitOf(query)
  const text = query.get("q")?.toLowerCase() ?? ""
  if (text.length > queryCharsMax)
    throw new Refusal("invalid_field", `q: Too big: expected string to have <=${queryCharsMax} characters`)
  if (!isStorable(text)) throw new Refusal("invalid_field", "q: must hold no NUL")
  const open = directory.rooms
    .filter(({ kind, slug }) => kind === "public" && slug !== null)
    .filter(({ slug, name }) => slug?.includes(text) || name.toLowerCase().includes(text))
    .sort((a, b) => ((a.slug ?? "") < (b.slug ?? "") ? -1 : 1))
  const page = pageOf(open, ({ slug }) => (slug ?? "") > (after ?? ""), limit)
  const { id } = asker ?? nobody
  return ok({ rooms: page.items.map((room) => room.describe(id)), has_more: page.has_more })
}

function create(directory: Directory, request: HttpRequest): Answer {
  const { members, ...input } = checked(createRoom, object(request), "body")
  const user = named(request.asker)
  const users = (members ?? []).map((ref) => directory.findUser(ref))
  const room = directory.create(user, { ...input, members: users })
  return ok(room.describe(user.id), 201)
}

function join(directory: Directory, { asker }: HttpRequest, ref: string): Answer {
  const user = named(asker)
  const room = directory.find(user, ref)
  return ok({ room_id: room.id, role: directory.join(room, user) })
}

function leave(directory: Directory, { asker }: HttpRequest, ref: string): Answer {
  const user = named(asker)
  directory.leave(directory.find(user, ref), user)
  return done
}

function listMembers(directory: Directory, { asker, query }: HttpRequest, ref: string): Answer {
  const user = asker ?? nobody
  const room = directory.find(user, ref)
  directory.demand("read", room, user)
  const { after, limit } = window(query)
  const page = pageOf(room.members, ({ id }) => id > (after ?? ""), limit)
  return ok({ members: page.items, has_more: page.has_more })
}

function addMembers(directory: Directory, request: HttpRequest, ref: string): Answer {
  const { users: given } = object(request)
  const users = checked(createRoom.shape.members, given, "users") ?? []
  if (users.length === 0)
    throw new Refusal("invalid_field", "users: Too small: expected array to have >=1 items")
  const user = named(request.asker)
  const room = directory.find(user, ref)
  directory.add(
    user,
    room,
    users.map((one) => directory.findUser(one)),
  )
  return done
}

function direct(directory: Directory, request: HttpRequest): Answer {
  const to = checked(userRef, object(request).to, "to")
  const user = named(request.asker)
  return ok(directory.direct(user, directory.findUser(to)).describe(user.id))
}

function found(directory: Directory, asker: User, ref: string) {
  const room = directory.find(asker, ref)
  directory.demand("read", room, asker)
  return { ...room.describe(asker.id), role: directory.role(room, asker) }
}

function named(asker: User | null): User {
  if (!asker) throw new Refusal("unauthorized", "Say who you are: add ?user=NAME to the address.")
  return asker
}

/** What the list of one's rooms tells of each beyond the room itself. */
function standing(room: MemoryRoom, user: User) {
  const { readSeq, unread } = room.readState(user.id)
  return { unread, read_message_id: readSeq, last_message: room.current.at(-1) ?? null }
}

function pageOf<T>(all: readonly T[], isAfter: (one: T) => boolean, limit: number) {
  const rest = all.filter(isAfter)
  return { items: rest.slice(0, limit), has_more: rest.length > limit }
}

/** A page of what is in the order of ids. */
const window = (query: URLSearchParams) => ({
  after: checked(uuid.optional(), query.get("after") ?? undefined, "after"),
  limit: limitOf(query),
})

function limitOf(query: URLSearchParams): number {
  const given = query.get("limit")
  return checked(historyFrame.shape.limit, given === null ? undefined : Number(given), "limit")
}

function object({ body }: HttpRequest): Record<string, unknown> {
  let value: unknown
  try {
    value = JSON.parse(body ?? "")
  } catch {
    throw new Refusal("bad_json")
  }
  if (typeof value !== "object" || value === null)
    throw new Refusal("invalid_field", "body: must be an object")
  return value as Record<string, unknown>
}
