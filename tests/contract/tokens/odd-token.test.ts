import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test"
import { ask, expectError } from "../../conformance/answer.ts"
import { unique } from "../../conformance/target.ts"
import { type ServerProcess, startServer } from "../../harness/server.ts"
import { until } from "../../harness/until.ts"
import { knock } from "./door.ts"
import { Issuer } from "./issuer.ts"
import { nowS } from "./jws.ts"
import { KeyServer } from "./key-server.ts"
import { Line } from "./line.ts"

setDefaultTimeout(60_000)

/** Here any issuer's tokens for any audience are believed, if the signature is right. */
const issuer = new Issuer()
const keys = new KeyServer()
let server: ServerProcess

beforeAll(async () => {
  const { JWT_ISSUER: _, JWT_AUDIENCE: __, ...env } = issuer.environment(keys.url)
  server = await startServer({ env })
})
afterAll(async () => {
  await server[Symbol.asyncDispose]()
  keys[Symbol.dispose]()
})

const asked = (line: string, token: string, body?: unknown) =>
  ask(line, { at: server, body, headers: { authorization: `Bearer ${token}` } })
const of = (more: Record<string, unknown>) =>
  issuer.sign("HS256", issuer.claims({ sub: unique("odd"), ...more }))

describe("a token that is well signed but odd", () => {
  const odd: Record<string, string> = {
    "that ends in milliseconds": of({ exp: Date.now() + 3_600_000 }),
    "that ends in 10,000 years": of({ exp: nowS() + 10_000 * 365 * 86_400 }),
    "that ends after the last day": of({ exp: 1e300 }),
    "that never ends": of({ exp: undefined }),
    "that began before all": of({ iat: -1e300 }),
    "that was issued in milliseconds": of({ iat: Date.now() }),
    "of an issuer that is a number": of({ iss: 7 }),
    "of an issuer that is a list": of({ iss: ["a", "b"] }),
    "of an issuer that is an object": of({ iss: { a: 1 } }),
    "of an issuer with NUL": of({ iss: "a\0b" }),
    "of an issuer without end": of({ iss: "x".repeat(5_000) }),
    "of an issuer without end, at random": of({
      iss: Buffer.from(crypto.getRandomValues(new Uint8Array(3_000))).toString("hex"),
    }),
    "of nobody's issuer": of({ iss: undefined }),
    "with a name of half a pair": of({ name: "\ud83e", preferred_username: "\udd8a" }),
    "with a name that is cut in half": of({ name: `${"x".repeat(63)}🦊` }),
    "with names that are lists": of({ name: [], preferred_username: {}, picture: 7, roles: { a: 1 } }),
    "with a name of NUL": of({ name: "\0", preferred_username: "a\0b" }),
    "with a name of blanks": of({ name: " \t\u00a0 ", preferred_username: "   " }),
    "with a name of control characters": of({ name: "a\u0007b\u202ec" }),
    "with a name that goes on": of({ name: "x".repeat(4_000), preferred_username: "x".repeat(2_000) }),
    "with the name of a prototype": of({ preferred_username: "__proto__", name: "constructor" }),
    "with a picture that is a script": of({ picture: "javascript:alert(1)" }),
    "with roles without end": of({ roles: Array.from({ length: 1_000 }, (_, i) => `r${i}`) }),
  }

  test.each(Object.keys(odd))("%s is believed or refused, and breaks nothing", async (name) => {
    const token = odd[name] as string
    const { status, body } = await asked("GET /me", token)
    expect([200, 401]).toContain(status)
    if (status === 401) return
    const me = body as { username: string; display_name: string; expires_at: string | null }
    expect(me.username).toMatch(/^[\w.-]{2,32}$/)
    expect(me.display_name.isWellFormed()).toBe(true)
    expect(me.expires_at ?? "9999-01-01T00:00:00.000Z").toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
    const bought = await asked("POST /auth/ticket", token)
    expect(bought.status).toBe(201)
    const { ticket } = bought.body as { ticket: string }
    expect(await knock(server, `ticket=${ticket}`)).toEqual({ username: me.username })
    await using line = await Line.open(server, "/ws")
    expect(await line.ask({ type: "auth", token })).toMatchObject({ type: "ack", expires_at: me.expires_at })
  })

  test("does no harm to whoever comes at the same time", async () => {
    const bad = [{ iss: "a\0b" }, { iss: "x".repeat(5_000) }, { iss: { a: 1 } }]
    const answers = await Promise.all(
      Array.from({ length: 24 }, async (_, i) => {
        const { status } = await asked(
          "GET /me",
          of(i % 2 ? {} : (bad[i % bad.length] as Record<string, unknown>)),
        )
        return i % 2 ? status : undefined
      }),
    )
    expect(answers.filter((status) => status !== undefined)).toEqual(Array(12).fill(200))
  })

  test("leaves no error of ours in the log", () => {
    expect(server.lines.filter((line) => line.includes(`"event":"broke"`))).toEqual([])
  })
})

describe("the issuer's keys", () => {
  test("are away: its tokens wait, others do not, and all is well once they are back", async () => {
    keys.status = 500
    const token = issuer.sign("ES256", issuer.claims({ sub: "patient" }))
    for (let i = 0; i < 3; i++) expectError(await asked("GET /me", token), "unavailable")
    expect((await asked("GET /me", of({}))).status).toBe(200)
    keys.status = 200
    keys.keys = issuer.keys
    await until("the keys to be found", async () => (await asked("GET /me", token)).status === 200)
    expect(server.lines.filter((line) => line.includes(`"event":"broke"`))).toEqual([])
  })
})

describe("the user of an outside token", () => {
  test("is shown as they last said, here or there", async () => {
    const sub = unique("zoe")
    const token = of({ sub })
    expect((await asked("GET /me", token)).body).toMatchObject({ username: sub })
    expect((await asked("PATCH /me", token, { display_name: "Zoë" })).body).toMatchObject({
      display_name: "Zoë",
    })
    expect((await asked("GET /me", token)).body).toMatchObject({ display_name: "Zoë" })
    await using line = await Line.of(server, `token=${token}`)
    expect(line.heard[0]?.user).toMatchObject({ display_name: "Zoë" })
    expect((await asked("GET /me", of({ sub, name: "Zoë Z." }))).body).toMatchObject({
      display_name: "Zoë Z.",
    })
    expect((await asked("GET /me", token)).body).toMatchObject({ display_name: "Zoë Z." })
  })
})
