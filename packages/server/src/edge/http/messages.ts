import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi"
import {
  historyPage,
  historyQuery,
  limits,
  messageEvent,
  messageFrame,
  sentAck,
  slug,
} from "@klatch/protocol"
import { AppError } from "../../lib/app-error.ts"
import { type HttpServices, reader, writer } from "./context.ts"
import { asker, body, errors, json, messagePath, roomPath } from "./schemas.ts"

const newMessage = messageFrame.omit({ type: true, room_id: true, ref: true })
const changedMessage = z.object({
  seq: z.number().int(),
  message_id: z.number().int(),
  timestamp: z.iso.datetime(),
})

const page = createRoute({
  method: "get",
  path: "/rooms/{id}/messages",
  summary: "A page of messages in their current state, oldest first",
  request: { params: roomPath, query: historyQuery.safeExtend(asker.shape) },
  responses: { 200: json(historyPage, "The page."), ...errors },
})
const send = createRoute({
  method: "post",
  path: "/rooms/{id}/messages",
  summary: "Send a message; answered once it is durable",
  request: { params: roomPath, query: asker, body: body(newMessage) },
  responses: {
    201: json(sentAck.omit({ type: true, ref: true }), "Where it stands in the room's log."),
    ...errors,
  },
})
const edit = createRoute({
  method: "patch",
  path: "/rooms/{id}/messages/{message_id}",
  summary: "Change a message of mine",
  request: { params: messagePath, query: asker, body: body(messageFrame.pick({ content: true })) },
  responses: { 200: json(changedMessage, "The change."), ...errors },
})
const remove = createRoute({
  method: "delete",
  path: "/rooms/{id}/messages/{message_id}",
  summary: "Take a message of mine back",
  request: { params: messagePath, query: asker },
  responses: { 200: json(changedMessage, "The change."), ...errors },
})
const history = createRoute({
  method: "get",
  path: "/history",
  summary: "A room's newest messages as a bare array, oldest first",
  request: {
    query: asker.extend({
      r: z.string().optional(),
      room: z.string().optional(),
      limit: z.coerce.number().int().min(1).max(limits.pageMax).default(limits.pageMax),
    }),
  },
  responses: {
    200: json(z.array(messageEvent), "The messages; none for a room that does not exist."),
    ...errors,
  },
})

/** Messages over HTTP. */
export function mountMessages(app: OpenAPIHono, services: HttpServices): void {
  const { rooms, members, messages } = services
  const writable = async (request: Request, ref: string) => {
    const principal = await writer(services, request)
    const room = await rooms.find(principal, ref)
    if ((await members.require(principal, "post", room)) === null) await members.join(principal, room)
    return { principal, room }
  }
  app.openapi(page, async (c) => {
    const principal = await reader(services, c.req.raw)
    const room = await rooms.find(principal, c.req.valid("param").id)
    await members.require(principal, "read", room)
    return c.json(await messages.history(room, c.req.valid("query")), 200)
  })
  app.openapi(send, async (c) => {
    const { principal, room } = await writable(c.req.raw, c.req.valid("param").id)
    const message = c.req.valid("json")
    await messages.requireTargets(room, message)
    const { type: _, ...ack } = await messages.sendNow(principal, room, message)
    return c.json(ack, 201)
  })
  app.openapi(edit, async (c) => {
    const { id, message_id } = c.req.valid("param")
    const { principal, room } = await writable(c.req.raw, id)
    const { seq, at } = await messages.edit(principal, room, message_id, c.req.valid("json").content)
    return c.json({ seq, message_id, timestamp: at }, 200)
  })
  app.openapi(remove, async (c) => {
    const { id, message_id } = c.req.valid("param")
    const { principal, room } = await writable(c.req.raw, id)
    const { seq, at } = await messages.delete(principal, room, message_id)
    return c.json({ seq, message_id, timestamp: at }, 200)
  })
  app.openapi(history, async (c) => {
    const { r, room: named, limit } = c.req.valid("query")
    const ref = slug.safeParse((r ?? named ?? "").trim().replace(/\s+/g, "-"))
    if (!ref.success) throw new AppError("invalid_field", "r: name a room, as in /history?r=lobby")
    const principal = await reader(services, c.req.raw)
    try {
      const room = await rooms.find(principal, ref.data)
      await members.require(principal, "read", room)
      return c.json((await messages.history(room, { limit })).messages, 200)
    } catch (error) {
      if (error instanceof AppError && error.code === "not_found") return c.json([], 200)
      throw error
    }
  })
}
