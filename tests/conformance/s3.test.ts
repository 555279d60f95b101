import { describe, expect, setDefaultTimeout, test } from "bun:test"
import { historyPage, joinAck, myRoom, room } from "@klatch/protocol"
import { ask, got } from "./answer.ts"
import { Caller } from "./caller.ts"
import { testMs, unique } from "./target.ts"

setDefaultTimeout(testMs)

describe("S3: rooms and messages in open mode", () => {
  test("[O26] rooms, /ws?user=&room_id=, frames and events, GET /rooms/:id/messages", async () => {
    const [a, b] = [unique("ann"), unique("bob")]
    const made = await got(room.strict(), `POST /rooms?user=${a}`, { body: { name: "General talk" } })
    expect(made.slug).toStartWith("general-talk")
    const mine = (await ask(`GET /rooms?user=${a}`)).body as { rooms: unknown[] }
    expect(mine.rooms.map((one) => myRoom.strict().parse(one).id)).toEqual([made.id])
    expect(await got(room.strict(), `GET /rooms/${made.id}?user=${b}`)).toMatchObject({
      id: made.id,
      role: null,
    })
    await using ann = await Caller.open(`/ws?user=${a}&room_id=${made.id}`)
    await using bob = await Caller.open(`/ws?user=${b}&room_id=${made.id}`)
    const joined = await bob.hears("the ack", (f) => f.type === "ack")
    expect(joinAck.strict().parse(joined)).toMatchObject({ room_id: made.id, role: "member" })
    await ann.hears(
      "bob's join",
      (f) => f.type === "join" && f.user_id === bob.user.id && f.room_id === made.id,
    )
    bob.send({ type: "typing", room_id: made.id })
    await ann.hears(
      "typing",
      (f) => f.type === "typing" && f.user_id === bob.user.id && f.room_id === made.id,
    )
    bob.send({ type: "message", room_id: made.id, content: "hello" })
    const event = await ann.hears("the message", (f) => f.type === "message")
    expect(event).toMatchObject({ user_id: bob.user.id, room_id: made.id, content: "hello" })
    expect(Math.abs(Date.parse(String(event.timestamp)) - Date.now())).toBeLessThan(60_000)
    const page = await got(historyPage.strict(), `GET /rooms/${made.id}/messages?user=${a}&limit=10`)
    expect(page.messages as unknown[]).toEqual([event])
    bob.send({ type: "leave", room_id: made.id, forget: true })
    await ann.hears("bob's leave", (f) => f.type === "leave" && f.user_id === bob.user.id)
  })

  test("[O26] two rooms of one name: the second is told of the conflict", async () => {
    const name = unique("Same name")
    expect((await ask("POST /rooms?user=ann", { body: { name } })).status).toBe(201)
    expect((await ask("POST /rooms?user=bob", { body: { name } })).status).toBe(409)
  })

  test("[O26] a room's kind is said by `type` as well, and one that is not known is refused", async () => {
    const name = unique("Hidden")
    const made = await got(room.strict(), "POST /rooms?user=ann", { body: { name, type: "private" } })
    expect(made.kind).toBe("private")
    expect((await ask(`GET /rooms/${made.id}?user=bob`)).status).toBe(404)
    expect((await ask("POST /rooms?user=ann", { body: { name, type: "secret" } })).status).toBe(400)
  })

  test("[O26] /healthz, and the four metrics by their names", async () => {
    expect((await ask("GET /healthz")).status).toBe(200)
    const { text } = await ask("GET /metrics")
    for (const name of [
      "websocket_connections_total",
      "messages_per_second",
      "db_write_latency_ms",
      "redis_pubsub_lag",
    ])
      expect(text).toContain(`# TYPE ${name} `)
  })
})
