import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi"
import { changeRoom, createRoom, isStorable, roomRef, userRef, uuid } from "@klatch/protocol"
import { addressOf, type HttpServices, reader, writer } from "./context.ts"
import { sample } from "./sample.ts"
import {
  asker,
  body,
  bodyErrors,
  errorBody,
  errors,
  json,
  listLimit,
  myRoomBody,
  roomBody,
  roomErrors,
  roomPath,
} from "./schemas.ts"

const { roomId } = sample
const aRoom = {
  id: roomId,
  kind: "public",
  name: "Lobby",
  slug: "lobby",
  topic: "Come in",
  head: 41,
  created_at: "2026-03-14T09:00:00.000Z",
  archived: false,
  slow_mode_s: 0,
  rights: {},
  role: "member",
} as const

const listMine = createRoute({
  method: "get",
  path: "/rooms",
  operationId: "listMyRooms",
  tags: ["Rooms"],
  summary: "My rooms, with unread counts and last messages",
  request: {
    query: asker.extend({
      after: uuid.optional().describe("The id of the last room of the page before."),
      limit: listLimit,
    }),
  },
  responses: {
    200: json(
      z.object({ rooms: z.array(myRoomBody), has_more: z.boolean() }),
      "Rooms in the order of their ids.",
      {
        rooms: [{ ...aRoom, unread: 1, read_message_id: 40, last_message: sample.message }],
        has_more: false,
      },
    ),
    ...errors,
  },
})
const discover = createRoute({
  method: "get",
  path: "/rooms/discover",
  operationId: "discoverRooms",
  tags: ["Rooms"],
  summary: "Public rooms",
  request: {
    query: asker.extend({
      q: z
        .string()
        .max(64)
        .refine(isStorable, "must hold no NUL")
        .default("")
        .describe("What the slug or the name contains."),
      after: roomRef.optional().describe("The slug of the last room of the page before."),
      limit: listLimit,
    }),
  },
  responses: {
    200: json(
      z.object({ rooms: z.array(roomBody), has_more: z.boolean() }),
      "Rooms in the order of their slugs.",
      { rooms: [{ ...aRoom, role: null }], has_more: false },
    ),
    ...errors,
  },
})
const create = createRoute({
  method: "post",
  path: "/rooms",
  operationId: "createRoom",
  tags: ["Rooms"],
  summary: "Make a room",
  description: "Whoever makes it is its owner. A public room has a slug, its own or one made of its name.",
  request: {
    query: asker,
    body: body(createRoom, { kind: "public", name: "Lobby", slug: "lobby", topic: "Come in" }),
  },
  responses: {
    201: json(roomBody, "The room.", { ...aRoom, role: "owner" }),
    ...errors,
    ...bodyErrors,
    404: json(errorBody, "One of `members` is no user."),
    409: json(errorBody, "The slug is taken."),
  },
})
const get = createRoute({
  method: "get",
  path: "/rooms/{id}",
  operationId: "getRoom",
  tags: ["Rooms"],
  summary: "A room",
  request: { params: roomPath, query: asker },
  responses: { 200: json(roomBody, "The room.", aRoom), ...roomErrors },
})
const change = createRoute({
  method: "patch",
  path: "/rooms/{id}",
  operationId: "changeRoom",
  tags: ["Rooms"],
  summary: "Change a room",
  description:
    "Its name, topic and settings: for its owner and admins. An archived room is only read. Everyone in it is " +
    "told by a `room` event.",
  request: { params: roomPath, query: asker, body: body(changeRoom, { topic: "Come in" }) },
  responses: {
    200: json(roomBody, "The room as it is now.", { ...aRoom, head: 42, role: "owner" }),
    ...roomErrors,
    ...bodyErrors,
  },
})
const remove = createRoute({
  method: "delete",
  path: "/rooms/{id}",
  operationId: "deleteRoom",
  tags: ["Rooms"],
  summary: "Delete a room",
  description: "For its owner. Its slug is free again; its log can no longer be read.",
  request: { params: roomPath, query: asker },
  responses: { 204: { description: "It is gone." }, ...roomErrors },
})
const direct = createRoute({
  method: "post",
  path: "/dm",
  operationId: "openDirectRoom",
  tags: ["Rooms"],
  summary: "The direct room of me and someone else, made when missing",
  request: { query: asker, body: body(z.object({ to: userRef }), { to: "bob" }) },
  responses: {
    200: json(roomBody, "The room.", { ...aRoom, kind: "direct", name: "alice,bob", slug: null, topic: "" }),
    ...roomErrors,
    ...bodyErrors,
  },
})

/** Rooms over HTTP. */
export function mountRooms(app: OpenAPIHono, services: HttpServices): void {
  const { rooms, users, audit } = services
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
    const added = await users.findAll(refs ?? [])
    const room = await rooms.create(principal, { ...input, members: added })
    const [address, details] = [addressOf(c), { kind: room.kind }]
    await audit.record({
      ...{ action: "room_created", by: principal, target: room.name, roomId: room.id, address, details },
    })
    await audit.recordAdded(principal, room.id, added, address)
    return c.json(room, 201)
  })
  app.openapi(get, async (c) =>
    c.json(await rooms.get(await reader(services, c.req.raw), c.req.valid("param").id), 200),
  )
  app.openapi(change, async (c) => {
    const principal = await writer(services, c.req.raw)
    const input = c.req.valid("json")
    const room = await rooms.change(principal, c.req.valid("param").id, input)
    const { archived, rights, slow_mode_s } = input
    if (archived !== undefined || rights !== undefined || slow_mode_s !== undefined)
      await audit.record({
        ...{ action: "room_rights_changed", by: principal, target: room.name, roomId: room.id },
        ...{
          address: addressOf(c),
          details: {
            ...(archived !== undefined && { archived }),
            ...(slow_mode_s !== undefined && { slow_mode_s }),
            ...Object.fromEntries(
              Object.entries(rights ?? {}).map(([right, least]) => [`right_${right}`, least ?? null]),
            ),
          },
        },
      })
    return c.json(room, 200)
  })
  app.openapi(remove, async (c) => {
    const by = await writer(services, c.req.raw)
    const { id, name } = await rooms.delete(by, c.req.valid("param").id)
    await audit.record({ action: "room_deleted", by, target: name, roomId: id, address: addressOf(c) })
    return c.body(null, 204)
  })
  app.openapi(direct, async (c) => {
    const principal = await writer(services, c.req.raw)
    const found = await rooms.direct(principal, await users.find(c.req.valid("json").to))
    return c.json(await rooms.get(principal, found.id), 200)
  })
}
