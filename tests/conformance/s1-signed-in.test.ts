import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test"
import { historyPage, room, tokens } from "@klatch/protocol"
import { type ServerProcess, startServer } from "../harness/server.ts"
import { ask, expectError, got } from "./answer.ts"
import { Caller, type Heard } from "./caller.ts"
import { Person, password } from "./person.ts"
import { testMs, unique } from "./target.ts"

setDefaultTimeout(testMs)

/** A server where people sign in, for this file alone: it has no administrator yet. */
let server: ServerProcess
let [alice, bob, eve]: Person[] = []
beforeAll(async () => {
  server = await startServer({ env: { AUTH: "required", LIMITS: "off", ENABLE_PERSISTENCE: "false" } })
  ;[alice, bob, eve] = await Promise.all(["alice", "bob", "eve"].map((like) => Person.signUp(server, like)))
})
afterAll(() => server?.[Symbol.asyncDispose]())

const missing = "01900000-0000-7000-8000-000000000000"
const told = ({ code, message }: Heard) => ({ code, message })
const roomsOf = async (person: Person) =>
  ((await person.ask("GET /rooms")).body as { rooms: { id: string; kind: string; unread: number }[] }).rooms

describe("S1: people who sign in", () => {
  test("[O21] sign up and log in as its README types them, and come in by the token, not by the name", async () => {
    const username = unique("carl")
    const body = { username, password }
    const made = await got(tokens.strict(), "POST /auth/signup", { at: server, body })
    expectError(await ask("POST /auth/signup", { at: server, body }), "conflict")
    const back = await got(tokens.strict(), "POST /auth/login", { at: server, body })
    expect([back.user, back.expires_in > 0]).toEqual([made.user, true])
    const refusals = await Promise.all(
      [
        { username, password: "password124" },
        { username: unique("no"), password },
      ].map((wrong) => ask("POST /auth/login", { at: server, body: wrong })),
    )
    for (const answer of refusals) expectError(answer, "unauthorized")
    expect(refusals[0]?.text).toBe(refusals[1]?.text as string)
    await expect(Caller.open(`/ws?user=${username}`, { at: server })).rejects.toThrow("refused")
    await expect(Caller.open(`/chat?u=${username}`, { at: server })).rejects.toThrow("refused")
    const address = `/ws?user=${bob?.name}&token=${back.access_token}`
    await using carl = await Caller.open(address, { at: server })
    expect(carl.user).toEqual(made.user)
  })

  test("[O21, O24] dm: all of bob's connections hear it, he finds it later, nobody else does in any way", async () => {
    const content = unique("Hello!")
    await using a = await alice!.line()
    await using b = await bob!.line()
    await using also = await bob!.line()
    await using e = await eve!.line()
    const ack = await a.acked({ type: "dm", from: eve!.name, to: bob!.name, content })
    for (const one of [a, b, also]) {
      const event = await one.hears("the dm", (f) => f.content === content)
      expect(event).toMatchObject({ kind: "dm", from: alice!.name, to: bob!.name, seq: ack.seq })
    }
    const id = String(ack.room_id)
    const back = await b.acked({ type: "dm", to: alice!.id, content: "Hi" })
    expect(back.room_id).toBe(id)
    expect((await roomsOf(bob!)).find((one) => one.id === id)).toMatchObject({ kind: "direct" })
    const { messages } = await bob!.got(historyPage.strict(), `GET /rooms/${id}/messages`)
    expect(messages.map((m) => m.content)).toEqual([content, "Hi"])

    const frames = (room_id: string) => [
      { type: "message", room_id, content: "x" },
      { type: "chat", room_id, body: "x" },
      { type: "group", to: room_id, content: "x" },
      { type: "join", room_id },
      { type: "leave", room_id },
      { type: "history", room_id },
      { type: "edit", room_id, message_id: ack.seq, content: "x" },
      { type: "delete", room_id, message_id: ack.seq },
      { type: "typing", room_id },
      { type: "read", room_id, message_id: ack.seq },
    ]
    for (const [i, frame] of frames(id).entries()) {
      const [there, nowhere] = [await e.ask(frame), await e.ask(frames(missing)[i]!)]
      expect([frame.type, told(there)]).toEqual([frame.type, told(nowhere)])
      expect(there.code).toBe("not_found")
    }
    e.send({ type: "resume", rooms: { [id]: 0 } })
    expect(await e.hears("resumed", (f) => f.type === "resumed")).toMatchObject({ rooms: {}, refused: [id] })
    await e.settled()
    expect(JSON.stringify(e.heard)).not.toContain(content)
    expect(await a.ask({ type: "dm", to: unique("nobody"), content: "x" })).toMatchObject({
      code: "not_found",
    })
    expect(await a.ask({ type: "dm", to: missing, content: "x" })).toMatchObject({ code: "not_found" })
  })

  test("[O22] group: for members, who are added; to others and those who were removed it is not there", async () => {
    const slug = unique("devs")
    const body = { kind: "group", name: "Devs", slug, members: [bob!.name] }
    const { id } = await alice!.got(room.strict(), "POST /rooms", body)
    await using a = await alice!.line()
    await using b = await bob!.line()
    await using e = await eve!.line()
    await a.acked({ type: "group", from: "whoever", to: slug, content: "first" })
    expect(await b.hears("the first", (f) => f.content === "first")).toMatchObject({
      kind: "group",
      to: slug,
    })
    const [there, nowhere] = [slug, unique("nowhere")].map((to) => ({ type: "group", to, content: "x" }))
    expect(told(await e.ask(there!))).toEqual(told(await e.ask(nowhere!)))

    await alice!.ask(`POST /rooms/${id}/members`, { users: [eve!.name] })
    await e.hears("the room", (f) => f.type === "room_added" && (f.room as { id: string }).id === id)
    await e.acked({ type: "group", to: slug, content: "thank you" })
    await b.hears("it", (f) => f.content === "thank you")
    await alice!.done(`DELETE /rooms/${id}/members/${eve!.name}`)
    await e.hears("the end", (f) => f.type === "room_removed" && (f.room as { id: string }).id === id)
    await b.acked({ type: "group", to: slug, content: "not for eve" })
    expect(told(await e.ask(there!))).toEqual(told(await e.ask(nowhere!)))
    expectError(await eve!.ask(`GET /rooms/${slug}/messages`), "not_found")
    expect((await roomsOf(eve!)).filter((one) => one.id === id)).toEqual([])
    await e.settled()
    expect(JSON.stringify(e.heard)).not.toContain("not for eve")
  })

  test("[O23, A13] broadcast: by whoever has the right; everyone hears it, and it is recorded", async () => {
    const content = unique("to all")
    await using b = await bob!.line()
    await using e = await eve!.open()
    expect(await b.ask({ type: "broadcast", content })).toMatchObject({ code: "forbidden" })
    const code = /"code\\*":\\*"([\w-]+)/.exec(server.lines.join("\n"))?.[1]
    await alice!.done("POST /admin/claim", { code })
    await using a = await alice!.open()
    const ack = await a.acked({ type: "broadcast", from: "alice", content })
    for (const one of [a, b, e]) {
      const event = await one.hears("the broadcast", (f) => f.content === content)
      expect(event).toMatchObject({ kind: "broadcast", from: alice!.name, seq: ack.seq })
    }
    const { key } = (await alice!.ask("POST /admin/keys", { name: "shop" })).body as { key: string }
    const asKey = new Person(server, "klatch.system", "", key)
    const line = `POST /rooms/${ack.room_id}/messages`
    expect((await asKey.ask(line, { content: `${content} again` })).status).toBe(201)
    await b.hears("it by HTTP", (f) => f.content === `${content} again`)
    expectError(await bob!.ask(line, { content: "me too" }), "forbidden")
    const page = await b.acked({ type: "history", room_id: ack.room_id })
    expect((page.messages as { content: string }[]).map((m) => m.content)).toEqual([
      content,
      `${content} again`,
    ])
    const rights = { rights: { post: "member" } }
    const broadcastRoom = `PATCH /rooms/${ack.room_id}`
    expectError(await bob!.ask(broadcastRoom, rights), "forbidden")
    expectError(await alice!.ask(broadcastRoom, { name: "mine" }), "forbidden")
    await alice!.got(room, broadcastRoom, rights)
    await b.acked({ type: "broadcast", content: `${content} by all` })
    await e.hears("bob's broadcast", (f) => f.content === `${content} by all`)
    await alice!.got(room, broadcastRoom, { rights: {} })
    expect(await b.ask({ type: "broadcast", content })).toMatchObject({ code: "forbidden" })
  })
})
