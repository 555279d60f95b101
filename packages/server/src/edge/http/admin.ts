import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi"
import {
  displayName,
  isUuid,
  limits,
  password,
  person,
  text,
  timestamp,
  username,
  userRef,
  uuid,
} from "@klatch/protocol"
import type { Context } from "hono"
import type { Principal } from "../../auth/principal.ts"
import { AppError } from "../../lib/app-error.ts"
import { FIRST_ID } from "../../lib/first-id.ts"
import { addressOf, type HttpServices, writer } from "./context.ts"
import { sample } from "./sample.ts"
import { body, bodyErrors, errorBody, errors, json, listLimit } from "./schemas.ts"

const alice = { id: sample.userId, username: "alice", display_name: "Alice", avatar_url: null }
const adminErrors = { ...errors, 403: json(errorBody, "For administrators and back ends only.") } as const
const userErrors = { ...adminErrors, 404: json(errorBody, "There is nobody of this name.") } as const
const userPath = z.object({ id: userRef.meta({ example: "alice" }) })

const claim = createRoute({
  method: "post",
  path: "/admin/claim",
  operationId: "claimFirstAdmin",
  tags: ["Admin"],
  summary: "Become the first administrator",
  description: "By the code that the server prints at its start while it has none.",
  request: { body: body(z.object({ code: z.string().max(64) }), { code: "c2VlIHRoZSBzZXJ2ZXIncyBsb2c" }) },
  responses: {
    204: { description: "You are. Your connections come back as an administrator's." },
    ...adminErrors,
    ...bodyErrors,
  },
})
const createUser = createRoute({
  method: "post",
  path: "/admin/users",
  operationId: "createUser",
  tags: ["Admin"],
  summary: "Make a user",
  description: "Without a password they come in by tokens of yours only.",
  request: {
    body: body(z.object({ username, display_name: displayName.optional(), password: password.optional() }), {
      username: "alice",
      display_name: "Alice",
    }),
  },
  responses: {
    201: json(person, "The user.", alice),
    ...adminErrors,
    ...bodyErrors,
    409: json(errorBody, "The name is taken."),
  },
})
const mint = createRoute({
  method: "post",
  path: "/admin/users/{id}/token",
  operationId: "mintToken",
  tags: ["Admin"],
  summary: "A token for a user",
  request: {
    params: userPath,
    body: body(
      z.object({
        for_s: z
          .number()
          .int()
          .min(1)
          .max(limits.mintedSecondsMax)
          .default(3_600)
          .describe("How long it is good."),
      }),
      { for_s: 3_600 },
    ),
  },
  responses: {
    201: json(z.object({ access_token: z.string(), expires_at: timestamp }), "The token.", {
      access_token: "eyJhbGciOiJIUzI1NiIsInR5cCI6ImF0K2p3dCJ9.eyJzdWIiOiIuLi4ifQ.c2lnbmF0dXJl",
      expires_at: sample.at,
    }),
    ...userErrors,
    ...bodyErrors,
  },
})
const ban = createRoute({
  method: "post",
  path: "/admin/users/{id}/ban",
  operationId: "banUser",
  tags: ["Admin"],
  summary: "Shut someone out of the whole server",
  description: "Their connections are closed at once, and they cannot come back until they are let in again.",
  request: { params: userPath },
  responses: { 204: { description: "They are out." }, ...userErrors },
})
const unban = createRoute({
  method: "delete",
  path: "/admin/users/{id}/ban",
  operationId: "unbanUser",
  tags: ["Admin"],
  summary: "Let someone in again",
  request: { params: userPath },
  responses: { 204: { description: "They may come." }, ...userErrors },
})
const act = z.object({
  id: z.number().int(),
  at: timestamp,
  actor_id: uuid.nullable(),
  actor: z.string(),
  action: z.string(),
  target: z.string(),
  room_id: uuid.nullable(),
  address: z.string(),
  details: z.record(z.string(), z.unknown()),
  hash: z.string().describe("SHA-256 over this row and the hash before it."),
})
const audit = createRoute({
  method: "get",
  path: "/admin/audit",
  operationId: "listAudit",
  tags: ["Admin"],
  summary: "Who did what to whom",
  request: {
    query: z.object({
      after: z.coerce.number().int().min(0).default(0).describe("The id of the last row of the page before."),
      actor: userRef.optional().describe("Only what this one did."),
      action: z.string().max(64).optional().describe("Only acts of this kind."),
      limit: listLimit,
    }),
  },
  responses: {
    200: json(z.object({ acts: z.array(act), has_more: z.boolean() }), "Rows, oldest first.", {
      acts: [
        {
          ...{ id: 1, at: sample.at, actor_id: sample.userId, actor: "alice", action: "signed_in" },
          ...{ target: "", room_id: null, address: "203.0.113.7", details: {}, hash: "9f86d081…" },
        },
      ],
      has_more: false,
    }),
    ...adminErrors,
  },
})
const key = z.object({ id: uuid, name: z.string(), created_at: timestamp })
const aKey = { id: sample.roomId, name: "shop back end", created_at: sample.at }
const createKey = createRoute({
  method: "post",
  path: "/admin/keys",
  operationId: "createKey",
  tags: ["Admin"],
  summary: "A key for a back end",
  description:
    "It goes into `Authorization: Bearer`. With it every request may be made, in the system's name, or in a user's " +
    "by the header `Klatch-As: NAME`.",
  request: { body: body(z.object({ name: text(64) }), { name: "shop back end" }) },
  responses: {
    201: json(key.extend({ key: z.string().describe("Told once: keep it.") }), "The key.", {
      ...aKey,
      key: "klk_7q3…",
    }),
    ...adminErrors,
    ...bodyErrors,
  },
})
const listKeys = createRoute({
  method: "get",
  path: "/admin/keys",
  operationId: "listKeys",
  tags: ["Admin"],
  summary: "Keys that are good",
  request: {
    query: z.object({
      after: uuid.optional().describe("The id of the last one of the page before."),
      limit: listLimit,
    }),
  },
  responses: {
    200: json(z.object({ keys: z.array(key), has_more: z.boolean() }), "Without the keys themselves.", {
      keys: [aKey],
      has_more: false,
    }),
    ...adminErrors,
  },
})
const endKey = createRoute({
  method: "delete",
  path: "/admin/keys/{key_id}",
  operationId: "endKey",
  tags: ["Admin"],
  summary: "End a key",
  request: { params: z.object({ key_id: uuid.meta({ description: "The key.", example: sample.roomId }) }) },
  responses: {
    204: { description: "Nothing is done by it any more." },
    ...adminErrors,
    404: json(errorBody, "There is no such key."),
  },
})

/** What administrators and back ends do beyond what everyone may. */
export function mountAdmin(app: OpenAPIHono, services: HttpServices): void {
  const { accounts, users, audit: log, keys, firstAdmin, access } = services
  const admin = async (c: Context): Promise<Principal> => {
    const principal = await writer(services, c.req.raw)
    if (!principal.grant?.isAdmin) throw new AppError("forbidden", "This is for administrators.")
    return principal
  }
  app.openapi(claim, async (c) => {
    const principal = await writer(services, c.req.raw)
    if (!principal.grant)
      throw new AppError("unauthorized", "Sign in first: a name alone is not enough here.")
    const address = addressOf(c)
    await log.ofAttempt(
      { action: "admin_claim_failed", by: principal, address },
      firstAdmin.claim(principal, c.req.valid("json").code),
    )
    services.revocations.tell({ userId: principal.user.id, why: "signed_out" })
    await log.record({ action: "admin_claimed", by: principal, address })
    return c.body(null, 204)
  })
  app.openapi(createUser, async (c) => {
    const by = await admin(c)
    const made = await accounts.create(c.req.valid("json"))
    await log.record({ action: "user_created", by, target: made.username, address: addressOf(c) })
    return c.json(await users.profile(made.id), 201)
  })
  app.openapi(mint, async (c) => {
    const by = await admin(c)
    const user = await users.find(c.req.valid("param").id)
    await keys.requireWelcome(user.id)
    const { for_s } = c.req.valid("json")
    const { token, untilMs } = await access.issue(user.id, undefined, for_s * 1_000)
    const details = { for_s }
    await log.record({ action: "token_minted", by, target: user.username, address: addressOf(c), details })
    return c.json({ access_token: token, expires_at: new Date(untilMs).toISOString() }, 201)
  })
  app.openapi(ban, async (c) => {
    const by = await admin(c)
    const user = await users.find(c.req.valid("param").id)
    if (user.id === by.user.id) throw new AppError("forbidden", "Nobody does this to themselves.")
    await accounts.ban(user.id)
    await log.record({ action: "user_banned", by, target: user.username, address: addressOf(c) })
    return c.body(null, 204)
  })
  app.openapi(unban, async (c) => {
    const by = await admin(c)
    const user = await users.find(c.req.valid("param").id)
    await accounts.unban(user.id)
    await log.record({ action: "user_unbanned", by, target: user.username, address: addressOf(c) })
    return c.body(null, 204)
  })
  app.openapi(audit, async (c) => {
    await admin(c)
    const { after, actor, action, limit } = c.req.valid("query")
    // By id also of someone who was deleted: what they did is kept.
    const actorId = actor === undefined || isUuid(actor) ? actor : (await users.find(actor)).id
    return c.json(await log.page(after, limit, { actorId, action }), 200)
  })
  app.openapi(createKey, async (c) => {
    const by = await admin(c)
    const made = await keys.create(c.req.valid("json").name, by)
    await log.record({ action: "key_created", by, target: made.name, address: addressOf(c) })
    return c.json(made, 201)
  })
  app.openapi(listKeys, async (c) => {
    await admin(c)
    const { after, limit } = c.req.valid("query")
    return c.json(await keys.list(after ?? FIRST_ID, limit), 200)
  })
  app.openapi(endKey, async (c) => {
    const by = await admin(c)
    const name = await keys.end(c.req.valid("param").key_id)
    await log.record({ action: "key_ended", by, target: name, address: addressOf(c) })
    return c.body(null, 204)
  })
}
