import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi"
import { historyQuery, limits, messageFrame, sentAck, slug } from "@klatch/protocol"
import { AppError } from "../../lib/app-error.ts"
import { addressOf, type HttpServices, reader, writer } from "./context.ts"
import { sample } from "./sample.ts"
import {
  asker,
  body,
  bodyErrors,
  errorBody,
  errors,
  historyBody,
  json,
  messageBody,
  messagePath,
  roomErrors,
  roomPath,
} from "./schemas.ts"

const newMessage = messageFrame.omit({ type: true, room_id: true, ref: true })
const changedMessage = z.object({
  seq: z.number().int().describe("The seq that the change took in the room's log."),
  message_id: z.number().int(),
  timestamp: z.iso.datetime(),
})
const aChange = { seq: 42, message_id: 41, timestamp: sample.at }

const page = createRoute({
  method: "get",
  path: "/rooms/{id}/messages",
  operationId: "listMessages",
  tags: ["Messages"],
  summary: "A page of messages",
  description:
    "In their current state, oldest first: the newest page, or the one `before` or `after` a seq, not both.",
  request: { params: roomPath, query: historyQuery.safeExtend(asker.shape) },
  responses: {
    200: json(historyBody, "The page.", { messages: [sample.message], has_more: false, head: 41 }),
    ...roomErrors,
  },
})
const send = createRoute({
  method: "post",
  path: "/rooms/{id}/messages",
  operationId: "sendMessage",
  tags: ["Messages"],
  summary: "Send a message",
  description:
    "Answered once it is durable. The same `client_id` from the same user in the same room gives, for ever, the same " +
    "answer and no second message. Writing to a public room makes you a member.",
  request: {
    params: roomPath,
    query: asker,
    body: body(newMessage, { content: "Hello!", client_id: "7f1c9a" }),
  },
  responses: {
    201: json(sentAck.omit({ type: true, ref: true }), "Where it stands in the room's log.", {
      room_id: sample.roomId,
      seq: 41,
      message_id: 41,
      client_id: "7f1c9a",
      timestamp: sample.at,
    }),
    ...roomErrors,
    ...bodyErrors,
    429: json(errorBody, "Too fast, or in a slow room: come back after `retry_after_ms`."),
    501: json(errorBody, "With `attachments`: this version cannot attach files."),
  },
})
const edit = createRoute({
  method: "patch",
  path: "/rooms/{id}/messages/{message_id}",
  operationId: "editMessage",
  tags: ["Messages"],
  summary: "Change a message",
  description: "One's own; others' for whoever has the room's right `edit_any`.",
  request: {
    params: messagePath,
    query: asker,
    body: body(messageFrame.pick({ content: true }), { content: "Hello, all!" }),
  },
  responses: {
    200: json(changedMessage, "The change.", aChange),
    ...roomErrors,
    ...bodyErrors,
    409: json(errorBody, "It is being changed just now."),
  },
})
const remove = createRoute({
  method: "delete",
  path: "/rooms/{id}/messages/{message_id}",
  operationId: "deleteMessage",
  tags: ["Messages"],
  summary: "Take a message back",
  description:
    "One's own; others' for whoever has the room's right `delete_any`. " +
    "It stays in the log with empty `content` and `deleted_at`.",
  request: { params: messagePath, query: asker },
  responses: {
    200: json(changedMessage, "The change.", aChange),
    ...roomErrors,
    409: json(errorBody, "It is being changed just now."),
  },
})
const history = createRoute({
  method: "get",
  path: "/history",
  operationId: "history",
  tags: ["Messages"],
  summary: "A room's newest messages as a bare array, oldest first",
  description: "For the simplest of clients. `GET /rooms/{id}/messages` pages.",
  request: {
    query: asker.extend({
      r: z.string().optional().meta({ description: "The room, by id or by slug; needed.", example: "lobby" }),
      room: z.string().optional().describe("The same."),
      limit: z.coerce
        .number()
        .int()
        .min(1)
        .max(limits.pageMax)
        .default(limits.pageMax)
        .describe("How many at most."),
    }),
  },
  responses: {
    200: json(z.array(messageBody), "The messages; none for a room that does not exist.", [sample.message]),
    ...errors,
  },
})

/** Messages over HTTP. */
export function mountMessages(app: OpenAPIHono, services: HttpServices): void {
  const { rooms, members, messages } = services
  app.openapi(page, async (c) => {
    const principal = await reader(services, c.req.raw)
    const room = await rooms.find(principal, c.req.valid("param").id)
    await members.require(principal, "read", room)
    return c.json(await messages.history(principal, room, c.req.valid("query")), 200)
  })
  app.openapi(send, async (c) => {
    const principal = await writer(services, c.req.raw)
    const room = await rooms.find(principal, c.req.valid("param").id)
    const message = c.req.valid("json")
    await messages.admit(principal, room, message)
    await messages.pace(principal, room, message.client_id)
    const { type: _, ...ack } = await messages.sendNow(principal, room, message)
    return c.json(ack, 201)
  })
  app.openapi(edit, async (c) => {
    const { id, message_id } = c.req.valid("param")
    const principal = await writer(services, c.req.raw)
    const room = await rooms.find(principal, id)
    const { seq, at } = await messages.edit(
      principal,
      room,
      message_id,
      c.req.valid("json").content,
      addressOf(c),
    )
    return c.json({ seq, message_id, timestamp: at }, 200)
  })
  app.openapi(remove, async (c) => {
    const { id, message_id } = c.req.valid("param")
    const principal = await writer(services, c.req.raw)
    const room = await rooms.find(principal, id)
    const { seq, at } = await messages.delete(principal, room, message_id, addressOf(c))
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
      return c.json((await messages.history(principal, room, { limit })).messages, 200)
    } catch (error) {
      if (error instanceof AppError && error.code === "not_found") return c.json([], 200)
      throw error
    }
  })
}
