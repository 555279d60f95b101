import { createRoom, isStorable, roomRef, type User, userRef } from "@klatch/protocol"
import type { Directory } from "./directory.ts"
import { moderationRoutes } from "./http-moderation.ts"
import {
  type Answer,
  done,
  type HttpRequest,
  type HttpServices,
  limitOf,
  named,
  nobody,
  object,
  ok,
  pageOf,
  type Routes,
  window,
} from "./http-parts.ts"
import type { MemoryRoom } from "./memory-room.ts"
import { checked, Refusal } from "./refusal.ts"

const queryCharsMax = 64

/** Every address the SDK asks, by method and pattern. */
const routes: Routes = [
  ["GET", /^\/rooms$/, listMine],
  ["POST", /^\/rooms$/, create],
  ["GET", /^\/rooms\/discover$/, discover],
  [
    "GET",
    /^\/rooms\/([^/]+)$/,
    ({ directory }, { asker }, ref) => ok(found(directory, asker ?? nobody, ref)),
  ],
  ["GET", /^\/rooms\/([^/]+)\/members$/, listMembers],
  ["POST", /^\/rooms\/([^/]+)\/members$/, addMembers],
  ["POST", /^\/rooms\/([^/]+)\/join$/, join],
  ["POST", /^\/rooms\/([^/]+)\/leave$/, leave],
  ["POST", /^\/dm$/, direct],
  ...moderationRoutes,
]

/** Answers a request as the server does. Throws a `Refusal`; one for an address the SDK never asks, too. */
export function answerRequest(services: HttpServices, request: HttpRequest): Answer {
  const there = routes.filter(([, path]) => path.test(request.path))
  const [, path, route] = there.find(([method]) => method === request.method) ?? []
  if (path && route) {
    const [ref = "", rest = ""] = (path.exec(request.path) ?? []).slice(1).map(decodeURIComponent)
    const isOfRoom = path.source.startsWith("^\\/rooms\\/(")
    return route(services, request, isOfRoom ? checked(roomRef, ref, "id") : ref, rest)
  }
  if (there.length > 0) throw new Refusal("method_not_allowed")
  throw new Refusal("not_supported", "The in-memory Klatch answers what the SDK asks, and nothing else.")
}

function listMine({ directory }: HttpServices, { asker, query }: HttpRequest): Answer {
  const user = named(asker)
  const { after, limit } = window(query)
  const mine = directory.rooms.filter((room) => room.role(user.id) !== null && room.kind !== "broadcast")
  const page = pageOf(mine, (room) => room.id > (after ?? ""), limit)
  return ok({
    rooms: page.items.map((room) => ({ ...room.describe(user.id), ...standing(room, user) })),
    has_more: page.has_more,
  })
}

function discover({ directory }: HttpServices, { asker, query }: HttpRequest): Answer {
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

function create({ directory }: HttpServices, request: HttpRequest): Answer {
  const { members, ...input } = checked(createRoom, object(request), "body")
  const user = named(request.asker)
  const users = (members ?? []).map((ref) => directory.findUser(ref))
  const room = directory.create(user, { ...input, members: users })
  return ok(room.describe(user.id), 201)
}

function join({ directory }: HttpServices, { asker }: HttpRequest, ref: string): Answer {
  const user = named(asker)
  const room = directory.find(user, ref)
  return ok({ room_id: room.id, role: directory.join(room, user) })
}

function leave({ directory }: HttpServices, { asker }: HttpRequest, ref: string): Answer {
  const user = named(asker)
  directory.leave(directory.find(user, ref), user)
  return done
}

function listMembers({ directory }: HttpServices, { asker, query }: HttpRequest, ref: string): Answer {
  const user = asker ?? nobody
  const room = directory.find(user, ref)
  directory.demand("read", room, user)
  const { after, limit } = window(query)
  const page = pageOf(room.members, ({ id }) => id > (after ?? ""), limit)
  return ok({ members: page.items, has_more: page.has_more })
}

function addMembers({ directory }: HttpServices, request: HttpRequest, ref: string): Answer {
  const { users: given } = object(request)
  const users = checked(createRoom.in.shape.members, given, "users") ?? []
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

function direct({ directory }: HttpServices, request: HttpRequest): Answer {
  const to = checked(userRef, object(request).to, "to")
  const user = named(request.asker)
  return ok(directory.direct(user, directory.findUser(to)).describe(user.id))
}

function found(directory: Directory, asker: User, ref: string) {
  const room = directory.find(asker, ref)
  directory.demand("read", room, asker)
  return { ...room.describe(asker.id), role: directory.role(room, asker) }
}

/** What the list of one's rooms tells of each beyond the room itself. */
function standing(room: MemoryRoom, user: User) {
  const { readSeq, unread } = room.readState(user.id)
  return { unread, read_message_id: readSeq, last_message: room.current.at(-1) ?? null }
}
