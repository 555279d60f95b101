import { describe, expect, setDefaultTimeout, test } from "bun:test"
import { historyPage } from "@klatch/protocol"
import { postgres15 } from "../harness/postgres.ts"
import { startServer } from "../harness/server.ts"
import { ask, got } from "./answer.ts"
import { Caller } from "./caller.ts"
import { targetAt, testMs, unique } from "./target.ts"

setDefaultTimeout(testMs)

describe("S4: nothing but the environment", () => {
  test("[O27] /ws with nothing at all, and a chat frame without a room goes to the lobby", async () => {
    await using someone = await Caller.open("/ws")
    await using other = await Caller.open("/ws")
    await other.acked({ type: "join", room_id: "lobby" })
    const body = unique("Hello")
    const ack = await someone.acked({ type: "chat", body })
    const event = await other.hears("it", (f) => f.content === body)
    expect(event).toMatchObject({ room: "lobby", from: someone.user.username, seq: ack.seq })
    await someone.acked({ type: "chat", body: "again" })
  })

  test("[O27] a chat frame goes to its room_id, else to the room given at connect", async () => {
    const [home, other] = [unique("home"), unique("other")]
    await using ann = await Caller.in(home)
    await ann.acked({ type: "join", room_id: other })
    await ann.acked({ type: "chat", body: "at home" })
    await ann.acked({ type: "chat", body: "elsewhere", room_id: other })
    const said = async (slug: string) =>
      (await got(historyPage, `GET /rooms/${slug}/messages`)).messages.map((m) => m.content)
    expect([await said(home), await said(other)]).toEqual([["at home"], ["elsewhere"]])
  })

  test("[O28] ENABLE_PERSISTENCE=false chats as always and forgets it all", async () => {
    const env = { ENABLE_PERSISTENCE: "false" }
    for (let i = 0; i < 2; i++) {
      await using server = await startServer({ env })
      const at = targetAt(server.url)
      expect((await ask("GET /history?r=lobby", { at })).body).toEqual([])
      await using ann = await Caller.open("/ws", { at })
      await ann.acked({ type: "chat", body: "Hello" })
      expect(((await ask("GET /history?r=lobby", { at })).body as unknown[]).length).toBe(1)
    }
  })

  test("[O28] POSTGRES_DSN is the database: another server on it knows what was said", async () => {
    await using postgres = await postgres15()
    const env = { POSTGRES_DSN: (postgres.address as { url: string }).url }
    for (let i = 0; i < 2; i++) {
      await using server = await startServer({ env })
      const at = targetAt(server.url)
      expect(((await ask("GET /history?r=lobby", { at })).body as unknown[]).length).toBe(i)
      await using ann = await Caller.open("/ws", { at })
      await ann.acked({ type: "chat", body: "Hello" })
    }
  })
})
