import { describe, expect, setDefaultTimeout, test } from "bun:test"
import { historyPage } from "@klatch/protocol"
import { ask, expectError, got } from "./answer.ts"
import { Caller } from "./caller.ts"
import { testMs, unique } from "./target.ts"

setDefaultTimeout(testMs)

const only = async (slug: string) => (await got(historyPage, `GET /rooms/${slug}/messages`)).messages

describe("edit and delete", () => {
  test("[C27] an edit takes its own seq, is heard by all, and is the message's state in history", async () => {
    const slug = unique("edit")
    await using ann = await Caller.in(slug)
    await using bob = await Caller.in(slug)
    const sent = await ann.acked({ type: "message", room_id: slug, content: "frist" })
    const ack = await ann.acked({
      type: "edit",
      room_id: slug,
      message_id: sent.message_id,
      content: "first",
    })
    expect(ack).toMatchObject({ seq: (sent.seq as number) + 1, message_id: sent.message_id })
    const event = await bob.hears("the edit", (f) => f.type === "edit")
    expect(event).toEqual({
      type: "edit",
      seq: ack.seq as number,
      room_id: ann.roomId,
      message_id: sent.message_id,
      user_id: ann.user.id,
      from: ann.user.username,
      content: "first",
      timestamp: ack.timestamp,
    })
    const [message] = await only(slug)
    expect(message).toMatchObject({ seq: sent.seq, content: "first", edited_at: ack.timestamp })
    expect(message?.timestamp).toBe(sent.timestamp as string)
  })

  test("[C28] what was deleted is nowhere to be read: history, replays of any age, the same client_id", async () => {
    const slug = unique("delete")
    await using ann = await Caller.in(slug)
    await using bob = await Caller.in(slug)
    const secret = unique("secret")
    const frame = { type: "message", room_id: slug, content: secret, client_id: "c" }
    const sent = await ann.acked(frame)
    await ann.acked({ type: "edit", room_id: slug, message_id: sent.message_id, content: `${secret} again` })
    const ack = await ann.acked({ type: "delete", room_id: slug, message_id: sent.message_id })
    const event = await bob.hears("the delete", (f) => f.type === "delete")
    expect(event).toMatchObject({ seq: ack.seq, message_id: sent.message_id })
    const [message] = await only(slug)
    expect(message).toMatchObject({ seq: sent.seq, content: "", deleted_at: ack.timestamp })
    await using late = await Caller.as(unique("late"))
    const replayed = await late.acked({ type: "join", room_id: slug, since: 0 })
    await using later = await Caller.as(unique("later"))
    await later.ask({ type: "resume", rooms: { [String(replayed.room_id)]: 0 } })
    for (const one of [late, later]) {
      expect(one.entries(replayed.room_id).length).toBeGreaterThanOrEqual(5)
      expect(JSON.stringify(one.heard)).not.toContain(secret)
    }
    for (const path of [`/rooms/${slug}/messages`, `/history?r=${slug}`, `/rooms?user=${ann.user.username}`])
      expect((await ask(`GET ${path}`)).text).not.toContain(secret)
    const { ref: _, ...again } = await ann.acked(frame)
    const { ref: __, ...first } = sent
    expect(again).toEqual(first)
    expect((await only(slug)).map((m) => m.content)).toEqual([""])
  })

  test("[C28] a replay tells an edited message's newest content, never an older one", async () => {
    const slug = unique("edited")
    await using ann = await Caller.in(slug)
    const sent = await ann.acked({ type: "message", room_id: slug, content: "one" })
    const edit = { type: "edit", room_id: slug, message_id: sent.message_id }
    await ann.acked({ ...edit, content: "two" })
    await ann.acked({ ...edit, content: "three" })
    // Right behind the message, where the replay comes from memory, and from the beginning.
    for (const since of [sent.seq, Number(sent.seq) + 1]) {
      await using near = await Caller.as(unique("near"))
      const { room_id } = await near.acked({ type: "join", room_id: slug, since })
      expect(near.entries(room_id).flatMap((f) => f.content ?? [])).not.toContain("two")
    }
    await using late = await Caller.as(unique("late"))
    const { room_id } = await late.acked({ type: "join", room_id: slug, since: 0 })
    const told = late.entries(room_id).filter((f) => f.content !== undefined)
    expect(told.map((f) => [f.type, f.content])).toEqual([
      ["message", "three"],
      ["edit", "three"],
      ["edit", "three"],
    ])
  })

  test("[C29] only who wrote a message can change it; what is gone or no message is not_found", async () => {
    const slug = unique("own")
    await using ann = await Caller.in(slug)
    await using bob = await Caller.in(slug)
    const { message_id } = await ann.acked({ type: "message", room_id: slug, content: "mine" })
    const edit = { type: "edit", room_id: slug, content: "yours" }
    const remove = { type: "delete", room_id: slug }
    for (const frame of [edit, remove])
      expect(await bob.ask({ ...frame, message_id })).toMatchObject({ code: "forbidden" })
    const path = `/rooms/${slug}/messages/${message_id}?user=${bob.user.username}`
    expectError(await ask(`PATCH ${path}`, { body: { content: "yours" } }), "forbidden")
    expectError(await ask(`DELETE ${path}`), "forbidden")
    for (const frame of [edit, remove])
      for (const missing of [1, 10_000, Number.MAX_SAFE_INTEGER])
        expect(await ann.ask({ ...frame, message_id: missing })).toMatchObject({ code: "not_found" })
    await ann.acked({ ...remove, message_id })
    for (const frame of [edit, remove])
      expect(await ann.ask({ ...frame, message_id })).toMatchObject({ code: "not_found" })
    expect((await only(slug)).map((m) => m.content)).toEqual([""])
  })

  test("[H11] over HTTP a change is answered with its seq, and everyone connected hears it", async () => {
    const slug = unique("http")
    await using ann = await Caller.in(slug)
    const { message_id } = await ann.acked({ type: "message", room_id: slug, content: "one" })
    const path = `/rooms/${slug}/messages/${message_id}?user=${ann.user.username}`
    const edited = await ask(`PATCH ${path}`, { body: { content: "two" } })
    const heard = await ann.hears("the edit", (f) => f.type === "edit")
    expect([edited.status, edited.body]).toEqual([
      200,
      { seq: heard.seq as number, message_id, timestamp: heard.timestamp },
    ])
    const removed = await ask(`DELETE ${path}`)
    const gone = await ann.hears("the delete", (f) => f.type === "delete")
    expect(removed.body).toEqual({ seq: gone.seq as number, message_id, timestamp: gone.timestamp })
  })

  test("[C27] two who edit one message at once: the last seq is its state", async () => {
    const slug = unique("race")
    const name = unique("ann")
    await using one = await Caller.as(name, `room_id=${slug}`)
    await using two = await Caller.as(name, `room_id=${slug}`)
    await two.hears("the ack", (f) => f.type === "ack")
    const { message_id } = await one.acked({ type: "message", room_id: slug, content: "0" })
    const edit = { type: "edit", room_id: slug, message_id }
    const acks = await Promise.all(
      Array.from({ length: 20 }, async (_, i) => {
        const ack = await (i % 2 ? one : two).acked({ ...edit, content: `${i}` })
        return { seq: ack.seq as number, content: `${i}` }
      }),
    )
    const last = acks.reduce((a, b) => (b.seq > a.seq ? b : a))
    expect((await only(slug))[0]?.content).toBe(last.content)
    expect(new Set(acks.map((ack) => ack.seq)).size).toBe(20)
  })
})
