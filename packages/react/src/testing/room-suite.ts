import { afterEach, beforeEach, describe, expect, test } from "bun:test"
import type { Kit } from "./kit.ts"
import { connected, probe, type Stage } from "./stage.ts"

/** How long an application has a room, and what it learns of it. */
export function roomSuite(kitOf: () => Kit): void {
  describe("a room", () => {
    let kit: Kit
    let stage: Stage
    beforeEach(async () => {
      kit = kitOf()
      stage = await connected(kit)
    })
    afterEach(() => stage.close())

    const inRoom = (ref: string, key?: string) => probe(kit, () => kit.hooks.useRoom(ref), key)
    const frames = () => ({ joins: stage.sent("join"), leaves: stage.sent("leave") })

    test("[K31] is open while a component uses it, and tells what it is", async () => {
      const lobby = inRoom("lobby")
      await stage.show(lobby.element)
      expect(lobby.seen[0]).toMatchObject({ info: null, status: "empty", error: null })
      expect(lobby.now).toMatchObject({ info: { slug: "lobby" }, status: "ready", error: null })
      expect(lobby.now.room).toBe(stage.client.room("lobby"))
      expect(frames()).toEqual({ joins: 1, leaves: 0 })
      await stage.show()
      expect(frames()).toEqual({ joins: 1, leaves: 1 })
      expect(stage.client.room("lobby").messages.get().status).toBe("stale")
    })

    test("[K31] of two users is closed with the last", async () => {
      const [one, other] = [inRoom("lobby", "one"), inRoom("lobby", "other")]
      await stage.show(one.element, other.element)
      await stage.show(other.element)
      expect(frames()).toEqual({ joins: 1, leaves: 0 })
      stage.server.post("lobby", "bob", "still there?")
      await stage.run(100)
      expect(stage.client.room("lobby").messages.get().messages).toHaveLength(1)
      await stage.show()
      expect(frames()).toEqual({ joins: 1, leaves: 1 })
      await stage.show(one.element)
      expect(frames()).toEqual({ joins: 2, leaves: 1 })
      expect(one.now.status).toBe("ready")
    })

    test("[K31] stays open where one user goes as the next one comes", async () => {
      const rooms = ["one", "two", "three"].map((key) => inRoom("lobby", key))
      for (const { element } of rooms) await stage.show(element)
      expect(rooms.map(({ now }) => now.status)).toEqual(["ready", "ready", "ready"])
      expect(frames()).toEqual({ joins: 1, leaves: 0 })
    })

    test("[K31] is opened once under StrictMode, which takes every effect back once", async () => {
      const lobby = inRoom("lobby")
      await stage.show(kit.createElement(kit.StrictMode, null, lobby.element))
      expect(lobby.now.status).toBe("ready")
      expect(frames()).toEqual({ joins: 1, leaves: 0 })
      expect(stage.sent("history")).toBe(1)
      await stage.show()
      expect(frames()).toEqual({ joins: 1, leaves: 1 })
    })

    test("[K31] is opened before its component is painted, so that one that comes later finds it open", async () => {
      const lobby = inRoom("lobby")
      const seen: string[] = []
      const Page = () => {
        kit.useLayoutEffect(() => void seen.push(stage.client.room("lobby").messages.get().status), [])
        return lobby.element
      }
      await stage.show(kit.createElement(Page))
      expect(seen).toEqual(["loading"])
    })

    test("[K31] is left for another when the component asks for another", async () => {
      const Probing = ({ room }: { room: string }) => kit.hooks.useRoom(room, ({ info }) => info?.slug)
      await stage.show(kit.createElement(Probing, { room: "lobby" }))
      expect(stage.container.textContent).toBe("lobby")
      await stage.show(kit.createElement(Probing, { room: "kitchen" }))
      expect(stage.container.textContent).toBe("kitchen")
      expect(frames()).toEqual({ joins: 2, leaves: 1 })
    })

    test("[K31] given by the client, as a direct one is, opens like any other", async () => {
      stage.server.post("lobby", "bob", "I am here")
      const direct = await stage.clock.settle(stage.client.rooms.direct("bob"))
      const room = probe(kit, () => kit.hooks.useRoom(direct))
      await stage.show(room.element)
      expect(room.now).toMatchObject({ status: "ready", info: { kind: "direct" } })
    })

    test("[K31] that was asked for before there is a connection opens with it", async () => {
      await kit.act(() => stage.client.close())
      await stage.run(100)
      const lobby = inRoom("lobby")
      await stage.show(lobby.element)
      expect(lobby.now.status).toBe("empty")
      await kit.act(() => stage.client.connect())
      await stage.run(200)
      expect(lobby.now).toMatchObject({ status: "ready", error: null })
    })

    test("[K32] that may not be read says why, and opens with a later connection when it may", async () => {
      stage.server.createRoom("bob", { name: "Secret", kind: "private", slug: "secret" })
      const secret = inRoom("secret")
      await stage.show(secret.element)
      expect(secret.now).toMatchObject({ info: null, error: { code: "not_found" } })
      stage.server.add("secret", "ann")
      stage.faults.cut()
      await stage.run(5_000)
      expect(secret.now).toMatchObject({ info: { slug: "secret" }, status: "ready", error: null })
    })

    test("[K32] that may not be read can be tried again by hand", async () => {
      stage.server.createRoom("bob", { name: "Secret", kind: "private", slug: "secret" })
      const secret = inRoom("secret")
      await stage.show(secret.element)
      stage.server.add("secret", "ann")
      await kit.act(() => void secret.now.room.open())
      await stage.run(200)
      expect(secret.now).toMatchObject({ info: { slug: "secret" }, status: "ready", error: null })
    })

    test("[K32] that was lost while away says why, and is asked for again once a connection", async () => {
      stage.server.createRoom("bob", { name: "Secret", kind: "private", slug: "secret", members: ["ann"] })
      const secret = inRoom("secret")
      await stage.show(secret.element)
      expect(secret.now).toMatchObject({ status: "ready", error: null })
      stage.faults.goDown()
      stage.server.remove("secret", "ann")
      stage.faults.comeUp()
      await stage.run(20_000)
      expect(secret.now).toMatchObject({ status: "stale", error: { code: "not_found" } })
      // Its id is refused, and there is no other room of its name.
      expect(frames()).toEqual({ joins: 3, leaves: 0 })
      stage.faults.cut()
      await stage.run(20_000)
      expect(secret.now.error?.code).toBe("not_found")
      expect(frames()).toEqual({ joins: 4, leaves: 0 })
      stage.server.add("secret", "ann")
      stage.faults.cut()
      await stage.run(20_000)
      expect(secret.now).toMatchObject({ status: "ready", error: null })
    })

    test("[K32] cannot be opened once the server lets us in no more; with the next connection it is", async () => {
      const lobby = inRoom("lobby")
      stage.faults.refuse("unauthorized")
      await stage.run(20_000)
      await stage.show(lobby.element)
      stage.faults.heal()
      await kit.act(() => stage.client.connect())
      await stage.run(500)
      expect(lobby.now).toMatchObject({ status: "ready", error: null })
      await kit.act(() => stage.client.close())
      await stage.run(100)
      expect(lobby.now).toMatchObject({ status: "stale", error: null })
    })

    test("[K32] a reason is forgotten with the last user", async () => {
      stage.server.createRoom("bob", { name: "Secret", kind: "private", slug: "secret" })
      const before = inRoom("secret")
      await stage.show(before.element)
      await stage.show()
      stage.server.add("secret", "ann")
      const after = inRoom("secret")
      await stage.show(after.element)
      expect(after.seen.filter(({ error }) => error !== null)).toEqual([])
      expect(after.now.status).toBe("ready")
    })

    test("without a provider is a mistake that is told", async () => {
      const root = kit.createRoot(document.createElement("div"))
      const stray = inRoom("lobby")
      await expect(kit.act(() => root.render(stray.element))).rejects.toThrow("needs a KlatchProvider")
    })
  })
}
