import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test"
import { type Answer, ask, expectError } from "../../conformance/answer.ts"
import { type ServerProcess, startServer } from "../../harness/server.ts"
import { knock } from "../tokens/door.ts"
import { Issuer } from "../tokens/issuer.ts"
import { nowS } from "../tokens/jws.ts"
import { Person } from "../tokens/person.ts"

setDefaultTimeout(60_000)

const issuer = new Issuer()
let server: ServerProcess
let key: { id: string; key: string; name: string }
beforeAll(async () => {
  const { JWKS_URL: _, ...env } = issuer.environment("")
  server = await startServer({ env: { ...env, JWT_CLOCK_TOLERANCE_S: "5" } })
  key = (await by(chief, "POST /admin/keys", { name: "crm" })).body as typeof key
})
afterAll(() => server?.[Symbol.asyncDispose]())

type Row = { actor: string; action: string; target: string; room_id: string | null; details: object }
const by = (token: string, line: string, body?: unknown, as?: string): Promise<Answer> =>
  ask(line, {
    at: server,
    body,
    headers: { authorization: `Bearer ${token}`, ...(as !== undefined && { "klatch-as": as }) },
  })
const outside = (sub: string, more: object = {}) =>
  issuer.sign("HS256", issuer.claims({ sub, preferred_username: sub, exp: undefined, ...more }))
const chief = outside("chief", { roles: ["admin"] })
const act = (line: string, body?: unknown, as?: string) => by(key.key, line, body, as)
const rows = async (action: string): Promise<Row[]> =>
  ((await by(chief, `GET /admin/audit?limit=100&action=${action}`)).body as { acts: Row[] }).acts

test("[A13] what a key does names the key and in whose name, and is nobody's own act in their export", async () => {
  const [{ username }, own] = await Person.at(server, "kay")
  const [, bob] = await Person.at(server, "bert")
  const room = (await act("POST /rooms", { kind: "private", name: "Keyed", members: ["bert"] }, username))
    .body as { id: string }
  expect((await act(`POST /rooms/${room.id}/bans`, { user: "bert" }, username)).status).toBe(204)
  expect((await act("POST /auth/ticket", undefined, username)).status).toBe(201)
  expect((await act("POST /admin/users", { username: "made-by-key" })).status).toBe(201)
  const byKey = { by_key: "crm", key_id: key.id }
  expect(await rows("member_banned")).toMatchObject([{ actor: username, target: "bert", details: byKey }])
  expect(await rows("ticket_bought")).toMatchObject([{ actor: username, details: byKey }])
  expect(await rows("user_created")).toMatchObject([{ actor: "klatch.system", details: byKey }])
  expect((await rows("signed_up")).map(({ details }) => details)).toEqual([{}, {}])
  const told = async (token: string, name: string) =>
    (await by(token, `GET /users/${name}/export`)).text
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { type: string; action: string; by: string })
      .filter(({ type }) => type === "audit")
  const ofKay = await told(own.access, username)
  expect(ofKay.find(({ action }) => action === "member_banned")?.by).toBe("back_end")
  expect(ofKay.find(({ action }) => action === "user_exported")?.by).toBe("self")
  expect((await told(bob.access, "bert")).find(({ action }) => action === "member_banned")?.by).toBe("other")
  for (const text of [JSON.stringify(ofKay)]) expect(text).not.toContain(key.id)
})

test("[A13] nobody speaks for who is banned, and what they had before is dead after", async () => {
  const [, { refresh }] = await Person.at(server, "bad")
  const minted = async () => (await by(chief, "POST /admin/users/bad/token", { for_s: 3_600 })).body
  const old = ((await minted()) as { access_token: string }).access_token
  const outer = outside("outer")
  for (const token of [old, outer]) expect((await by(token, "GET /me")).status).toBe(200)
  for (const name of ["bad", "outer"]) expect((await act(`POST /admin/users/${name}/ban`)).status).toBe(204)
  for (const line of ["GET /me", "POST /auth/ticket", "POST /rooms"])
    expectError(
      await act(line, line.endsWith("rooms") ? { kind: "private", name: "x" } : undefined, "bad"),
      "forbidden",
    )
  expectError(await act("POST /admin/users/bad/token", { for_s: 60 }), "forbidden")
  for (const name of ["bad", "outer"]) expect((await act(`DELETE /admin/users/${name}/ban`)).status).toBe(204)
  for (const token of [old, outer]) expectError(await by(token, "GET /me"), "unauthorized")
  expectError(
    await ask("POST /auth/refresh", { at: server, body: { refresh_token: refresh } }),
    "unauthorized",
  )
  expect((await act("GET /me", undefined, "bad")).status).toBe(200)
  expectError(await by(chief, "POST /admin/users/klatch.system/ban"), "forbidden")
  expect((await act("POST /auth/ticket")).status).toBe(201)
})

test("[A7] a token that says it is from the future is none, and does not outlive signing out everywhere", async () => {
  for (const iat of [nowS() + 600, nowS() + 60]) {
    const token = outside("ahead", { iat, exp: iat + 3_000 })
    expectError(await by(token, "GET /me"), "unauthorized")
    expect(await knock(server, `token=${token}`)).toEqual({ refused: "401" })
  }
  // A clock that is ahead as far as it may be.
  const [soon, now] = [outside("ahead", { iat: nowS() + 4 }), outside("ahead")]
  for (const token of [soon, now]) expect((await by(token, "GET /me")).status).toBe(200)
  expect((await by(soon, "POST /auth/logout", { everywhere: true })).status).toBe(204)
  for (const token of [soon, now]) expectError(await by(token, "GET /me"), "unauthorized")
})

test("[A1] people are shown by a name that shows, does not turn its words around and is not the system's", async () => {
  const [, { access }] = await Person.at(server, "vis")
  const wrong = [
    "\u200b",
    "\u2800\u2800",
    " \u3164 ",
    "\u00ad\u2060",
    "\u202exb admin",
    "a\u2066b",
    "System",
    "sYs\u200btem",
  ]
  for (const display_name of wrong) {
    expectError(await by(access, "PATCH /me", { display_name }), "invalid_field")
    const body = { username: "never-made", password: "long enough", display_name }
    expectError(await ask("POST /auth/signup", { at: server, body }), "invalid_field")
    expectError(await act("POST /admin/users", { username: "never-made", display_name }), "invalid_field")
    const { body: me } = await by(outside("blanked", { name: display_name }), "GET /me")
    expect(me).toMatchObject({ display_name: "blanked" })
  }
  for (const display_name of ["Zoë", "\u{1F469}\u200d\u{1F680}", "مريم", "System Smith"])
    expect((await by(access, "PATCH /me", { display_name })).body).toMatchObject({ display_name })
})

test("[A9] who made a room, let people in, handed it on or changed it is in the log, and what was tried", async () => {
  const [[, ann], [, bea], [, cat]] = [
    await Person.at(server, "log-ann"),
    await Person.at(server, "log-bea"),
    await Person.at(server, "log-cat"),
  ]
  const room = (await by(ann.access, "POST /rooms", { kind: "private", name: "Den", members: ["log-bea"] }))
    .body as { id: string }
  const at = `/rooms/${room.id}`
  const settings = { slow_mode_s: 5, rights: { post: "moderator", invite: "admin" } }
  const invite = (await by(ann.access, `POST ${at}/invites`, { uses_max: 2 })).body as {
    id: string
    code: string
  }
  expect((await by(cat.access, `POST /invites/${invite.code}/accept`)).status).toBe(200)
  expect((await by(cat.access, `POST /invites/${invite.code}/accept`)).status).toBe(200)
  for (const change of [settings, { archived: true }, { archived: false, topic: "quiet" }, { topic: "only" }])
    expect((await by(ann.access, `PATCH ${at}`, change)).status).toBe(200)
  await Person.at(server, "log-dan")
  expect((await by(ann.access, `POST ${at}/members`, { users: ["log-dan", "log-ann"] })).status).toBe(204)
  expect((await by(bea.access, "PATCH /me", { display_name: "Administrator" })).status).toBe(200)
  expect((await by(bea.access, "PATCH /me", { avatar_url: "https://app.example/b.png" })).status).toBe(200)
  expect((await by(ann.access, `POST ${at}/leave`)).status).toBe(204)
  expectError(await by(cat.access, "POST /admin/claim", { code: "guessed wrong" }), "forbidden")
  const here = async (action: string) =>
    (await rows(action))
      .filter(({ actor, room_id }) => actor.startsWith("log-") && (room_id ?? room.id) === room.id)
      .map(({ actor, target, details }) => [actor, target, details])
  expect(await here("room_created")).toEqual([["log-ann", "Den", { kind: "private" }]])
  expect(await here("member_added")).toEqual([
    ["log-ann", "log-bea", {}],
    ["log-ann", "log-dan", {}],
  ])
  const { id } = (await by(ann.access, "GET /me")).body as { id: string }
  expect(await here("invite_accepted")).toEqual([["log-cat", invite.id, { made_by: id }]])
  expect(await here("room_rights_changed")).toEqual([
    ["log-ann", "Den", { slow_mode_s: 5, right_post: "moderator", right_invite: "admin" }],
    ["log-ann", "Den", { archived: true }],
    ["log-ann", "Den", { archived: false }],
  ])
  expect(await here("ownership_passed")).toEqual([["log-ann", "log-bea", {}]])
  expect(await here("display_name_changed")).toEqual([["log-bea", "", { display_name: "Administrator" }]])
  expect(await here("admin_claim_failed")).toEqual([["log-cat", "", {}]])
  const log = (await by(chief, "GET /admin/audit?limit=100")).text
  for (const secret of [invite.code, "guessed wrong", ann.access, key.key]) expect(log).not.toContain(secret)
})
