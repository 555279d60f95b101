import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test"
import { createHmac } from "node:crypto"
import { me, tokens } from "@klatch/protocol"
import { type ServerProcess, startServer } from "../harness/server.ts"
import { until } from "../harness/until.ts"
import { ask, expectError, got } from "./answer.ts"
import { Caller } from "./caller.ts"
import { Person, password } from "./person.ts"
import { testMs, unique } from "./target.ts"

setDefaultTimeout(testMs)

const [JWT_SECRET, JWT_ISSUER] = ["your-secure-secret", "chat-server"]

/** The variables of S4's README and no others, but for the database, which is thrown away, and a free port. */
let server: ServerProcess
beforeAll(async () => {
  const env = { APP_ENV: "production", JWT_SECRET, JWT_ISSUER, AUTH: "", ENABLE_PERSISTENCE: "false" }
  server = await startServer({ env })
})
afterAll(() => server?.[Symbol.asyncDispose]())

/** A token as the application's own library makes it, with no more in it than it needs. */
function tokenOf(claims: object, { secret = JWT_SECRET, alg = "HS256", hash = "sha256" } = {}): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url")
  const data = `${part({ alg, typ: "JWT" })}.${part({ iss: JWT_ISSUER, ...claims })}`
  return `${data}.${alg === "none" ? "" : createHmac(hash, secret).update(data).digest("base64url")}`
}
const inS = (seconds: number) => Math.floor(Date.now() / 1_000) + seconds
const bearer = (token: string) => ({ at: server, headers: { authorization: `Bearer ${token}` } })
const whoIs = (token: string) => got(me.strict(), "GET /me", bearer(token))

describe("S4: the application's own tokens", () => {
  test("[O27, A5] /ws?token=<JWT>: a user appears, says Hello, and all who are connected hear it", async () => {
    const sub = unique("user")
    const token = tokenOf({ sub, name: "Ann Example", picture: "https://cdn.example/ann.png", exp: inS(60) })
    await using ann = await Caller.open(`/ws?token=${token}`, { at: server })
    await using bob = await Caller.open("/ws", bearer(tokenOf({ sub: unique("bob") })))
    expect(ann.user).toMatchObject({ username: sub, display_name: "Ann Example" })
    const { username } = bob.user
    expect(await ann.ask({ type: "chat", body: "Hello" })).toMatchObject({ type: "ack" })
    for (const one of [ann, bob])
      expect(await one.hears("Hello", (f) => f.content === "Hello")).toMatchObject({
        from: sub,
        room: "lobby",
      })
    await bob.acked({ type: "chat", body: "Hi" })
    expect(await ann.hears("Hi", (f) => f.content === "Hi")).toMatchObject({ from: username })

    // The same person with another token, under a new name; what was said is there on a reconnect.
    const later = tokenOf({ sub, name: "Ann E.", exp: inS(90) })
    expect(await whoIs(later)).toMatchObject({ id: ann.user.id, display_name: "Ann E.", is_admin: false })
    await using again = await Caller.open(`/ws?token=${later}&room=lobby`, { at: server })
    const page = await again.acked({ type: "history", room_id: "lobby" })
    expect((page.messages as { content: string }[]).map((m) => m.content)).toEqual(["Hello", "Hi"])
    const body = (await ask(`GET /history?r=lobby&token=${later}`, { at: server })).body as { from: string }[]
    expect(body.map(({ from }) => from)).toEqual([sub, username])
    // Renewed over the open socket; somebody else's token is refused there.
    expect(await again.acked({ type: "auth", token: tokenOf({ sub, exp: inS(600) }) })).toMatchObject({
      user: { id: ann.user.id },
    })
    expect(await again.ask({ type: "auth", token: tokenOf({ sub: "x" }) })).toMatchObject({
      code: "forbidden",
    })
  })

  test("[A1, A5] no token, no name and no bad token comes in; the door says why, before the upgrade", async () => {
    const sub = unique("eve")
    const bad = {
      "of another secret": tokenOf({ sub }, { secret: "another-secure-secret" }),
      "of another issuer": tokenOf({ sub, iss: "elsewhere" }),
      "of no issuer": tokenOf({ sub, iss: undefined }),
      "that has expired": tokenOf({ sub, exp: inS(-60) }),
      "that is not good yet": tokenOf({ sub, nbf: inS(60) }),
      "of nobody": tokenOf({ name: "Eve" }),
      "that is not signed": tokenOf({ sub }, { alg: "none" }),
      "of another algorithm": tokenOf({ sub }, { alg: "HS512", hash: "sha512" }),
      "cut short": tokenOf({ sub }).slice(0, -1),
      "that says it is ours": tokenOf({ sub, iss: "klatch", aud: "klatch" }),
    }
    for (const [what, token] of Object.entries(bad)) {
      const refusal = await ask(`GET /ws?token=${token}`, { at: server })
      expect([what, refusal.status]).toEqual([what, 401])
      expectError(await ask("GET /rooms", bearer(token)), "unauthorized")
      await expect(Caller.open(`/ws?token=${token}`, { at: server })).rejects.toThrow("refused")
    }
    expectError(await ask(`GET /ws?user=${sub}`, { at: server }), "unauthorized")
    expectError(await ask("GET /history?r=lobby", { at: server }), "unauthorized")
    const silent = new WebSocket(`${server.wsUrl}/ws`)
    const { promise, resolve } = Promise.withResolvers<string>()
    silent.onmessage = ({ data }) => resolve(String(data))
    silent.onopen = () => silent.send(JSON.stringify({ type: "chat", body: "Hello?" }))
    expect(JSON.parse(await promise)).toMatchObject({ type: "error", code: "unauthorized" })
    silent.close()
    expect((await ask("GET /metrics", { at: server })).text).not.toContain(sub)
  })

  test("[O23, A13, A5] a role in the token makes an administrator, who broadcasts and reads the audit", async () => {
    const [sub, other] = [unique("boss"), unique("clerk")]
    const [boss, clerk] = [tokenOf({ sub, roles: ["admin"] }), tokenOf({ sub: other, roles: ["clerk"] })]
    await using b = await Caller.open(`/ws?token=${boss}`, { at: server })
    await using c = await Caller.open(`/ws?token=${clerk}`, { at: server })
    expect(await c.ask({ type: "broadcast", content: "me too" })).toMatchObject({ code: "forbidden" })
    await b.acked({ type: "broadcast", content: "Back at noon" })
    await c.hears("the broadcast", (f) => f.kind === "broadcast" && f.content === "Back at noon")
    expectError(await ask("GET /admin/audit", bearer(clerk)), "forbidden")
    expect((await ask(`POST /admin/users/${other}/ban`, bearer(boss))).status).toBe(204)
    expect(await c.ends()).toBe(4503)
    expectError(await ask("GET /me", bearer(clerk)), "forbidden")
    const log = await ask(`GET /admin/audit?actor=${sub}`, bearer(boss))
    expect((log.body as { acts: { action: string }[] }).acts.map(({ action }) => action)).toEqual([
      "user_banned",
    ])
    expect(await whoIs(boss)).toMatchObject({ is_admin: true })
  })

  test("[A10, A6, O27] the lobby is heard by who says in a frame who they are, and not by who is banned", async () => {
    const [sub, late] = [unique("rude"), unique("late")]
    const rude = tokenOf({ sub })
    await using polite = await Caller.open(`/ws?token=${tokenOf({ sub: unique("polite") })}`, { at: server })
    await using r = await Caller.open(`/ws?token=${rude}`, { at: server })
    const boss = bearer(tokenOf({ sub: unique("boss"), roles: ["admin"] }))
    await polite.acked({ type: "chat", body: "before" })
    await r.hears("it, without being a member", (f) => f.content === "before")
    expect((await ask("POST /rooms/lobby/bans", { ...boss, body: { user: sub } })).status).toBe(204)
    await r.hears("that it is gone", (f) => f.type === "room_removed")
    await using again = await Caller.open(`/ws?token=${rude}`, { at: server })
    const byFrame = new WebSocket(`${server.wsUrl}/ws`)
    const heard: string[] = []
    byFrame.onmessage = ({ data }) => heard.push(String(data))
    byFrame.onopen = () => byFrame.send(JSON.stringify({ type: "auth", token: tokenOf({ sub: late }) }))
    await until("hello", () => heard.some((text) => text.includes(late)))
    await polite.acked({ type: "chat", body: "after" })
    await until("the lobby", () => heard.some((text) => text.includes('"after"')))
    byFrame.close()
    for (const one of [r, again]) {
      expect(await one.ask({ type: "chat", body: "again" })).toMatchObject({ code: "forbidden" })
      await one.settled()
      expect(one.heard.filter((f) => f.content === "after")).toEqual([])
    }
  })

  test("[A1, A5] people who sign up here chat with those who bring a token; nobody's name is taken", async () => {
    const name = unique("sam")
    const outside = await whoIs(tokenOf({ sub: name }))
    expectError(
      await ask("POST /auth/signup", { at: server, body: { username: name, password } }),
      "conflict",
    )
    const here = await Person.signUp(server, "pat")
    const twin = await whoIs(tokenOf({ sub: here.name }))
    expect([twin.id === here.id, twin.username === here.name]).toEqual([false, false])
    await using pat = await here.line()
    await using sam = await Caller.open(`/ws?token=${tokenOf({ sub: name })}`, { at: server })
    await pat.acked({ type: "dm", to: name, content: "welcome" })
    expect(await sam.hears("the dm", (f) => f.content === "welcome")).toMatchObject({ from: here.name })
    expect(outside.id).toBe(sam.user.id)
    const again = await got(tokens.strict(), "POST /auth/login", {
      at: server,
      body: { username: here.name, password },
    })
    expect(again.user.id).toBe(here.id)
    expectError(await ask("POST /auth/logout", { ...bearer(tokenOf({ sub: name })), body: {} }), "forbidden")
  })

  test("production logs are JSON, a line an event, with no token and nothing that was said in them", async () => {
    const lines = server.lines.map((line) => JSON.parse(line) as Record<string, unknown>)
    expect(lines.length).toBeGreaterThan(1)
    expect(lines.filter(({ level, event, time }) => !(level && event && Date.parse(String(time))))).toEqual(
      [],
    )
    const text = server.lines.join("\n")
    for (const secret of [JWT_SECRET, "eyJ", "Hello", "Back at noon", password])
      expect(text).not.toContain(secret)
    expect(lines.find(({ event }) => event === "listening")).toMatchObject({
      mode: "production",
      auth: "required",
    })
  })
})
