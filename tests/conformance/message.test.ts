import { describe, expect, setDefaultTimeout, test } from "bun:test"
import { historyPage, limits, room, sentAck } from "@klatch/protocol"
import { startServer } from "../harness/server.ts"
import { ask, expectError, got } from "./answer.ts"
import { Caller } from "./caller.ts"
import { targetAt, testMs, unique } from "./target.ts"

setDefaultTimeout(testMs)

describe("sending", () => {
  test("[C20] the ack tells where the message stands, and the event everyone hears tells the same", async () => {
    const slug = unique("send")
    await using ann = await Caller.in(slug)
    await using bob = await Caller.in(slug)
    const ack = await ann.acked({ type: "message", room_id: slug, content: "  hi  ", client_id: "c1" })
    expect(ack).toMatchObject({ room_id: ann.roomId, client_id: "c1" })
    expect(ack.message_id).toBe(ack.seq as number)
    for (const one of [ann, bob]) {
      const event = await one.hears("the message", (f) => f.type === "message")
      expect(event).toEqual({
        type: "message",
        seq: ack.seq as number,
        message_id: ack.seq,
        room_id: ann.roomId,
        room: slug,
        kind: "room",
        user_id: ann.user.id,
        from: ann.user.username,
        content: "hi",
        client_id: "c1",
        timestamp: ack.timestamp,
      })
    }
  })

  test("[C20] an acked message is in history at once, over the socket and over HTTP", async () => {
    const slug = unique("durable")
    await using ann = await Caller.in(slug)
    const ack = await ann.acked({ type: "message", room_id: slug, content: "kept" })
    const overHttp = await got(historyPage, `GET /rooms/${slug}/messages`)
    const overSocket = await ann.acked({ type: "history", room_id: slug })
    expect(overHttp.messages.map((m) => m.seq)).toEqual([ack.seq as number])
    expect(overSocket.messages).toEqual(overHttp.messages)
    const event = await ann.hears("the message", (f) => f.type === "message")
    expect(overHttp.messages[0] as unknown).toEqual(event)
  })

  test("[C21] the same client_id of the same user in the same room has the same ack and one message", async () => {
    const slug = unique("once")
    const name = unique("ann")
    await using ann = await Caller.as(name, `room_id=${slug}`)
    await using again = await Caller.as(name.toUpperCase(), `room_id=${slug}`)
    await ann.hears("the ack", (f) => f.type === "ack")
    const frame = { type: "message", room_id: slug, content: "one", client_id: "same" }
    const acks = await Promise.all([ann, ann, again, again, ann].map((caller) => caller.acked(frame)))
    const changed = await ann.acked({ ...frame, content: "another text" })
    const overHttp = await got(
      sentAck.omit({ type: true, ref: true }).strict(),
      `POST /rooms/${slug}/messages?user=${name}`,
      { body: { content: "one", client_id: "same" } },
    )
    const places = [...acks, changed].map(({ ref: _, type: __, ...place }) => place)
    expect(new Set([...places, overHttp].map((place) => JSON.stringify(sorted(place)))).size).toBe(1)
    expect(await contents(slug)).toEqual(["one"])
  })

  test("[C21] another user, another room or no client_id is another message", async () => {
    const slug = unique("twice")
    const other = unique("twice")
    await using ann = await Caller.in(slug)
    await using bob = await Caller.in(slug)
    const frame = { type: "message", room_id: slug, content: "x", client_id: "same" }
    await ann.acked(frame)
    await bob.acked(frame)
    await ann.acked({ ...frame, client_id: undefined })
    await ann.acked({ ...frame, client_id: undefined })
    await ann.acked({ type: "join", room_id: other })
    await ann.acked({ ...frame, room_id: other })
    expect(await contents(slug)).toEqual(["x", "x", "x", "x"])
    expect(await contents(other)).toEqual(["x"])
  })

  test("[C21] a client_id is remembered after the server was killed, also for HTTP", async () => {
    await using first = await startServer()
    const at = targetAt(first.url)
    const frame = { type: "message", room_id: "keep", content: "one", client_id: "same" }
    const ann = await Caller.as("ann", "room_id=keep", { at })
    const { ref: _, ...before } = await ann.acked(frame)
    await first.kill()
    await using second = await startServer({ dataDir: first.dataDir })
    const now = targetAt(second.url)
    await using back = await Caller.as("Ann", "room_id=keep", { at: now })
    const { ref: __, ...after } = await back.acked({ ...frame, content: "two" })
    expect(after).toEqual(before)
    const { body } = await ask("POST /rooms/keep/messages?user=ann", { at: now, body: { ...frame } })
    expect(body).toMatchObject({ seq: before.seq, timestamp: before.timestamp })
    const page = await got(historyPage, "GET /rooms/keep/messages", { at: now })
    expect(page.messages.map((m) => m.content)).toEqual(["one"])
  })

  test("[C22] several senders at once: everyone hears the same messages in the same order", async () => {
    const slug = unique("many")
    const callers = await Promise.all(Array.from({ length: 6 }, () => Caller.in(slug)))
    const each = 40
    await Promise.all(
      callers.flatMap((caller, c) =>
        Array.from({ length: each }, (_, i) =>
          caller.acked({ type: "message", room_id: slug, content: `${c}.${i}` }),
        ),
      ),
    )
    const total = callers.length * each
    const heard = await Promise.all(
      callers.map(async (caller) => {
        await caller.hears("all", () => messagesOf(caller).length === total)
        return messagesOf(caller)
      }),
    )
    for (const one of heard) expect(one).toEqual(heard[0] as string[])
    for (let c = 0; c < callers.length; c++)
      expect(heard[0]?.filter((text) => text.startsWith(`${c}.`))).toEqual(
        Array.from({ length: each }, (_, i) => `${c}.${i}`),
      )
    await Promise.all(callers.map((caller) => caller.close()))
    expect(callers.flatMap((caller) => caller.faults)).toEqual([])
  })

  test("[C23] content is kept to the letter: any script, emoji, markup, right-to-left", async () => {
    const slug = unique("text")
    await using ann = await Caller.in(slug)
    const texts = [
      "x".repeat(limits.contentCharsMax),
      "日本語 עברית العربية हिन्दी",
      "👩‍👩‍👧‍👦 🏳️‍🌈 e\u0301 \u202eabc\u202c \ufeff x",
      `<script>alert("1")</script> & 'quotes' \\ / \u2028 \u2029 \u007f \u0001`,
      "line\nline\ttab\r\nend",
      "__proto__",
      "%s %d #{x} {{y}} '; DROP TABLE rooms; --",
    ]
    for (const content of texts) await ann.acked({ type: "message", room_id: slug, content })
    await ann.hears("the last", (f) => f.type === "message" && f.content === texts.at(-1))
    expect(messagesOf(ann)).toEqual(texts)
    expect(await contents(slug)).toEqual(texts)
  })

  test("[C24] reply_to and thread_id name a message of the room, else not_found", async () => {
    const slug = unique("reply")
    await using ann = await Caller.in(slug)
    const { message_id } = await ann.acked({ type: "message", room_id: slug, content: "first" })
    await ann.acked({ type: "message", room_id: slug, content: "answer", reply_to: message_id })
    await ann.acked({ type: "message", room_id: slug, content: "thread", thread_id: message_id })
    await ann.hears("reply_to", (f) => f.content === "answer" && f.reply_to === message_id)
    await ann.hears("thread_id", (f) => f.content === "thread" && f.thread_id === message_id)
    for (const key of ["reply_to", "thread_id"])
      for (const missing of [1, 999])
        expect(await ann.ask({ type: "message", room_id: slug, content: "x", [key]: missing })).toMatchObject(
          {
            code: "not_found",
          },
        )
  })

  test("[C25] writing to a public room makes a member", async () => {
    const slug = unique("public")
    await using ann = await Caller.in(slug)
    await using bob = await Caller.as(unique("bob"))
    await bob.acked({ type: "message", room_id: slug, content: "hello" })
    await ann.hears("the membership", (f) => f.type === "join" && f.user_id === bob.user.id)
  })

  test.each([
    { type: "message", content: "x" },
    { type: "chat", body: "x" },
    { type: "history" },
    { type: "edit", message_id: 1, content: "x" },
    { type: "delete", message_id: 1 },
    { type: "typing" },
    { type: "leave" },
    { type: "leave", forget: true },
    { type: "join", isById: true },
  ])("[C26] a private room answers someone else's %p as if there were none", async ({ isById, ...frame }) => {
    const slug = unique("secret")
    const secret = await got(room, `POST /rooms?user=${unique("ann")}`, {
      body: { kind: "private", name: "s", slug },
    })
    await using bob = await Caller.as(unique("bob"))
    const missing = "01900000-0000-7000-8000-000000000000"
    const refs = isById ? [secret.id, missing] : [secret.id, slug, missing, unique("missing")]
    const answers = []
    for (const room_id of refs) answers.push(await bob.ask({ ...frame, room_id }))
    expect(answers.map(({ type, code }) => ({ type, code }))).toEqual(
      refs.map(() => ({ type: "error", code: "not_found" })),
    )
    expect(new Set(answers.map((answer) => answer.message)).size).toBe(1)
  })

  test("[H10] over HTTP a message is answered 201 with the ack, and everyone connected hears it", async () => {
    const slug = unique("http")
    const name = unique("carol")
    await using ann = await Caller.in(slug)
    const answer = await ask(`POST /rooms/${slug}/messages?user=${name}`, { body: { content: "from HTTP" } })
    expect(answer.status).toBe(201)
    const event = await ann.hears("the message", (f) => f.content === "from HTTP")
    expect(answer.body).toEqual({
      room_id: ann.roomId,
      seq: event.seq as number,
      message_id: event.message_id,
      timestamp: event.timestamp,
    })
    expectError(await ask(`POST /rooms/${slug}/messages`, { body: { content: "x" } }), "unauthorized")
    expectError(
      await ask(`POST /rooms/${unique("none")}/messages?user=${name}`, { body: { content: "x" } }),
      "not_found",
    )
  })
})

const messagesOf = (caller: Caller): string[] =>
  caller.entries(caller.roomId).flatMap((f) => (f.type === "message" ? [String(f.content)] : []))
const contents = async (slug: string): Promise<string[]> =>
  (await got(historyPage, `GET /rooms/${slug}/messages?limit=100`)).messages.map((m) => m.content)
const sorted = (value: object): object => Object.fromEntries(Object.entries(value).sort())
