import { describe, expect, setDefaultTimeout, test } from "bun:test"
import { historyPage } from "@klatch/protocol"
import { postgres15 } from "../harness/postgres.ts"
import { startServer } from "../harness/server.ts"
import { ask, got } from "./answer.ts"
import { Caller } from "./caller.ts"
import { targetAt, testMs, unique } from "./target.ts"

setDefaultTimeout(testMs)

describe("S4: nothing but the environment", () => {
  test("[O27] /ws with nothing at all: a chat frame is heard, once, by all who named no room", async () => {
    await using someone = await Caller.open("/ws")
    await using other = await Caller.open("/ws")
    await using elsewhere = await Caller.in(unique("elsewhere"))
    await using asked = await Caller.open("/ws?subscribe=none")
    const body = unique("Hello")
    const ack = await someone.acked({ type: "chat", body })
    for (const one of [someone, other]) {
      const event = await one.hears("it", (f) => f.content === body)
      expect(event).toMatchObject({ room: "lobby", from: someone.user.username, seq: ack.seq })
      await one.settled()
      expect(one.heard.filter((f) => f.content === body).length).toBe(1)
    }
    for (const one of [elsewhere, asked]) {
      await one.settled()
      expect(one.heard.filter((f) => f.content === body)).toEqual([])
    }
    await other.acked({ type: "leave", room_id: ack.room_id })
    await someone.acked({ type: "chat", body: `${body} again` })
    await other.settled()
    expect(other.heard.filter((f) => f.content === `${body} again`)).toEqual([])
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
      await using bob = await Caller.open("/ws", { at })
      // The first words there ever: they make the room that both hear.
      await ann.acked({ type: "chat", body: "Hello" })
      for (const one of [ann, bob]) await one.hears("the first words", (f) => f.content === "Hello")
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
