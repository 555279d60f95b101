import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi"
import { changeRoom, createRoom, myRoom, role, room, roomRef, user, userRef, uuid } from "@klatch/protocol"
import { type HttpServices, reader, writer } from "./context.ts"
import { asker, body, errors, json, listLimit, roomPath } from "./schemas.ts"

const listMine = createRoute({
  method: "get",
  path: "/rooms",
  summary: "My rooms, with unread counts and last messages",
  request: { query: asker.extend({ after: uuid.optional(), limit: listLimit }) },
  responses: {
    200: json(
      z.object({ rooms: z.array(myRoom), has_more: z.boolean() }),
      "Rooms in the order of their ids.",
    ),
    ...errors,
  },
})
const discover = createRoute({
  method: "get",
  path: "/rooms/discover",
  summary: "Public rooms",
  request: {
    query: asker.extend({ q: z.string().max(64).default(""), after: roomRef.optional(), limit: listLimit }),
  },
  responses: {
    200: json(
      z.object({ rooms: z.array(room), has_more: z.boolean() }),
      "Rooms in the order of their slugs.",
    ),
    ...errors,
  },
})
const create = createRoute({
  method: "post",
  path: "/rooms",
  summary: "Make a room",
  request: { query: asker, body: body(createRoom) },
  responses: { 201: json(room, "The room."), 409: errors[400], ...errors },
})
const get = createRoute({
  method: "get",
  path: "/rooms/{id}",
  summary: "A room",
  request: { params: roomPath, query: asker },
  responses: { 200: json(room, "The room."), ...errors },
})
const change = createRoute({
  method: "patch",
  path: "/rooms/{id}",
  summary: "Change a room's name or topic",
  request: { params: roomPath, query: asker, body: body(changeRoom) },
  responses: { 200: json(room, "The room as it is now."), ...errors },
})
const remove = createRoute({
  method: "delete",
  path: "/rooms/{id}",
  summary: "Delete a room",
  request: { params: roomPath, query: asker },
  responses: { 204: { description: "It is gone." }, ...errors },
})
const join = createRoute({
  method: "post",
  path: "/rooms/{id}/join",
  summary: "Become a member of a public room",
  request: { params: roomPath, query: asker },
  responses: { 200: json(z.object({ room_id: uuid, role }), "The membership."), ...errors },
})
const leave = createRoute({
  method: "post",
  path: "/rooms/{id}/leave",
  summary: "End my membership",
  request: { params: roomPath, query: asker },
  responses: { 204: { description: "The membership is over." }, ...errors },
})
const listMembers = createRoute({
  method: "get",
  path: "/rooms/{id}/members",
  summary: "A room's members",
  request: { params: roomPath, query: asker.extend({ after: uuid.optional(), limit: listLimit }) },
  responses: {
    200: json(
      z.object({ members: z.array(user.extend({ role })), has_more: z.boolean() }),
      "Members in the order of their ids.",
    ),
    ...errors,
  },
})
const addMembers = createRoute({
  method: "post",
  path: "/rooms/{id}/members",
  summary: "Add members",
  request: {
    params: roomPath,
    query: asker,
    body: body(z.object({ users: z.array(userRef).min(1).max(100) })),
  },
  responses: { 204: { description: "They are members." }, ...errors },
})
const direct = createRoute({
  method: "post",
  path: "/dm",
  summary: "The direct room of me and someone else, made when missing",
  request: { query: asker, body: body(z.object({ to: userRef })) },
  responses: { 200: json(room, "The room."), ...errors },
})

/** Rooms and memberships over HTTP. */
export function mountRooms(app: OpenAPIHono, services: HttpServices): void {
  const { rooms, members, users } = services
  app.openapi(listMine, async (c) => {
    const { after, limit } = c.req.valid("query")
    return c.json((await rooms.mine(await writer(services, c.req.raw), after, limit)) as never, 200)
  })
  app.openapi(discover, async (c) => {
    const { q, after, limit } = c.req.valid("query")
    return c.json(await rooms.discover(await reader(services, c.req.raw), q, after, limit), 200)
  })
  app.openapi(create, async (c) => {
    const { members: refs, ...input } = c.req.valid("json")
    const principal = await writer(services, c.req.raw)
    return c.json(await rooms.create(principal, { ...input, members: await users.findAll(refs ?? []) }), 201)
  })
  app.openapi(get, async (c) =>
    c.json(await rooms.get(await reader(services, c.req.raw), c.req.valid("param").id), 200),
  )
  app.openapi(change, async (c) => {
    const principal = await writer(services, c.req.raw)
    return c.json(await rooms.change(principal, c.req.valid("param").id, c.req.valid("json")), 200)
  })
  app.openapi(remove, async (c) => {
    await rooms.delete(await writer(services, c.req.raw), c.req.valid("param").id)
    return c.body(null, 204)
  })
  app.openapi(join, async (c) => {
    const principal = await writer(services, c.req.raw)
    const found = await rooms.find(principal, c.req.valid("param").id)
    return c.json({ room_id: found.id, role: await members.join(principal, found) }, 200)
  })
  app.openapi(leave, async (c) => {
    const principal = await writer(services, c.req.raw)
    await members.leave(principal, await rooms.find(principal, c.req.valid("param").id))
    return c.body(null, 204)
  })
  app.openapi(listMembers, async (c) => {
    const principal = await reader(services, c.req.raw)
    const found = await rooms.find(principal, c.req.valid("param").id)
    await members.require(principal, "read", found)
    const { after, limit } = c.req.valid("query")
    return c.json(await members.list(found, after, limit), 200)
  })
  app.openapi(addMembers, async (c) => {
    const principal = await writer(services, c.req.raw)
    const found = await rooms.find(principal, c.req.valid("param").id)
    await members.add(principal, found, await users.findAll(c.req.valid("json").users))
    return c.body(null, 204)
  })
  app.openapi(direct, async (c) => {
    const principal = await writer(services, c.req.raw)
    const found = await rooms.direct(principal, await users.find(c.req.valid("json").to))
    return c.json(await rooms.get(principal, found.id), 200)
  })
}
