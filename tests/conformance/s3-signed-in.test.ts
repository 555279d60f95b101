import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test"
import { historyPage, me, myRoom, person as personSchema, room, tokens } from "@klatch/protocol"
import { type ServerProcess, startServer } from "../harness/server.ts"
import { type Asking, ask, expectError, got } from "./answer.ts"
import { Caller, type Heard } from "./caller.ts"
import { Person, password } from "./person.ts"
import { testMs, unique } from "./target.ts"

setDefaultTimeout(testMs)

/** A server where people sign in, for this file alone: it has no administrator yet. */
let server: ServerProcess
let [ann, bob, eve]: Person[] = []
beforeAll(async () => {
  server = await startServer({ env: { AUTH: "required", LIMITS: "off", ENABLE_PERSISTENCE: "false" } })
  ;[ann, bob, eve] = await Promise.all(["ann", "bob", "eve"].map((like) => Person.signUp(server, like)))
})
afterAll(() => server?.[Symbol.asyncDispose]())

const missing = "01900000-0000-7000-8000-000000000000"
const made = (more: object = {}, owner = ann!): Promise<{ id: string }> =>
  owner.got(room.strict(), "POST /rooms", { kind: "private", name: unique("Back room"), ...more })
const opens = async (path: string, headers?: Record<string, string>): Promise<string | undefined> => {
  const caller = await Caller.open(path, { at: server, ...(headers && { headers }) }).catch(() => undefined)
  await caller?.close()
  return caller?.user.username
}
const isJoined = (f: Heard) => f.type === "ack" && f.head !== undefined

describe("S3: people who sign in", () => {
  test("[O26] sign up, log in, make a room, connect by token and room, and speak its frames", async () => {
    const username = unique("carl")
    const body = { username, email: "carl@chat.example", password }
    await got(tokens.strict(), "POST /auth/signup", { at: server, body })
    const { user, access_token } = await got(tokens.strict(), "POST /auth/login", { at: server, body })
    const carl = new Person(server, username, user.id, access_token)
    const { id } = await made({ members: [ann!.name] }, carl)
    const { rooms } = (await ann!.ask("GET /rooms")).body as { rooms: unknown[] }
    expect(rooms.map((one) => myRoom.strict().parse(one)).find((one) => one.id === id)).toMatchObject({
      kind: "private",
      role: "member",
      unread: 0,
    })
    expect(await ann!.got(room.strict(), `GET /rooms/${id}`)).toMatchObject({ id, role: "member" })

    await using c = await carl.line(`&room_id=${id}`)
    await using a = await ann!.line(`&room_id=${id}`)
    for (const one of [c, a]) await one.hears("the ack of the room in the address", isJoined)
    // Every field of its frames at once, as its README shows them.
    const frame = { room_id: id, content: "message content", message_id: 123 }
    c.send({ ...frame, type: "typing" })
    const is = { room_id: id, user_id: user.id }
    expect(await a.hears("typing", (f) => f.type === "typing")).toMatchObject(is)
    const ack = await c.acked({ ...frame, type: "message" })
    const event = await a.hears("the message", (f) => f.type === "message")
    expect(event).toMatchObject({ ...is, content: "message content", message_id: ack.seq })
    expect(String(event.timestamp)).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
    await a.acked({ ...frame, type: "read", message_id: ack.seq })
    const mine = (await ann!.ask("GET /rooms")).body as { rooms: { id: string; read_message_id: number }[] }
    expect(mine.rooms.find((one) => one.id === id)?.read_message_id).toBe(Number(ack.seq))
    expect(await c.acked({ ...frame, type: "join" })).toMatchObject({ room_id: id, role: "owner" })
    for (const content of ["two", "three"]) await a.acked({ type: "message", room_id: id, content })
    const page = (query: string) => ann!.got(historyPage.strict(), `GET /rooms/${id}/messages?${query}`)
    const newest = await page("limit=2")
    expect([newest.messages.map((m) => m.content), newest.has_more]).toEqual([["two", "three"], true])
    const older = await page(`limit=2&before=${newest.messages[0]?.seq}`)
    expect([older.messages.map((m) => m.content), older.has_more]).toEqual([["message content"], false])
    await a.acked({ ...frame, type: "leave" })
    await c.acked({ type: "message", room_id: id, content: "alone" })
    await a.settled()
    expect(JSON.stringify(a.heard)).not.toContain("alone")
    expect(await ann!.got(room.strict(), `GET /rooms/${id}`)).toMatchObject({ role: "member" })
    await a.acked({ ...frame, type: "leave", forget: true })
    await c.hears("the end of a membership", (f) => f.type === "leave" && f.user_id === ann!.id)
    expectError(await ann!.ask(`GET /rooms/${id}`), "not_found")
  })

  test("[A1] the token counts wherever it may stand, in order; nothing else does", async () => {
    const { id } = await made()
    const [token, authorization] = [ann!.token, `Bearer ${ann!.token}`]
    const ticket = async () => ((await ann!.ask("POST /auth/ticket")).body as { ticket: string }).ticket
    const { name } = ann!
    for (const door of ["/ws", "/chat"]) {
      expect(await opens(`${door}?token=${token}&room_id=${id}`)).toBe(name)
      expect(await opens(`${door}?ticket=${await ticket()}`)).toBe(name)
      expect(await opens(`${door}?token=nonsense`, { authorization })).toBe(name)
      expect(await opens(`${door}?ticket=${await ticket()}&token=nonsense&user=bob`)).toBe(name)
      expect(await opens(door, { authorization: authorization.replace("Bearer", "bearer") })).toBe(name)
    }
    for (const query of [`?token=${token}`, `?token=${token}&user=bob`])
      expect((await got(me.strict(), `GET /me${query}`, { at: server })).username).toBe(name)

    const spent = await ticket()
    expect(await opens(`/ws?ticket=${spent}`)).toBe(name)
    for (const query of [
      `ticket=${spent}`,
      "ticket=",
      "token=",
      `token=${token}x`,
      `token=${ann!.refresh}`,
      "user=ann",
    ])
      expect([query, await opens(`/ws?${query}`)]).toEqual([query, undefined])
    expect(await opens(`/ws?token=${token}`, { authorization: "Bearer nonsense" })).toBeUndefined()
    const wrong: (Asking & { query?: string })[] = [
      {},
      { headers: { cookie: `token=${token}; access_token=${token}; session=${token}` } },
      { headers: { authorization: token } },
      { headers: { authorization: `Basic ${btoa(`${name}:${password}`)}` } },
      { headers: { authorization: `Bearer ${ann!.refresh}` } },
      { headers: { "x-user-id": ann!.id } },
      { query: `?ticket=${await ticket()}` },
      { query: `?user=${name}` },
      { query: `?token=${token}`, headers: { authorization: "Bearer nonsense" } },
    ]
    for (const { query = "", ...asking } of wrong) {
      const answer = await ask(`GET /rooms${query}`, { at: server, ...asking })
      expectError(answer, "unauthorized")
      expect(answer.headers.get("set-cookie")).toBeNull()
    }
  })

  test("[A6] the first frame may bring the token, and the room of the address is joined then", async () => {
    const { id } = await made()
    const socket = new WebSocket(`${server.wsUrl}/ws?room_id=${id}`)
    const heard: Heard[] = []
    const done = Promise.withResolvers<void>()
    socket.onmessage = ({ data }) => {
      heard.push(JSON.parse(String(data)) as Heard)
      if (isJoined(heard.at(-1)!)) done.resolve()
    }
    socket.onopen = () => {
      socket.send(JSON.stringify({ type: "history", room_id: id, ref: "early" }))
      socket.send(JSON.stringify({ type: "auth", token: ann!.token, ref: "auth" }))
    }
    await done.promise
    socket.close()
    expect(heard[0]).toMatchObject({ type: "error", ref: "early", code: "unauthorized" })
    expect(heard[1]).toMatchObject({ type: "hello", user: { id: ann!.id } })
    expect(heard.find((f) => f.ref === "auth")).toMatchObject({ type: "ack", user: { id: ann!.id } })
    expect(heard.find(isJoined)).toMatchObject({ room_id: id, role: "owner" })
  })

  test("[A3, A7] a sign-in is renewed, and its end closes what came by it with 4401", async () => {
    const dan = await Person.signUp(server, "dan")
    const renew = (refresh_token: string) =>
      ask("POST /auth/refresh", { at: server, body: { refresh_token } })
    const next = tokens
      .omit({ user: true })
      .strict()
      .parse((await renew(dan.refresh)).body)
    const renewed = new Person(server, dan.name, dan.id, next.access_token, next.refresh_token)
    await using d = await renewed.line()
    expect(await d.acked({ type: "auth", token: next.access_token })).toMatchObject({ user: { id: dan.id } })
    expect(await d.ask({ type: "auth", token: bob!.token })).toMatchObject({ code: "forbidden" })
    expect(await d.ask({ type: "auth", token: "nonsense" })).toMatchObject({ code: "unauthorized" })
    await renewed.done("POST /auth/logout", {})
    expect(await d.ends()).toBe(4401)
    expectError(await renewed.ask("GET /me"), "unauthorized")
    expectError(await renew(next.refresh_token), "unauthorized")
    expect(await opens(`/ws?token=${next.access_token}`)).toBeUndefined()
  })
})

describe("S3: what is not one's own", () => {
  /** What S3's users ask of a room, and the like: with the body of each. */
  const ofRoom: readonly [method: string, path: string, body?: unknown][] = [
    ["GET", ""],
    ["PATCH", "", { topic: "x" }],
    ["DELETE", ""],
    ["POST", "/join", {}],
    ["POST", "/leave", {}],
    ["GET", "/messages"],
    ["POST", "/messages", { content: "x" }],
    ["PATCH", "/messages/3", { content: "x" }],
    ["DELETE", "/messages/3"],
    ["GET", "/members"],
    ["POST", "/members", { users: ["nobody"] }],
    ["PATCH", "/members/nobody", { role: "reader" }],
    ["DELETE", "/members/nobody"],
    ["GET", "/bans"],
    ["POST", "/bans", { user: "nobody" }],
    ["DELETE", "/bans/nobody"],
    ["GET", "/invites"],
    ["POST", "/invites", {}],
    ["DELETE", `/invites/${missing}`],
    ["GET", "/search?q=secret"],
    ["GET", "/receipts"],
    ["GET", "/pins"],
  ]
  /** What each is answered, with the room's own name in it taken out. */
  const answers = (who: Person | undefined, ref: string) =>
    Promise.all(
      ofRoom.map(async ([method, path, body]) => {
        const line = `${method} /rooms/${ref}${path}`
        const answer = await (who ? who.ask(line, body) : ask(line, { at: server, body }))
        return `${method} ${path} ${answer.status} ${answer.text.replaceAll(ref, "REF")}`
      }),
    )

  test("[A8, H14] a private room is to strangers, by any address, what a missing one is", async () => {
    const slug = unique("back")
    const { id } = await made({ slug, members: [bob!.name] })
    await ann!.ask(`POST /rooms/${id}/messages`, { content: "secret" })
    const [there, byName, nowhere] = [
      await answers(eve, id),
      await answers(eve, slug),
      await answers(eve, missing),
    ]
    expect(there).toEqual(nowhere)
    expect(byName).toEqual(nowhere)
    expect(nowhere.filter((one) => !/ (404|501) /.test(one))).toEqual([])
    const unknown = await answers(undefined, id)
    expect(unknown.filter((one) => !one.includes(" 401 "))).toEqual([])
    expect(unknown).toEqual(await answers(undefined, missing))
    for (const line of [
      "GET /rooms/discover?q=back",
      "GET /rooms",
      `GET /history?r=${slug}`,
      `GET /history?r=${id}`,
    ])
      expect((await eve!.ask(line)).text).not.toMatch(/secret|back-/)
    expectError(await ask(`GET /history?r=${slug}`, { at: server }), "unauthorized")
    await using e = await eve!.line(`&room_id=${id}`)
    expect(await e.hears("why not", (f) => f.type === "error")).toMatchObject({ code: "not_found" })
    expect(await bob!.got(historyPage.strict(), `GET /rooms/${slug}/messages`)).toMatchObject({
      messages: [{ content: "secret" }],
    })
  })

  test("[C25, A8] a public room is read by all who signed in, and whoever writes there is a member", async () => {
    const slug = unique("square")
    const { id } = await made({ kind: "public", name: "Square", slug })
    expect(await eve!.got(room.strict(), `GET /rooms/${slug}`)).toMatchObject({ role: null })
    expect((await eve!.ask(`GET /rooms/discover?q=${slug}`)).text).toContain(id)
    expectError(await eve!.ask(`PATCH /rooms/${id}`, { topic: "mine" }), "forbidden")
    const sent = (await eve!.ask(`POST /rooms/${id}/messages`, { content: "hello" })).body as { seq: number }
    expect(await eve!.got(room.strict(), `GET /rooms/${slug}`)).toMatchObject({ role: "member" })
    expectError(await bob!.ask(`PATCH /rooms/${id}/messages/${sent.seq}`, { content: "x" }), "forbidden")
    expectError(await bob!.ask(`DELETE /rooms/${id}/messages/${sent.seq}`), "forbidden")
    expect((await ann!.ask(`DELETE /rooms/${id}/messages/${sent.seq}`)).status).toBe(200)
  })

  test("[A7, A10] whoever was removed or banned hears nothing more, by any way they came to hear it", async () => {
    const { id } = await made({ members: [bob!.name, eve!.name] })
    const square = await made({ kind: "public", slug: unique("square") })
    await using a = await ann!.line(`&room_id=${id}`)
    await using b = await bob!.line(`&room_id=${id}`)
    await using e = await eve!.line(`&room_id=${id}`)
    // A member by joining, another by the address, and one who reads a public room without being a member.
    await using quiet = await eve!.open()
    quiet.send({ type: "resume", rooms: { [id]: 0, [square.id]: 0 } })
    await quiet.hears("resumed", (f) => f.type === "resumed")
    for (const one of [a, b, e]) await one.hears("the ack", isJoined)
    expectError(await bob!.ask(`DELETE /rooms/${id}/members/${eve!.name}`), "forbidden")
    await ann!.done(`DELETE /rooms/${id}/members/${eve!.name}`)
    await ann!.done(`POST /rooms/${square.id}/bans`, { user: eve!.id })
    const by = { id: ann!.id, username: ann!.name }
    expect(await b.hears("her end", (f) => f.type === "leave")).toMatchObject({ user_id: eve!.id, by })
    await e.hears("that it is gone", (f) => f.type === "room_removed")
    b.send({ type: "typing", room_id: id })
    await a.hears("typing", (f) => f.type === "typing")
    for (const one of [id, square.id])
      await ann!.ask(`POST /rooms/${one}/messages`, { content: "not for eve" })
    for (const one of [e, quiet]) {
      await one.settled()
      expect(one.heard.filter((f) => f.type === "typing" || f.content === "not for eve")).toEqual([])
      for (const type of ["message", "history", "read", "typing", "join", "edit", "delete"]) {
        const frame = { type, room_id: id, content: "x", message_id: 1 }
        expect([type, await one.ask(frame)]).toMatchObject([type, { code: "not_found" }])
      }
      expect(await one.ask({ type: "join", room_id: square.id })).toMatchObject({ code: "forbidden" })
    }
    expect(await answers(eve, id)).toEqual(await answers(eve, missing))
  })

  test("[A7, A13] an account that is banned is closed with 4503 and does not come back", async () => {
    const dan = await Person.signUp(server, "dan")
    const code = /"code\\*":\\*"([\w-]+)/.exec(server.lines.join("\n"))?.[1]
    await ann!.done("POST /admin/claim", { code })
    await using d = await dan.line()
    await ann!.done(`POST /admin/users/${dan.name}/ban`)
    expect(await d.ends()).toBe(4503)
    expectError(await dan.ask("GET /rooms"), "forbidden")
    expect(await opens(`/ws?token=${dan.token}`)).toBeUndefined()
    const body = { username: dan.name, password }
    expectError(await ask("POST /auth/login", { at: server, body }), "forbidden")
    expect(await ann!.got(personSchema, `GET /users/${dan.name}`)).toMatchObject({ id: dan.id })
  })

  test("[C13, O26] what is for later says so to whoever is signed in; probe and metrics need no token", async () => {
    const { id } = await made()
    await using a = await ann!.line(`&room_id=${id}`)
    const { seq } = await a.acked({ type: "message", room_id: id, content: "x" })
    const on = { room_id: id, message_id: seq, emoji: "👍", users: [bob!.id] }
    for (const type of ["react", "unreact", "pin", "unpin", "presence"])
      expect([type, await a.ask({ ...on, type })]).toMatchObject([type, { code: "not_supported" }])
    const attachments = [{ file_id: missing }]
    expectError(await ann!.ask(`POST /rooms/${id}/messages`, { content: "x", attachments }), "not_supported")
    for (const line of [
      ...[
        "GET /search?q=x",
        `GET /rooms/${id}/search?q=x`,
        `GET /rooms/${id}/receipts`,
        `GET /rooms/${id}/pins`,
      ],
      ...[`GET /rooms/${id}/messages/${seq}/thread`, `PUT /rooms/${id}/messages/${seq}/reactions/x`],
      ...[
        `DELETE /rooms/${id}/messages/${seq}/reactions/x`,
        `GET /files/${id}`,
        `GET /files/${id}/thumbnail`,
      ],
    ]) {
      expectError(await ann!.ask(line), "not_supported")
      expectError(await ask(line, { at: server }), "unauthorized")
    }
    const raw = new Uint8Array(200_000)
    const headers = {
      authorization: `Bearer ${ann!.token}`,
      "content-type": "multipart/form-data; boundary=x",
    }
    expectError(await ask("POST /uploads", { at: server, raw, headers }), "not_supported")
    expect((await ask("GET /healthz", { at: server })).status).toBe(200)
    const { text } = await ask("GET /metrics", { at: server })
    expect(text).toMatch(/^websocket_connections_total 1$/m)
  })
})
