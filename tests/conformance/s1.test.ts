import { describe, expect, setDefaultTimeout, test } from "bun:test"
import { historyPage, myRoom, room } from "@klatch/protocol"
import { got } from "./answer.ts"
import { Caller } from "./caller.ts"
import { testMs, unique } from "./target.ts"

setDefaultTimeout(testMs)

const roomPage = { parse: (value: unknown) => value as { rooms: unknown[] } }
const roomsOf = async (name: string) =>
  (await got(roomPage, `GET /rooms?user=${name}`)).rooms.map((one) => myRoom.strict().parse(one))

describe("S1: frames as its README types them", () => {
  test("[O21] dm: bob, connected before it was sent, receives it without having asked for anything", async () => {
    const [a, b] = [unique("alice"), unique("bob")]
    await using bob = await Caller.as(b)
    await using alice = await Caller.as(a)
    alice.send(JSON.stringify({ type: "dm", from: a, to: b, content: "Hello!" }))
    for (const one of [bob, alice])
      expect(await one.hears("the dm", (f) => f.type === "message" && f.kind === "dm")).toMatchObject({
        from: a,
        to: b,
        user_id: alice.user.id,
        content: "Hello!",
      })
    bob.send({ type: "dm", from: b, to: a.toUpperCase(), content: "Hi back" })
    const reply = await alice.hears("the reply", (f) => f.content === "Hi back")
    expect(reply).toMatchObject({ from: b, to: a, room_id: bob.heard.find((f) => f.kind === "dm")?.room_id })
  })

  test("[O21] dm: bob, connecting after it was sent, finds it in his rooms and its history", async () => {
    const [a, b] = [unique("alice"), unique("bob")]
    await using alice = await Caller.as(a)
    const sent = await alice.acked({ type: "dm", from: a, to: b, content: "while you were out" })
    const [found] = await roomsOf(b)
    expect(found).toMatchObject({
      id: sent.room_id as string,
      kind: "direct",
      unread: 1,
      last_message: { content: "while you were out" },
    })
    const page = await got(historyPage.strict(), `GET /rooms/${found?.id}/messages?user=${b}`)
    expect(page.messages.map((m) => [m.from, m.to, m.content])).toEqual([[a, b, "while you were out"]])
    await using bob = await Caller.as(b)
    await alice.acked({ type: "dm", to: b, content: "there you are" })
    await bob.hears("the next dm, live", (f) => f.content === "there you are")
    expect((await roomsOf(a)).map((r) => r.id)).toEqual([sent.room_id as string])
  })

  test("[O21] dm: all of bob's connections receive it, and nobody else does", async () => {
    const [a, b] = [unique("alice"), unique("bob")]
    await using one = await Caller.as(b)
    await using other = await Caller.as(b)
    await using eve = await Caller.as(unique("eve"))
    await using alice = await Caller.as(a)
    await alice.acked({ type: "dm", to: b, content: "secret" })
    await one.hears("the dm", (f) => f.content === "secret")
    await other.hears("the dm", (f) => f.content === "secret")
    await eve.settled()
    expect(JSON.stringify(eve.heard)).not.toContain("secret")
  })

  test("[O21] dm: many at once between two open one room", async () => {
    const [a, b] = [unique("alice"), unique("bob")]
    await using alice = await Caller.as(a)
    await using bob = await Caller.as(b)
    const acks = await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        i % 2
          ? alice.acked({ type: "dm", to: b, content: `${i}` })
          : bob.acked({ type: "dm", to: a, content: `${i}` }),
      ),
    )
    expect(new Set(acks.map((ack) => ack.room_id)).size).toBe(1)
    for (const one of [alice, bob])
      await one.hears("all twenty", () => one.heard.filter((f) => f.kind === "dm").length === 20)
  })

  test("[O21] dm to oneself and by user id work; to a name that cannot be, it is refused", async () => {
    const a = unique("alice")
    await using alice = await Caller.as(a)
    await using bob = await Caller.as(unique("bob"))
    await alice.acked({ type: "dm", to: a, content: "note" })
    await alice.hears("the note", (f) => f.content === "note" && f.to === a)
    await alice.acked({ type: "dm", to: bob.user.id, content: "by id" })
    await bob.hears("the dm", (f) => f.content === "by id")
    expect(await alice.ask({ type: "dm", to: "a b", content: "x" })).toMatchObject({
      code: "invalid_field",
      message: "to: must be a user's id or name",
    })
    expect(
      await alice.ask({ type: "dm", to: "01900000-0000-7000-8000-000000000000", content: "x" }),
    ).toMatchObject({ code: "not_found" })
  })

  test("[O22] group: it is made, senders become members, and members receive what comes after", async () => {
    const group = unique("devs")
    await using alice = await Caller.as(unique("alice"))
    await using bob = await Caller.as(unique("bob"))
    await using eve = await Caller.as(unique("eve"))
    await alice.acked({ type: "group", from: "whoever", to: group, content: "first" })
    await bob.acked({ type: "group", from: "bob", to: group, content: "second" })
    const event = await alice.hears("bob's", (f) => f.content === "second")
    expect(event).toMatchObject({ kind: "group", to: group, room: group, from: bob.user.username })
    await alice.acked({ type: "group", to: group, content: "third" })
    await bob.hears("alice's", (f) => f.content === "third")
    await eve.settled()
    expect(eve.heard.filter((f) => f.type === "message" && f.kind === "group")).toEqual([])
    const seen = await got(historyPage, `GET /rooms/${group}/messages?user=${bob.user.username}`)
    expect(seen.messages.map((m) => m.content)).toEqual(["first", "second", "third"])
    expect(await got(room, `GET /rooms/${group}?user=${alice.user.username}`)).toMatchObject({
      kind: "group",
    })
  })

  test("[O22] group: a member who comes back receives it without asking", async () => {
    const group = unique("devs")
    const b = unique("bob")
    await using alice = await Caller.as(unique("alice"))
    const bob = await Caller.as(b)
    await bob.acked({ type: "group", to: group, content: "in" })
    await bob.close()
    await using back = await Caller.as(b)
    await back.settled()
    await alice.acked({ type: "group", to: group, content: "welcome back" })
    await back.hears("it", (f) => f.content === "welcome back")
  })

  test("[O23] broadcast: everyone connected hears it, whatever they joined, and it is recorded", async () => {
    const content = unique("to all")
    await using alice = await Caller.as(unique("alice"))
    await using bob = await Caller.as(unique("bob"))
    await using chat = await Caller.in(unique("room"))
    await using none = await Caller.as(unique("none"), "subscribe=none")
    const ack = await alice.acked({ type: "broadcast", from: "alice", content })
    for (const one of [alice, bob, chat, none]) {
      const event = await one.hears("the broadcast", (f) => f.content === content)
      expect(event).toMatchObject({ kind: "broadcast", from: alice.user.username, seq: ack.seq })
      await one.settled()
      expect(one.heard.filter((f) => f.content === content && f.type === "message").length).toBe(1)
    }
    const page = await bob.acked({ type: "history", room_id: ack.room_id, limit: 100 })
    expect((page.messages as { content: string }[]).map((m) => m.content)).toContain(content)
  })

  test("[O24] from is accepted and ignored: the server knows who is speaking", async () => {
    const [a, b] = [unique("alice"), unique("bob")]
    await using bob = await Caller.as(b)
    await using mallory = await Caller.as(unique("mallory"))
    mallory.send({ type: "dm", from: a, to: b, content: "trust me" })
    expect(await bob.hears("the dm", (f) => f.content === "trust me")).toMatchObject({
      from: mallory.user.username,
      user_id: mallory.user.id,
    })
  })
})
