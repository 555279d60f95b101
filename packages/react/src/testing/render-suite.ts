import { afterEach, beforeEach, describe, expect, test } from "bun:test"
import type { Room, TimelineMessage } from "@klatch/client"
import type { Kit } from "./kit.ts"
import { connected, type Probe, probe, type Stage } from "./stage.ts"

/** What makes a component render again, counted. */
export function renderSuite(kitOf: () => Kit): void {
  describe("a component renders", () => {
    let kit: Kit
    let stage: Stage
    let room: Room
    beforeEach(async () => {
      kit = kitOf()
      stage = await connected(kit)
      room = stage.client.room("lobby")
    })
    afterEach(() => stage.close())

    /** How often each of the probes renders while this happens. */
    const renders = async (probes: readonly Probe<unknown>[], what: () => unknown): Promise<number[]> => {
      const before = probes.map(({ seen }) => seen.length)
      await kit.act(() => void what())
      await stage.run(100)
      return probes.map(({ seen }, at) => seen.length - before[at]!)
    }

    const everything = () => {
      const { useConnection, useMessages, useRoom, useRooms, useTyping, useUser } = kit.hooks
      return {
        room: probe(kit, () => useRoom("lobby"), "room"),
        messages: probe(kit, () => useMessages(room), "messages"),
        count: probe(kit, () => useMessages(room, ({ messages }) => messages.length), "count"),
        typing: probe(kit, () => useTyping(room), "typing"),
        typers: probe(kit, () => useTyping(room, ({ users }) => users.length), "typers"),
        list: probe(kit, () => useRooms(({ rooms }) => rooms.map(({ name }) => name)), "list"),
        connection: probe(kit, () => useConnection(), "connection"),
        user: probe(kit, () => useUser(), "user"),
      }
    }

    test("[K33] for what it shows, and for nothing else", async () => {
      const all = everything()
      const probes = Object.values(all)
      await stage.show(...probes.map(({ element }) => element))
      await stage.run(2_000)
      const counted = async (what: () => unknown) => {
        const counts = await renders(probes, what)
        return Object.keys(all).filter((_, at) => counts[at]! > 0)
      }
      const { server } = stage
      expect(await counted(() => server.post("lobby", "bob", "one"))).toEqual(["messages", "count"])
      expect(await counted(() => server.type("lobby", "bob"))).toEqual(["typing", "typers"])
      expect(await counted(() => server.type("lobby", "bob"))).toEqual([])
      expect(await counted(() => server.type("lobby", "bob", false))).toEqual(["typing", "typers"])
      const messageId = server.messages("lobby")[0]!.message_id
      expect(await counted(() => server.edit("lobby", "bob", messageId, "two"))).toEqual(["messages"])
      expect(await counted(() => server.post("kitchen", "bob", "elsewhere"))).toEqual([])
      // An entry of the room that is no message.
      expect(await counted(() => server.add("lobby", "eve"))).toEqual([])
      expect(room.messages.get().head).toBeGreaterThan(all.messages.now.messages.at(-1)?.seq ?? 0)
      expect(await counted(() => room.messages.send("three"))).toEqual(["messages", "count"])
      expect(all.messages.now.messages.map(({ content }) => content)).toEqual(["two", "three"])
      // Too long: it stays behind the messages of the log, and what changes none of them changes nothing.
      const failing = () => void room.messages.send("x".repeat(20_000)).settled.catch(() => {})
      expect(await counted(failing)).toEqual(["messages", "count"])
      expect(await counted(() => server.add("lobby", "dan"))).toEqual([])
      expect(await counted(() => stage.client.close())).toEqual(["room", "messages", "connection"])
    })

    test("[K33] once for each message, and a row for its own only", async () => {
      const rows: number[] = []
      const Row = kit.memo(({ message }: { message: TimelineMessage }) => {
        rows.push(message.message_id ?? 0)
        return message.content
      })
      const List = () => {
        const { room } = kit.hooks.useRoom("lobby")
        const { messages } = kit.hooks.useMessages(room)
        const rows = messages.map((message) => kit.createElement(Row, { key: message.message_id, message }))
        return kit.createElement("p", null, rows)
      }
      for (let at = 0; at < 10; at++) stage.server.post("lobby", "bob", `${at}`)
      await stage.show(kit.createElement(List))
      expect(stage.container.textContent).toBe("0123456789")
      const ids = stage.server.messages("lobby").map(({ message_id }) => message_id)
      expect(rows).toEqual(ids)
      rows.length = 0
      await renders([], () => stage.server.edit("lobby", "bob", ids[4]!, "x"))
      expect(stage.container.textContent).toBe("0123x56789")
      expect(rows).toEqual([ids[4]!])
      rows.length = 0
      await renders([], () => stage.server.post("lobby", "bob", "y"))
      expect(rows).toEqual([stage.server.messages("lobby").at(-1)!.message_id])
      stage.faults.cut()
      rows.length = 0
      await stage.run(5_000)
      expect(room.messages.get().status).toBe("ready")
      expect(rows).toEqual([])
    })

    test("[K33] not for a list or an object that was made anew with the same in it", async () => {
      const { useMessages, useRoom } = kit.hooks
      const own = probe(
        kit,
        () => useMessages(room, ({ messages }) => messages.filter(({ from }) => from === "ann")),
        "own",
      )
      const some = probe(
        kit,
        () => useMessages(room, ({ messages: [first], status }) => ({ first: first?.content, status })),
        "some",
      )
      const opened = probe(kit, () => useRoom("lobby", ({ room }) => room), "opened")
      await stage.show(own.element, some.element, opened.element)
      expect(opened.seen.length).toBe(1)
      expect(await renders([own, some], () => stage.server.post("lobby", "bob", "one"))).toEqual([0, 1])
      expect(await renders([own, some], () => stage.server.post("lobby", "bob", "two"))).toEqual([0, 0])
      // Sending, then sent.
      expect(await renders([own, some], () => room.messages.send("mine"))).toEqual([2, 0])
      expect(own.now.map(({ content }) => content)).toEqual(["mine"])
      expect(some.now).toEqual({ first: "one", status: "ready" })
      expect(opened.seen.length).toBe(1)
    })

    test("[K33] with what the newest selection takes, when the selection itself changes", async () => {
      const { useMessages, useRoom } = kit.hooks
      const Nth = ({ at }: { at: number }) => {
        const room = useRoom("lobby", (view) => view.room)
        return useMessages(room, ({ messages }) => messages.at(at)?.content ?? "none")
      }
      for (const content of ["one", "two"]) stage.server.post("lobby", "bob", content)
      await stage.show(kit.createElement(Nth, { at: 0 }))
      expect(stage.container.textContent).toBe("one")
      await stage.show(kit.createElement(Nth, { at: 1 }))
      expect(stage.container.textContent).toBe("two")
      await stage.show(kit.createElement(Nth, { at: -1 }))
      await renders([], () => stage.server.post("lobby", "bob", "three"))
      expect(stage.container.textContent).toBe("three")
    })

    test("[K33] with functions that stay the same, and are the same everywhere", async () => {
      const { useMessages, useRoom, useRooms, useTyping } = kit.hooks
      const use = () => {
        const { send, retry, discard, edit, delete: remove, ...more } = useMessages(room)
        const pages = [more.loadOlder, more.loadNewer, more.toNewest, more.markRead]
        const { load, discover, create, direct } = useRooms()
        const { set } = useTyping(room)
        useRoom("lobby")
        const rooms = [load, discover, create, direct]
        return [send, retry, discard, edit, remove, ...pages, ...rooms, set] as readonly unknown[]
      }
      const [one, other] = [probe(kit, use, "one"), probe(kit, use, "other")]
      await stage.show(one.element, other.element)
      stage.server.post("lobby", "bob", "one")
      await stage.run(100)
      expect(one.seen.length).toBeGreaterThan(2)
      for (const functions of [...one.seen, ...other.seen]) {
        expect(functions.every((fn, at) => typeof fn === "function" && fn === one.seen[0]![at])).toBe(true)
      }
    })
  })
}
