import { afterEach, beforeEach, describe, expect, test } from "bun:test"
import type { Kit } from "./kit.ts"
import { connected, probe, type Stage, stage as standing } from "./stage.ts"

/** What belongs to the client as a whole, and what is done through a room. */
export function clientSuite(kitOf: () => Kit): void {
  describe("the client", () => {
    let kit: Kit
    let stage: Stage
    beforeEach(() => {
      kit = kitOf()
      stage = standing(kit)
    })
    afterEach(() => stage.close())

    const connect = async () => {
      await kit.act(() => stage.client.connect())
      await stage.run(500)
    }

    test("tells its connection and its user", async () => {
      const connection = probe(kit, () => kit.hooks.useConnection(), "connection")
      const phase = probe(kit, () => kit.hooks.useConnection((state) => state.phase), "phase")
      const name = probe(kit, () => kit.hooks.useUser((user) => user?.username ?? null), "name")
      const itself = probe(kit, () => kit.hooks.useKlatch(), "itself")
      await stage.show(connection.element, phase.element, name.element, itself.element)
      await connect()
      stage.faults.goDown()
      await stage.run(10)
      expect(phase.seen).toEqual(["idle", "connecting", "open", "waiting"])
      expect(connection.now).toMatchObject({ phase: "waiting", lastError: { code: "closed" } })
      expect(name.seen).toEqual([null, "ann"])
      expect(itself.seen).toEqual([stage.client])
    })

    test("[K34] loads the rooms once it is connected, once for all components, and keeps them", async () => {
      const asked: string[] = []
      stage = standing(kit, {
        fetch: (url, init) => {
          asked.push(new URL(url).pathname)
          return klatch.clientOptions().fetch!(url, init)
        },
      })
      const klatch = stage
      klatch.server.post("lobby", "ann", "mine")
      const [one, other] = ["one", "other"].map((key) => probe(kit, () => kit.hooks.useRooms(), key))
      await stage.show(one!.element, other!.element)
      expect(one!.now).toMatchObject({ status: "empty", rooms: [], error: null })
      await connect()
      expect(one!.now).toMatchObject({ status: "ready", rooms: [{ slug: "lobby" }], error: null })
      const { unread = 0 } = one!.now.rooms[0]!
      expect(other!.now).toBe(one!.now)
      expect(asked).toEqual(["/rooms"])
      klatch.server.post("lobby", "bob", "news")
      await stage.run(100)
      expect(one!.now.rooms[0]).toMatchObject({ unread: unread + 1, last_message: { content: "news" } })
      klatch.faults.cut()
      await stage.run(5_000)
      expect(one!.now.status).toBe("ready")
      await stage.show()
      klatch.server.post("lobby", "bob", "more")
      await stage.show(one!.element)
      expect(one!.now.rooms[0]).toMatchObject({ unread: unread + 2 })
      expect(asked).toEqual(["/rooms"])
    })

    test("[K34] does not load rooms that the application has loaded", async () => {
      stage.server.post("lobby", "bob", "first")
      stage.server.post("lobby", "ann", "mine")
      await connect()
      await stage.clock.settle(stage.client.rooms.load())
      const list = probe(kit, () => kit.hooks.useRooms())
      await stage.show(list.element)
      stage.server.post("lobby", "bob", "news")
      await stage.run(100)
      expect(list.seen.map(({ status, rooms: [lobby] }) => [status, lobby?.last_message?.content])).toEqual([
        ["ready", "mine"],
        ["ready", "news"],
      ])
    })

    test("[K34] says why the rooms could not be loaded, and loads them with the next connection", async () => {
      let isBroken = true
      stage = standing(kit, {
        fetch: (url, init) =>
          isBroken
            ? Promise.resolve(Response.json({ error: { code: "internal", message: "no" } }, { status: 500 }))
            : klatch.clientOptions().fetch!(url, init),
      })
      const klatch = stage
      klatch.server.post("lobby", "ann", "mine")
      const list = probe(kit, () => kit.hooks.useRooms())
      await stage.show(list.element)
      await connect()
      expect(list.now).toMatchObject({ rooms: [], error: { code: "internal" } })
      isBroken = false
      klatch.faults.cut()
      await stage.run(5_000)
      expect(list.now).toMatchObject({ status: "ready", rooms: [{ slug: "lobby" }], error: null })
    })

    test("[K34] loads the rooms again when a person asks for it", async () => {
      await connect()
      const list = probe(kit, () => kit.hooks.useRooms())
      stage.faults.refuse("unavailable")
      await stage.show(list.element)
      const refused = list.now.load().catch(({ code }) => code)
      await stage.run(100)
      expect(await refused).toBe("unavailable")
      expect(list.now.error?.code).toBe("unavailable")
      stage.faults.heal()
      await kit.act(() => void list.now.load())
      await stage.run(5_000)
      expect(list.now).toMatchObject({ status: "ready", error: null })
    })

    test("makes rooms and finds them", async () => {
      await connect()
      const list = probe(kit, () => kit.hooks.useRooms())
      await stage.show(list.element)
      const made = await stage.clock.settle(list.now.create({ name: "Kitchen" }))
      await stage.run(1_000)
      expect(list.now.rooms.map(({ id }) => id)).toEqual([made.id])
      const found = await stage.clock.settle(list.now.discover("kit"))
      expect(found.map(({ id }) => id)).toEqual([made.id])
      stage.server.post("lobby", "bob", "I am here")
      const direct = await stage.clock.settle(list.now.direct("bob"))
      expect(direct.info.get()?.kind).toBe("direct")
    })

    test("sends, edits, deletes and pages through a room's hooks", async () => {
      for (let at = 0; at < 60; at++) stage.server.post("lobby", "bob", `${at}`)
      await connect()
      const room = stage.client.room("lobby")
      const messages = probe(kit, () => {
        kit.hooks.useRoom("lobby")
        return kit.hooks.useMessages(room)
      })
      await stage.show(messages.element)
      expect(messages.now).toMatchObject({ hasOlder: true, status: "ready" })
      expect(messages.now.messages).toHaveLength(50)
      await kit.act(() => stage.clock.settle(messages.now.loadOlder()))
      expect(messages.now.messages.map(({ content }) => content)).toEqual(
        Array.from({ length: 60 }, (_, at) => `${at}`),
      )
      expect(messages.now.hasOlder).toBe(false)
      await kit.act(() => void messages.now.send("mine"))
      expect(messages.now.messages.at(-1)).toMatchObject({ content: "mine", delivery: "sending" })
      await stage.run(100)
      const sent = messages.now.messages.at(-1)
      expect(sent).toMatchObject({ content: "mine", delivery: "sent" })
      await kit.act(() => stage.clock.settle(messages.now.edit(sent!.message_id!, "ours")))
      expect(messages.now.messages.at(-1)?.content).toBe("ours")
      await kit.act(() => stage.clock.settle(messages.now.delete(sent!.message_id!)))
      expect(messages.now.messages.at(-1)?.deleted_at).toBeString()
    })

    test("marks as read and goes to the newest through a room's hooks", async () => {
      await connect()
      stage.server.post("lobby", "bob", "read me")
      const messages = probe(kit, () => {
        kit.hooks.useRoom("lobby")
        return kit.hooks.useMessages(stage.client.room("lobby"))
      })
      await stage.show(messages.element)
      expect(messages.now.hasNewer).toBe(false)
      await kit.act(() => messages.now.markRead(messages.now.messages[0]!.message_id!))
      await stage.run(5_000)
      expect(stage.sent("read")).toBe(1)
      const rendered = messages.seen.length
      await kit.act(() => stage.clock.settle(messages.now.loadNewer()))
      await kit.act(() => stage.clock.settle(messages.now.toNewest()))
      expect(messages.seen.length).toBe(rendered)
    })

    test("retries and discards what failed through a room's hooks", async () => {
      await connect()
      const room = stage.client.room("lobby")
      const messages = probe(kit, () => {
        kit.hooks.useRoom("lobby")
        return kit.hooks.useMessages(room)
      })
      await stage.show(messages.element)
      const tooLong = "x".repeat(20_000)
      for (const clientId of ["one", "two"])
        await kit.act(() => void messages.now.send(tooLong, { clientId }).settled.catch(() => {}))
      await stage.run(100)
      expect(messages.now.messages.map(({ delivery }) => delivery)).toEqual(["failed", "failed"])
      await kit.act(() => messages.now.discard("one"))
      await kit.act(() => messages.now.retry("two"))
      expect(messages.now.messages.map(({ client_id }) => client_id)).toEqual(["two"])
    })

    test("tells others that we type", async () => {
      await connect()
      const typing = probe(kit, () => {
        const { room } = kit.hooks.useRoom("lobby")
        return kit.hooks.useTyping(room)
      })
      await stage.show(typing.element)
      stage.server.type("lobby", "bob")
      await stage.run(100)
      expect(typing.now.users.map(({ from }) => from)).toEqual(["bob"])
      typing.now.set(true)
      await stage.run(5_000)
      expect(stage.sent("typing")).toBe(1)
      expect(typing.now.users).toEqual([])
    })

    test("[K35] is unknown to a page that a server made, until the browser has taken it up", async () => {
      const known = await connected(kit)
      const room = known.client.room("lobby")
      known.server.post("lobby", "bob", "one")
      await Promise.all([known.clock.settle(room.open()), known.clock.settle(known.client.rooms.load())])
      const seen: string[] = []
      const Summary = () => {
        const { useConnection, useMessages, useRoom, useRooms, useTyping, useUser } = kit.hooks
        const view = useRoom("lobby")
        const shown = [
          useConnection(({ phase }) => phase),
          useUser()?.username ?? "nobody",
          view.info?.slug ?? "unknown",
          view.status,
          useMessages(room, ({ messages }) => messages.length),
          useTyping(room, ({ users }) => users.length),
          useRooms().status,
        ].join(" ")
        seen.push(shown)
        return kit.createElement("p", null, shown)
      }
      const first = "idle nobody unknown empty 0 0 empty"
      await known.hydrate(`<p>${first}</p>`, kit.createElement(Summary))
      await known.run(100)
      expect(seen[0]).toBe(first)
      expect(seen.at(-1)).toBe("open ann lobby ready 1 0 ready")
      expect(known.container.innerHTML).toBe(`<p>${seen.at(-1)}</p>`)
      await known.close()
    })
  })
}
