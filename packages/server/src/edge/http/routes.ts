import { OpenAPIHono } from "@hono/zod-openapi"
import { limits } from "@klatch/protocol"
import { HTTPException } from "hono/http-exception"
import { claimsOf } from "../../auth/identity.ts"
import { AppError } from "../../lib/app-error.ts"
import { errorResponse } from "../../lib/http-error.ts"
import { mountAccounts } from "./accounts.ts"
import { mountAdmin } from "./admin.ts"
import { addressOf, type HttpServices } from "./context.ts"
import { mountLater } from "./later.ts"
import { mountMembers } from "./members.ts"
import { mountMessages } from "./messages.ts"
import { mountOidc } from "./oidc.ts"
import { mountOperate } from "./operate.ts"
import { mountRooms } from "./rooms.ts"
import { mountUserData } from "./user-data.ts"

const OPENAPI = {
  openapi: "3.1.0",
  info: {
    title: "Klatch",
    version: "0.1.0",
    description:
      "Rooms and messages over HTTP; the live side is described in asyncapi.json. Say who is asking by " +
      "`Authorization: Bearer TOKEN`, or in open mode by `?user=NAME`. Room ids in paths may be slugs. " +
      "Lists page by `limit` and a cursor, and answer `has_more`.",
    license: { name: "MIT", identifier: "MIT" },
  },
  servers: [{ url: "/", description: "This server." }],
  tags: [
    { name: "Accounts", description: "Signing up and in, tokens, people." },
    { name: "Rooms", description: "Rooms: found, made, changed and deleted." },
    { name: "Members", description: "Who belongs to which room, and who may not." },
    { name: "Messages", description: "Sent, changed, taken back, paged." },
    { name: "Admin", description: "For administrators, and for an application's back end with its key." },
    { name: "Operate", description: "For those who run the server." },
  ],
}

/** Asked by those who run it, however often. */
const probes: ReadonlySet<string> = new Set(["/healthz", "/readyz", "/metrics"])

/** Every route, by noun. All JSON errors have one shape. */
export function makeRoutes(services: HttpServices): OpenAPIHono {
  const app = new OpenAPIHono({
    defaultHook(result) {
      if (result.success) return
      const issue = result.error.issues[0]
      throw new AppError(
        "invalid_field",
        `${issue?.path.join(".") || "body"}: ${issue?.message ?? "is wrong"}`,
      )
    },
  })
  app.use(async (c, next) => {
    if (probes.has(c.req.path)) return next()
    // Whoever brings a token is counted by it; one that turns out to be bad is a stranger's.
    const hasToken = claimsOf(new URL(c.req.url), c.req.raw.headers).kind === "token"
    if (!hasToken) services.budgets.spendStranger(addressOf(c))
    await next()
    if (hasToken && c.res.status === 401) services.budgets.spendStranger(addressOf(c))
  })
  // Before what is asked of bodies: an upload is neither JSON nor small.
  mountLater(app, services)
  app.use(async (c, next) => {
    c.req.raw = await boundedBody(c.req.raw)
    await next()
  })
  app.use(async (c, next) => {
    const { method } = c.req.raw
    const hasBody = method === "POST" || method === "PATCH" || method === "PUT"
    const length = c.req.header("content-length")
    if (hasBody && length !== undefined && length !== "0") {
      if (!/^application\/json(\s*;|$)/i.test(c.req.header("content-type") ?? ""))
        throw new AppError("unsupported_media_type")
    }
    await next()
    c.res.headers.set("x-content-type-options", "nosniff")
    if (!c.res.headers.has("cache-control")) c.res.headers.set("cache-control", "no-store")
  })
  mountAccounts(app, services)
  mountOidc(app, services)
  mountRooms(app, services)
  mountMembers(app, services)
  mountMessages(app, services)
  mountUserData(app, services)
  mountAdmin(app, services)
  mountOperate(app, services)
  const addresses = addressesOf(app)
  app.notFound((c) => {
    const methods = addresses.filter(({ pattern }) => pattern.test(c.req.path)).map(({ method }) => method)
    return methods.length > 0
      ? errorResponse(new AppError("method_not_allowed"), { allow: [...new Set(methods)].join(", ") })
      : errorResponse(new AppError("not_found", "There is nothing at this address."))
  })
  app.onError((error) => errorResponse(services.toldAs(requestFault(error) ?? error)))
  return app
}

/** The OpenAPI 3.1 document of the routes; made at each call. */
export const openapiDocument = (routes: OpenAPIHono): object => routes.getOpenAPI31Document(OPENAPI)

/** What Hono and Bun complain of in a request; undefined when it is not the request's fault. */
function requestFault(error: Error): AppError | undefined {
  if (error.name === "AbortError") return new AppError("bad_json", "The request ended before its body did.")
  if (!(error instanceof HTTPException)) return undefined
  return new AppError(error.status === 415 ? "unsupported_media_type" : "bad_json")
}

/** Which methods each address takes. */
function addressesOf(app: OpenAPIHono): { method: string; pattern: RegExp }[] {
  return app.routes
    .filter(({ method, path }) => method !== "ALL" && path !== "/*")
    .flatMap(({ method, path }) => {
      const pattern = new RegExp(`^${path.replace(/[.]/g, "\\.").replace(/:[a-z_]+/g, "[^/]+")}$`)
      return (method === "GET" ? ["GET", "HEAD"] : [method]).map((m) => ({ method: m, pattern }))
    })
}

const tooLarge = () => new AppError("too_large", `A body is at most ${limits.bodyBytesMax} bytes.`)

/** Of a body that is too large, so much is read and thrown away: an answer before that would be lost in a reset. */
const DISCARDED_MAX_BYTES = 16 * 1024 * 1024

/** The request with its body in memory when its length is not said. Rejects with `too_large`. */
async function boundedBody(request: Request): Promise<Request> {
  const length = request.headers.get("content-length")
  if (length !== null && Number(length) > limits.bodyBytesMax) throw tooLarge()
  if (request.body === null || length !== null) return request
  const kept: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of request.body) {
    bytes += chunk.byteLength
    if (bytes <= limits.bodyBytesMax) kept.push(chunk)
    if (bytes > DISCARDED_MAX_BYTES) break
  }
  if (bytes > limits.bodyBytesMax) throw tooLarge()
  const { url, method, headers } = request
  return new Request(url, { method, headers, body: Buffer.concat(kept) })
}
