import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type Answer, ask, expectError } from "../../conformance/answer.ts"
import { type ServerProcess, startServer } from "../../harness/server.ts"
import { until } from "../../harness/until.ts"
import { Issuer } from "../tokens/issuer.ts"
import { Line } from "../tokens/line.ts"
import { Person } from "../tokens/person.ts"

setDefaultTimeout(90_000)

const issuer = new Issuer()
const dataDir = mkdtempSync(join(tmpdir(), "klatch-user-data-"))
const manyMessages = 1_200
let server: ServerProcess
const start = () => {
  const { JWKS_URL: _, ENABLE_PERSISTENCE: __, ...env } = issuer.environment("")
  return startServer({ dataDir, env })
}
beforeAll(async () => {
  server = await start()
})
afterAll(async () => {
  await server?.[Symbol.asyncDispose]()
  rmSync(dataDir, { recursive: true, force: true })
})

type Json = Record<string, unknown>
const by = (token: string, line: string, body?: unknown): Promise<Answer> =>
  ask(line, { at: server, body, headers: { authorization: `Bearer ${token}` } })
const outside = (sub: string, roles: string[] = []) =>
  issuer.sign("HS256", issuer.claims({ sub, preferred_username: sub, roles, exp: undefined }))
const chief = outside("chief", ["admin"])

async function makeRoom(token: string, kind: string, name: string, members: string[] = []): Promise<string> {
  const made = await by(token, "POST /rooms", { kind, name, slug: name, members })
  expect([name, made.status]).toEqual([name, 201])
  return (made.body as { id: string }).id
}
async function say(token: string, room: string, content: string): Promise<number> {
  const sent = await by(token, `POST /rooms/${room}/messages`, { content })
  expect([content, sent.status, sent.text]).toEqual([content, 201, sent.text])
  return (sent.body as { message_id: number }).message_id
}
const linesOf = (answer: Answer): Json[] =>
  answer.text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line))
async function everyMessage(token: string, room: string): Promise<Json[]> {
  const messages: Json[] = []
  for (let after = 0, more = true; more; after = Number(messages.at(-1)?.seq)) {
    const { body } = await by(token, `GET /rooms/${room}/messages?after=${after}&limit=100`)
    const page = body as { messages: Json[]; has_more: boolean }
    messages.push(...page.messages)
    more = page.has_more
  }
  return messages
}

test("[A18] all that is kept of someone is told to them, to back ends, and to nobody else", async () => {
  const [ann, signIn] = await Person.at(server, "ann")
  const [, bob] = await Person.at(server, "bob")
  const { access } = signIn
  const rooms = [
    await makeRoom(bob.access, "public", "hall"),
    await makeRoom(access, "private", "den", ["bob"]),
    await makeRoom(bob.access, "group", "crew", ["ann"]),
    await makeRoom(bob.access, "public", "doomed"),
  ]
  const said: string[] = []
  for (const room of rooms)
    for (let i = 0; i < 105; i++) {
      if (room !== rooms[0] && i > 2) break
      said.push(`ann ${room} ${i}`)
      await say(access, room, said.at(-1) as string)
      if (i < 2) await say(bob.access, room, "not ann")
    }
  const direct = ((await by(access, "POST /dm", { to: "bob" })).body as { id: string }).id
  said.push("between us")
  await say(access, direct, "between us")
  await by(access, `POST /rooms/${rooms[2]}/leave`)
  const deletion = await by(bob.access, `DELETE /rooms/${rooms[3]}`)
  expect(deletion.status).toBe(204)
  const key = ((await by(chief, "POST /admin/keys", { name: "shop" })).body as { key: string }).key

  for (const token of [access, key, chief]) {
    const answer = await by(token, "GET /users/ann/export")
    expect([answer.status, answer.headers.get("content-type")]).toEqual([
      200,
      "application/x-ndjson; charset=utf-8",
    ])
    const lines = linesOf(answer)
    expect(lines.at(-1)).toEqual({ type: "end", count: lines.length - 1 })
    const of = (type: string) => lines.filter((line) => line.type === type)
    expect(of("profile")).toEqual([expect.objectContaining({ username: "ann", has_password: true })])
    expect(of("sign_in").length).toBe(1)
    expect(of("membership").map(({ slug, role }) => [slug, role])).toEqual([
      ["hall", "member"],
      ["den", "owner"],
      [null, "member"],
    ])
    expect(
      of("message")
        .map(({ content }) => content as string)
        .sort(),
    ).toEqual(said.toSorted())
    expect(of("audit").map(({ action }) => action)).toContain("signed_up")
    expect(of("inbox").length).toBeGreaterThan(3)
    for (const secret of ["argon2id", "hash", access, signIn.refresh.split(".")[1] as string, "not ann"])
      expect([secret, answer.text.includes(secret)]).toEqual([secret, false])
  }
  expectError(await by(bob.access, "GET /users/ann/export"), "forbidden")
  expectError(await ask("GET /users/ann/export", { at: server }), "unauthorized")
  expectError(await by(chief, "GET /users/nobody/export"), "not_found")

  // What is somebody else's is only taken back with a word of it in the audit log.
  const spoken = await say(bob.access, "den", "off with it")
  expect((await by(access, `DELETE /rooms/den/messages/${spoken}`)).status).toBe(200)
  await using line = await ann.line(access)
  const again = await say(bob.access, "den", "and this")
  const den = rooms[1] as string
  expect(await line.ask({ type: "delete", room_id: den, message_id: again })).toMatchObject({ type: "ack" })
  const acts = (await by(chief, "GET /admin/audit?action=message_deleted_by_other")).body as { acts: Json[] }
  const told = { actor: "ann", target: "bob", room_id: den, address: "127.0.0.1" }
  expect(acts.acts).toEqual([expect.objectContaining(told), expect.objectContaining(told)])
})

test("[A19] whoever is deleted is out at once, and what they wrote is taken back in each room's log", async () => {
  const ann = (await by(chief, "GET /users/ann")).body as { id: string }
  const bob = (
    (
      await ask("POST /auth/login", {
        at: server,
        body: { username: "bob", password: "the word of bob" },
      })
    ).body as { access_token: string }
  ).access_token
  const { body } = await ask("POST /auth/login", {
    at: server,
    body: { username: "ann", password: "the word of ann" },
  })
  const { access_token: access, refresh_token: refresh } = body as Record<string, string>
  await by(chief, "POST /admin/users", { username: "guest" })
  expectError(await by(bob, "DELETE /users/ann?confirm=ann"), "forbidden")
  expectError(await by(chief, "DELETE /users/bob"), "conflict")
  expectError(await by(chief, "DELETE /users/bob?confirm=ann"), "conflict")

  const [hall, direct] = await Promise.all(
    ["hall", ann.id].map(async (ref) =>
      ref === "hall"
        ? ((await by(bob, "GET /rooms/hall")).body as Json)
        : ((await by(bob, "POST /dm", { to: ref })).body as Json),
    ),
  )
  const hallId = hall?.id as string
  await using listener = await Line.of(server, `token=${bob}`)
  const { head } = await listener.ask({ type: "join", room_id: "hall" })
  await using own = await Line.of(server, `token=${access}`)
  const startMs = Date.now()
  const answer = await by(access as string, "DELETE /users/ann")
  expect([answer.status, answer.body]).toEqual([
    202,
    { id: ann.id, username: `deleted-${ann.id.slice(-12)}`, display_name: "Deleted user" },
  ])
  const { code, atMs } = await own.ends()
  expect([code, atMs - startMs < 1_000]).toEqual([4503, true])
  expectError(await by(access as string, "GET /me"), "unauthorized")
  expectError(
    await ask("POST /auth/refresh", { at: server, body: { refresh_token: refresh } }),
    "unauthorized",
  )
  const body2 = { username: "ann", password: "the word of ann" }
  expectError(await ask("POST /auth/login", { at: server, body: body2 }), "unauthorized")
  expectError(await ask("POST /auth/signup", { at: server, body: body2 }), "conflict")
  expectError(await by(chief, "GET /users/ann"), "not_found")
  expectError(await by(chief, "DELETE /users/ann?confirm=ann"), "not_found")
  expectError(await by(chief, `POST /admin/users/${ann.id}/token`, {}), "not_found")

  await listener.hears("the end of the membership", (f) => f.type === "leave" && f.room_id === hallId)
  const told = listener.heard.filter((f) => f.room_id === hallId && f.seq !== undefined && f.type !== "ack")
  expect(told.map(({ seq }) => seq)).toEqual(told.map((_, i) => Number(head) + 1 + i))
  expect(told.map(({ type }) => type)).toEqual([...Array(105).fill("delete"), "leave"])
  expect(new Set(told.map(({ from }) => from))).toEqual(new Set([`deleted-${ann.id.slice(-12)}`]))
  const before = await everyMessage(bob, "hall")
  expect(before.filter(({ user_id }) => user_id === ann.id).every(({ content }) => content === "")).toBe(true)
  expect(before.filter(({ content }) => content === "not ann").length).toBe(2)
  expect(JSON.stringify(before)).not.toContain(`"ann`)
  const directId = direct?.id as string
  const renamed = await until("the room of two to lose the name", async () => {
    const room = (await by(bob, `GET /rooms/${directId}`)).body as { name: string }
    return room.name !== "ann,bob" && room
  })
  expect(renamed.name).toBe(`bob,deleted-${ann.id.slice(-12)}`)
  const den = await until("the private room to be bob's", async () => {
    const room = (await by(bob, "GET /rooms/den")).body as { role: string }
    return room.role === "owner" && room
  })
  expect(den.role).toBe("owner")
  // Nor does a replay tell their name, from memory or from the log, where they wrote or did something to others.
  await using late = await Line.of(server, `token=${bob}&subscribe=none`)
  for (const room_id of ["hall", "den", directId]) {
    const ack = await late.ask({ type: "join", room_id, since: 0 })
    expect(ack).toMatchObject({ type: "ack" })
    const replayed = late.heard.filter((f) => f.room_id === ack.room_id && f.seq !== undefined)
    expect(replayed.length).toBe(Number(ack.head))
    expect(JSON.stringify(replayed)).not.toMatch(/"ann[",]|ann,bob/)
    const made = replayed.find((f) => f.type === "join" && f.from === "bob")
    expect(made?.by).toEqual(
      room_id !== "hall" ? { id: ann.id, username: `deleted-${ann.id.slice(-12)}` } : (undefined as never),
    )
  }
  const actsOf = (await by(chief, `GET /admin/audit?actor=${ann.id}&action=user_exported`)).body
  expect((actsOf as { acts: Json[] }).acts.length).toBe(1)
  const acts = (await by(chief, "GET /admin/audit?action=user_deleted")).body as { acts: Json[] }
  expect(acts.acts).toEqual([expect.objectContaining({ actor: "ann", target: "ann", actor_id: ann.id })])
})

test("[A19] a deletion goes on where a kill -9 cut it, and says each thing once", async () => {
  const token = outside("many")
  expect((await by(token, "GET /me")).status).toBe(200)
  const id = await makeRoom(chief, "public", "long")
  await using line = await Line.of(server, `token=${token}&room_id=long`)
  await line.hears("the join", (f) => f.type === "ack" && f.room_id === id)
  for (let sent = 0; sent < manyMessages; sent += 200)
    await Promise.all(
      Array.from({ length: 200 }, (_, i) =>
        line.ask({ type: "message", room_id: id, content: `one of many ${sent + i}` }),
      ),
    )
  const { head: full } = (await by(chief, "GET /rooms/long")).body as { head: number }
  expect((await by(chief, "DELETE /users/many?confirm=many")).status).toBe(202)
  await until("some to be gone", async () => {
    const { head } = (await by(chief, "GET /rooms/long")).body as { head: number }
    return head > full
  })
  await server.kill()
  server = await start()
  const cut = ((await by(chief, "GET /rooms/long")).body as { head: number }).head - full
  await until("all to be gone", async () => {
    const messages = (await by(chief, "GET /rooms/long/members")).body as { members: Json[] }
    return messages.members.length === 1
  })
  const messages = await everyMessage(chief, "long")
  expect(messages.length).toBe(manyMessages)
  expect(messages.every(({ content, deleted_at }) => content === "" && deleted_at)).toBe(true)
  const { head } = (await by(chief, "GET /rooms/long")).body as { head: number }
  console.log(`killed after ${cut} of ${manyMessages} entries`)
  expect(head).toBe(full + manyMessages + 1)
  // Their issuer still says who they are, and they are nobody here for good.
  expectError(await by(token, "GET /me"), "unauthorized")
  expectError(await by(outside("many"), "GET /me"), "unauthorized")
  const found = (await by(chief, "GET /users?q=many")).body as { users: Json[] }
  expect(found.users).toEqual([])
})
