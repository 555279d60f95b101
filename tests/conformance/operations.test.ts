import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test"
import { z } from "zod"
import { OidcServer } from "../harness/oidc.ts"
import { visitProvider } from "../harness/oidc-visitor.ts"
import { type ServerProcess, startServer } from "../harness/server.ts"
import { until } from "../harness/until.ts"
import { testMs } from "./target.ts"

setDefaultTimeout(testMs)

let server: ServerProcess
let provider: OidcServer
beforeAll(async () => {
  provider = await OidcServer.start()
  // It is away at first, which is how asking for it goes badly.
  await provider.stop()
  const env = { AUTH: "required", LIMITS: "off", ENABLE_PERSISTENCE: "false", ...provider.environment() }
  server = await startServer({ env })
})
afterAll(async () => {
  await server?.[Symbol.asyncDispose]()
  await provider?.[Symbol.asyncDispose]()
})

interface Operation {
  readonly method: string
  readonly path: string
  readonly operationId: string
  readonly responses: Record<string, { content?: Record<string, { schema: object }> }>
}
interface Answer {
  readonly status: number
  readonly text: string
  readonly body: Record<string, unknown>
}
interface Call {
  /** In the place of the path's parameters, in order. */
  readonly path?: readonly unknown[]
  readonly query?: string
  readonly body?: unknown
  readonly token?: string
}

const password = "a sentence of one's own"

/** What the document says there is. */
async function operations(): Promise<{ all: Operation[]; document: { components: object } }> {
  const document = await (await fetch(`${server.url}/openapi.json`)).json()
  const paths = document.paths as Record<string, Record<string, Omit<Operation, "method" | "path">>>
  const all = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, one]) => ({ ...one, method: method.toUpperCase(), path })),
  )
  return { all, document }
}

test("[H25] each operation of the OpenAPI document answers as the document says, once good and once bad", async () => {
  const { all, document } = await operations()
  const byId = new Map(all.map((one) => [one.operationId, one]))
  const seen = new Map<string, { good: number; bad: number }>()
  const call = async (id: string, { path = [], query = "", body, token }: Call): Promise<Answer> => {
    const one = byId.get(id) as Operation
    const places = [...path]
    const address = one.path.replace(/\{\w+\}/g, () => encodeURIComponent(String(places.shift())))
    const response = await fetch(`${server.url}${address}${query}`, {
      method: one.method,
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    const told = one.responses[String(response.status)]
    expect([id, response.status, told !== undefined, text]).toEqual([id, response.status, true, text])
    const schema = told?.content?.["application/json"]?.schema
    const isJson = response.headers.get("content-type")?.startsWith("application/json") ?? false
    const parsed = isJson ? JSON.parse(text) : {}
    if (schema) {
      const checked = zodOf(schema, document.components).safeParse(parsed)
      expect([id, checked.error?.message]).toEqual([id, undefined])
    }
    const counts = seen.get(id) ?? { good: 0, bad: 0 }
    if (response.status < 300) counts.good++
    else counts.bad++
    seen.set(id, counts)
    return { status: response.status, text, body: parsed }
  }
  const good = async (id: string, asked: Call): Promise<Record<string, unknown>> => {
    const answer = await call(id, asked)
    expect([id, answer.status < 300, answer.text]).toEqual([id, true, answer.text])
    return answer.body
  }
  const bad = async (id: string, status: number, asked: Call) => {
    const answer = await call(id, asked)
    expect([id, answer.status, answer.text]).toEqual([id, status, answer.text])
  }
  const signUp = async (username: string) => {
    const { access_token, refresh_token } = await good("signUp", { body: { username, password } })
    return { username, token: access_token as string, refresh: refresh_token as string }
  }

  await bad("getOidcProvider", 503, {})
  await provider.restart()
  const [ann, bob, eve] = [await signUp("ann"), await signUp("bob"), await signUp("eve")]
  const { token } = ann
  await bad("signUp", 409, { body: { username: "ANN", password } })
  await good("logIn", { body: { username: "ann", password } })
  await bad("logIn", 401, { body: { username: "ann", password: "another" } })
  const { refresh_token } = await good("refreshTokens", { body: { refresh_token: eve.refresh } })
  await good("refreshTokens", { body: { refresh_token } })
  await bad("refreshTokens", 401, { body: { refresh_token: eve.refresh } })
  await good("buyTicket", { token })
  await bad("buyTicket", 401, {})
  await good("getMe", { token })
  await bad("getMe", 401, { token: eve.token })
  await good("changeMe", { token, body: { display_name: "Ann" } })
  await bad("changeMe", 400, { token, body: { avatar_url: "javascript:x" } })
  await good("findUsers", { token, query: "?q=a" })
  await bad("findUsers", 401, {})
  await good("getUser", { token, path: ["bob"] })
  await bad("getUser", 404, { token, path: ["nobody"] })

  const room = await good("createRoom", { token, body: { name: "Hall", members: ["bob"] } })
  const id = room.id as string
  await bad("createRoom", 409, { token, body: { name: "Hall" } })
  await good("listMyRooms", { token })
  await bad("listMyRooms", 400, { token, query: "?limit=0" })
  await good("discoverRooms", { token, query: "?q=ha" })
  await bad("discoverRooms", 401, {})
  await good("getRoom", { token, path: ["hall"] })
  await bad("getRoom", 404, { token, path: ["elsewhere"] })
  await good("changeRoom", { token, path: [id], body: { topic: "Come in", rights: { pin: "admin" } } })
  await bad("changeRoom", 403, { token: bob.token, path: [id], body: { topic: "x" } })
  await good("openDirectRoom", { token, body: { to: "bob" } })
  await bad("openDirectRoom", 404, { token, body: { to: "nobody" } })
  const dan = await signUp("dan")
  await good("joinRoom", { token: dan.token, path: [id] })
  await good("leaveRoom", { token: dan.token, path: [id] })
  await bad("joinRoom", 404, { token, path: ["elsewhere"] })
  await bad("leaveRoom", 404, { token, path: ["elsewhere"] })
  await good("listMembers", { token, path: [id] })
  await bad("listMembers", 404, { token, path: ["elsewhere"] })
  await good("addMembers", { token, path: [id], body: { users: ["dan"] } })
  await bad("addMembers", 400, { token, path: [id], body: { users: [] } })
  await good("changeMember", { token, path: [id, "bob"], body: { role: "moderator", mute_s: 0 } })
  await bad("changeMember", 403, { token: dan.token, path: [id, "bob"], body: { role: "reader" } })
  await good("removeMember", { token, path: [id, "dan"] })
  await bad("removeMember", 404, { token, path: [id, "dan"] })
  await good("banMember", { token, path: [id], body: { user: "dan", reason: "spam" } })
  await bad("banMember", 403, { token: bob.token, path: [id], body: { user: "ann" } })
  await good("listBans", { token, path: [id] })
  await bad("listBans", 403, { token: dan.token, path: [id] })
  await good("unbanMember", { token, path: [id, "dan"] })
  await bad("unbanMember", 404, { token, path: [id, "dan"] })
  const invite = await good("createInvite", { token, path: [id], body: { uses_max: 2 } })
  await bad("createInvite", 400, { token, path: [id], body: { uses_max: 0 } })
  await good("listInvites", { token, path: [id] })
  await bad("listInvites", 403, { token: bob.token, path: [id] })
  await good("acceptInvite", { token: dan.token, path: [invite.code] })
  await bad("acceptInvite", 404, { token: dan.token, path: ["made-up"] })
  await good("endInvite", { token, path: [id, invite.id] })
  await bad("endInvite", 404, { token, path: [id, invite.id] })

  const sent = await good("sendMessage", { token, path: [id], body: { content: "Hello!" } })
  const messageId = sent.message_id as number
  await bad("sendMessage", 400, { token, path: [id], body: { content: " " } })
  await good("listMessages", { token, path: [id] })
  await bad("listMessages", 400, { token, path: [id], query: "?before=1&after=1" })
  await good("history", { token, query: "?r=hall" })
  await bad("history", 400, { token })
  await good("editMessage", { token, path: [id, messageId], body: { content: "Hello, all!" } })
  await bad("editMessage", 403, { token: dan.token, path: [id, messageId], body: { content: "x" } })
  await good("deleteMessage", { token, path: [id, messageId] })
  await bad("deleteMessage", 404, { token, path: [id, messageId] })

  const code = /\\"code\\":\\"([\w-]+)/.exec(server.lines.join("\n"))?.[1]
  await bad("claimFirstAdmin", 403, { token, body: { code: "guessed" } })
  await bad("createKey", 403, { token, body: { name: "shop" } })
  await bad("createUser", 403, { token, body: { username: "fay" } })
  await bad("listAudit", 403, { token })
  await bad("listKeys", 403, { token })
  await good("claimFirstAdmin", { token, body: { code } })
  await good("createUser", { token, body: { username: "fay" } })
  await good("mintToken", { token, path: ["fay"], body: {} })
  await bad("mintToken", 404, { token, path: ["nobody"], body: {} })
  await good("banUser", { token, path: ["fay"] })
  await bad("banUser", 403, { token, path: ["ann"] })
  await good("unbanUser", { token, path: ["fay"] })
  await bad("unbanUser", 404, { token, path: ["nobody"] })
  await bad("deleteUser", 409, { token, path: ["fay"] })
  await bad("exportUser", 403, { token: bob.token, path: ["fay"] })
  await good("exportUser", { token, path: ["fay"] })
  await good("deleteUser", { token, path: ["fay"] })
  await bad("deleteUser", 404, { token, path: ["fay"] })
  const key = await good("createKey", { token, body: { name: "shop" } })
  await good("listKeys", { token })
  await good("endKey", { token, path: [key.id] })
  await bad("endKey", 404, { token, path: [key.id] })
  await good("listAudit", { token, query: "?limit=5" })
  await good("deleteRoom", { token, path: [id] })
  await bad("deleteRoom", 404, { token, path: [id] })
  await good("changePassword", { token, body: { old_password: password, password: "another sentence" } })
  await bad("changePassword", 401, { token, body: { old_password: password, password: "another sentence" } })
  await good("logOut", { token: bob.token, body: { everywhere: true } })
  await bad("logOut", 401, { token: bob.token, body: { everywhere: true } })
  await until("the provider to be asked again", async () => (await fetch(`${server.url}/auth/oidc`)).ok)
  await good("getOidcProvider", {})
  const back = await visitProvider(provider, `${server.url}/`)
  await good("logInByOidc", { body: back })
  await bad("logInByOidc", 401, { body: back })
  for (const probe of ["health", "readiness", "metrics"]) await good(probe, {})

  const lacking = all.filter(({ operationId, path, method }) => {
    const counts = seen.get(operationId)
    const cannotFail = method === "GET" && ["/healthz", "/readyz", "/metrics"].includes(path)
    return !counts || counts.good === 0 || (counts.bad === 0 && !cannotFail)
  })
  expect(lacking.map(({ operationId }) => operationId)).toEqual([])
  console.log(
    `n=${all.length} operations, ${[...seen.values()].reduce((n, one) => n + one.good + one.bad, 0)} calls`,
  )
})

/** A schema of the document as one that checks, with what it refers to in its place. */
function zodOf(schema: object, components: object): z.ZodType {
  const text = JSON.stringify(schema).replaceAll("#/components/schemas/", "#/$defs/")
  const defs = JSON.parse(
    JSON.stringify((components as { schemas: object }).schemas).replaceAll(
      "#/components/schemas/",
      "#/$defs/",
    ),
  )
  return z.fromJSONSchema({ ...JSON.parse(text), $defs: defs })
}
