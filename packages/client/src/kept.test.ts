import { describe, expect, test } from "bun:test"
import { seeded, VirtualClock } from "@klatch/testing"
import fc from "fast-check"
import { keptMessagesMax } from "./kept-rooms.ts"
import { Letters } from "./letters.ts"
import type { Room } from "./room.ts"
import { memoryStore, type Store } from "./store.ts"
import { contents, scene } from "./testing/scene.ts"

/** A tab whose time ends when the test says so: after that nothing in it runs any more. */
async function newTab({ newClient }: ReturnType<typeof scene>, store: Store, bornMs = 0) {
  const time = new VirtualClock()
  await time.run(bornMs)
  const client = newClient("ann", { store, clock: time })
  return { client, time }
}

/** Lets a tab and the server live on together. */
async function liveOn(clock: VirtualClock, tab: VirtualClock, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 20) {
    await tab.run(20)
    await clock.run(20)
  }
}

const stored = (server: ReturnType<typeof scene>["server"], room = "general") =>
  server.room(room).current.map((message) => message.content)

describe("messages on their way", () => {
  test("[K16] survive the tab: the next one sends them, once, in order", async () => {
    const all = scene()
    const { server, clock } = all
    const store = memoryStore()
    const first = await newTab(all, store)
    const room = first.client.room("general")
    room.open()
    await liveOn(clock, first.time, 500)
    server.isDown = true
    server.cut()
    await liveOn(clock, first.time, 100)
    for (const content of ["one", "two", "three", "four", "five"]) room.messages.send(content)
    // The last that this tab does; its clock never runs again.
    await first.time.run(0)
    server.isDown = false
    const second = await newTab(all, store)
    const again = second.client.room("general")
    again.open()
    await liveOn(clock, second.time, 200)
    await liveOn(clock, second.time, 3_000)
    expect(stored(server)).toEqual(["one", "two", "three", "four", "five"])
    expect(contents(again)).toEqual(["one", "two", "three", "four", "five"])
    expect(await store.all("letters")).toEqual([])
  })

  test("[K16] are shown as being sent before the server is reached, and one that was refused as failed", async () => {
    const all = scene()
    const { server, clock } = all
    const store = memoryStore()
    const first = await newTab(all, store)
    const room = first.client.room("general")
    room.open()
    await liveOn(clock, first.time, 500)
    server.intercept = (socket, frame) => {
      if (frame.type !== "message") return false
      socket.deliver({ type: "error", ref: frame.ref ?? "", code: "forbidden", message: "not here" })
      return true
    }
    room.messages.send("refused").settled.catch(() => {})
    await liveOn(clock, first.time, 200)
    server.isDown = true
    server.cut()
    await liveOn(clock, first.time, 100)
    room.messages.send("waiting")
    await first.time.run(0)
    const second = await newTab(all, store)
    const again = second.client.room("general")
    await second.time.run(10)
    expect(again.messages.get().messages.map(({ content, delivery }) => [content, delivery])).toEqual([
      ["refused", "failed"],
      ["waiting", "sending"],
    ])
    expect(again.messages.get().messages[0]?.error).toMatchObject({ code: "forbidden", message: "not here" })
    again.messages.discard(again.messages.get().messages[0]!.client_id!)
    server.intercept = () => false
    server.isDown = false
    await liveOn(clock, second.time, 5_000)
    expect(stored(server)).toEqual(["waiting"])
    expect(await store.all("letters")).toEqual([])
  })

  test("[K16] may be sent by two tabs at once and are stored once, in order", async () => {
    const all = scene()
    const { server, clock } = all
    const store = memoryStore()
    server.room("general")
    server.isDown = true
    const tabs = [await newTab(all, store)]
    await tabs[0]!.time.run(10)
    for (let n = 0; n < 8; n++) tabs[0]!.client.room("general").messages.send(`${n}`)
    await tabs[0]!.time.run(0)
    tabs.push(await newTab(all, store), await newTab(all, store))
    server.isDown = false
    for (let n = 0; n < 200; n++) for (const tab of tabs) await liveOn(clock, tab.time, 20)
    expect(stored(server)).toEqual(Array.from({ length: 8 }, (_, n) => `${n}`))
    expect(await store.all("letters")).toEqual([])
  })

  test("[K16] of a client that was closed go on when it connects again, or with the next one", async () => {
    const { clock, server, newClient } = scene()
    const store = memoryStore()
    server.room("general")
    server.isDown = true
    const client = newClient("ann", { store })
    await clock.run(10)
    client
      .room("general")
      .messages.send("kept")
      .settled.catch(() => {})
    client.close()
    await clock.run(1_000)
    server.isDown = false
    const next = newClient("ann", { store })
    await clock.run(1_000)
    expect(next.connection.get().phase).toBe("open")
    expect(stored(server)).toEqual(["kept"])
  })

  test("[K16] whatever the network does and whenever tabs die: each once, in the order of writing", async () => {
    const seeds = fc.integer({ min: 1 })
    await fc.assert(
      fc.asyncProperty(seeds, (seed) => dyingTabs(seed)),
      { numRuns: 150 },
    )
    // The device's clock is set back before every start, and people write at once.
    await fc.assert(
      fc.asyncProperty(seeds, (seed) => dyingTabs(seed, -100_000)),
      { numRuns: 60 },
    )
  }, 60_000)

  test("[K16] that are done with while the store is read do not come back", async () => {
    const store = memoryStore()
    const letters = new Letters(store)
    const named = (clientId: string) => ({
      room: "general",
      clientId,
      content: clientId,
      sentAt: "2026-01-01",
    })
    for (const id of ["a", "b"]) letters.keep(named(id))
    const loading = letters.load()
    letters.drop(named("a"))
    expect(await loading).toEqual([named("b")])
    expect(await letters.load()).toEqual([named("b")])
  })
})

/** A disk that takes its time to read. */
function slowStore(): Store {
  const store = memoryStore()
  return {
    ...store,
    async all(table) {
      for (let turns = 0; turns < 50; turns++) await null
      return await store.all(table)
    },
  }
}

async function dyingTabs(seed: number, laterMs = 100_000): Promise<void> {
  const all = scene(seed)
  const { server, clock } = all
  const chance = seeded(seed)
  const store = laterMs < 0 ? slowStore() : memoryStore()
  const written: string[] = []
  const write = ({ messages }: Room) => {
    messages.send(`${written.length}`)
    written.push(`${written.length}`)
  }
  for (let life = 0; life < 4; life++) {
    const tab = await newTab(all, store, 1_000_000 + life * laterMs)
    const room = tab.client.room("general")
    room.open().catch(() => {})
    if (laterMs < 0) write(room)
    for (let step = 0; step < 12; step++) {
      if (chance() < 0.2) {
        server.isDown = !server.isDown
        server.cut()
      }
      if (chance() < 0.5) {
        write(room)
      }
      await liveOn(clock, tab.time, 20 * Math.floor(chance() * 20))
    }
    await tab.time.run(0)
    // Its connection dies with it.
    server.cut()
  }
  server.isDown = false
  const last = await newTab(all, store, 2_000_000)
  const room = last.client.room("general")
  room.open().catch(() => {})
  await liveOn(clock, last.time, 20_000)
  expect(stored(server)).toEqual(written)
  expect(contents(room)).toEqual(written)
  expect(await store.all("letters")).toEqual([])
}

describe("rooms", () => {
  async function visited(count = 3) {
    const all = scene()
    const store = memoryStore()
    for (let n = 1; n <= count; n++) all.server.post("general", "bob", `${n}`)
    const client = all.newClient("ann", { store })
    client.room("general").open()
    await all.clock.run(3_000)
    client.close()
    await all.clock.run(10)
    return { ...all, store }
  }

  test("[K17] are shown before the server is reached, and so is who we are", async () => {
    const { clock, server, newClient, store } = await visited(60)
    server.isDown = true
    const client = newClient("ann", { store })
    const room = client.room("general")
    room.open().catch(() => {})
    await clock.run(10)
    expect(contents(room)).toEqual(Array.from({ length: keptMessagesMax }, (_, n) => `${n + 11}`))
    expect(room.messages.get()).toMatchObject({ status: "stale", hasOlder: true, head: 60 })
    expect(room.info.get()).toMatchObject({ slug: "general", name: "general" })
    expect(client.user.get()?.username).toBe("ann")
  })

  test("[K17] the list of them is kept once a second, however much is said, and as the client is closed", async () => {
    const { clock, server, newClient } = scene()
    const store = memoryStore()
    let puts = 0
    const put: Store["put"] = (table, key, value) => {
      if (table === "self") puts++
      return store.put(table, key, value)
    }
    server.room("general")
    const client = newClient("ann", { store: { ...store, put } })
    await clock.run(500)
    client.rooms.load()
    await clock.run(2_000)
    const before = puts
    for (let n = 0; n < 200; n++) {
      server.post("general", "bob", `${n}`)
      await clock.run(10)
    }
    expect(puts - before).toBeGreaterThan(0)
    expect(puts - before).toBeLessThan(4)
    server.post("general", "bob", "last")
    await clock.run(100)
    client.close()
    const [self] = (await store.all("self")) as { rooms: { last_message: { content: string } }[] }[]
    expect(self?.rooms[0]?.last_message.content).toBe("last")
  })

  test("[K17] are resumed from where they were kept: nothing is loaded twice", async () => {
    const { clock, server, newClient, store } = await visited()
    server.post("general", "bob", "meanwhile")
    server.frames.length = 0
    const client = newClient("ann", { store })
    const room = client.room("general")
    await Promise.all([room.open(), clock.run(1_000)])
    expect(contents(room)).toEqual(["1", "2", "3", "meanwhile"])
    expect(room.messages.get().status).toBe("ready")
    expect(server.frames.map((frame) => frame.type)).toEqual(["resume"])
  })

  test("[K17] that are gone begin anew under their name", async () => {
    const { clock, newClient, store } = await visited()
    const other = scene(2)
    for (let n = 0; n < 50; n++) other.server.user(`other ${n}`)
    other.server.post("general", "cid", "another world")
    const client = newClient("ann", { store, webSocket: other.server.webSocket, fetch: other.server.fetch })
    const room = client.room("general")
    room.open().catch(() => {})
    await clock.run(1_000)
    for (let n = 0; n < 10; n++) {
      await other.clock.run(500)
      await clock.run(500)
    }
    expect(contents(room)).toEqual(["another world"])
  })

  test("[K17] of another one are neither shown nor sent", async () => {
    const { clock, server, newClient, store } = await visited()
    server.isDown = true
    const client = newClient("eve", { store })
    const room = client.room("general")
    room.open().catch(() => {})
    await clock.run(10)
    expect(contents(room)).toEqual([])
    expect(client.user.get()).toBeNull()
  })

  test("[K17] a store that fails, or never answers, is gone on without", async () => {
    for (const never of [() => Promise.reject(new Error("full")), () => new Promise<never>(() => {})]) {
      const { clock, server, newClient } = scene()
      const client = newClient("ann", { store: { all: never, put: never, remove: never } })
      const room = client.room("general")
      room.open()
      room.messages.send("hello")
      await clock.run(3_000)
      expect(stored(server)).toEqual(["hello"])
      expect(contents(room)).toEqual(["hello"])
    }
  })
})
