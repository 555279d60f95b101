import { describe, expect, test } from "bun:test"
import { seeded } from "@klatch/testing"
import fc from "fast-check"
import type { Client } from "./client.ts"
import { type SharedSocketOptions, sharedSocket } from "./shared-socket.ts"
import { memoryStore, type Store } from "./store.ts"
import { FakeBrowser } from "./testing/fake-browser.ts"
import { contents, scene } from "./testing/scene.ts"

function browserScene(seed = 1) {
  const all = scene(seed)
  const { clock, server, random } = all
  const browser = new FakeBrowser((fn) => void clock.after(1, fn))
  let tabs = 0
  const newTab = (user = "ann", options: Partial<SharedSocketOptions> & { readonly store?: Store } = {}) => {
    const owner = `tab ${++tabs}`
    const { store, ...more } = options
    const ownClock = {
      now: clock.now,
      monotonicMs: clock.monotonicMs,
      after: (delayMs: number, fn: () => void) => {
        let isOff = false
        const due = () => {
          if (!isOff) fn()
        }
        const cancel = clock.after(delayMs, () => browser.tell(owner, "timer", due))
        return () => {
          isOff = true
          cancel()
        }
      },
    }
    const webSocket = sharedSocket({
      name: user,
      webSocket: browser.webSocket(owner, server.webSocket),
      locks: browser.locks(owner),
      channel: (name) => browser.channel(owner, name),
      clock: ownClock,
      random,
      ...more,
    })
    const fetch: typeof server.fetch = async (url, init) => {
      const answer = await server.fetch(url, init)
      return new Promise((resolve) => browser.tell(owner, "network", () => resolve(answer)))
    }
    const client = all.newClient(user, { webSocket, clock: ownClock, fetch, ...(store && { store }) })
    return { owner, client }
  }
  const stored = () => server.room("general").current.map((message) => message.content)
  return { ...all, browser, newTab, stored }
}

const phases = (clients: readonly Client[]) => clients.map((client) => client.connection.get().phase)

describe("tabs of one browser", () => {
  test("[K19] have one connection, and each its own rooms and answers", async () => {
    const { clock, server, newTab } = browserScene()
    const tabs = Array.from({ length: 10 }, () => newTab())
    const rooms = tabs.map(({ client }, n) => client.room(n % 2 ? "odd" : "even"))
    for (const room of rooms) room.open()
    await clock.run(3_000)
    expect(new Set(phases(tabs.map(({ client }) => client)))).toEqual(new Set(["open"]))
    expect(server.sockets.size).toBe(1)
    expect(server.dialed).toHaveLength(1)
    for (const [n, room] of rooms.entries()) room.messages.send(`from ${n}`)
    await clock.run(3_000)
    for (const [n, room] of rooms.entries()) {
      const wanted = rooms.map((_, m) => m).filter((m) => m % 2 === n % 2)
      expect(contents(room).toSorted()).toEqual(wanted.map((m) => `from ${m}`).toSorted())
      expect(room.messages.get().messages.every(({ delivery }) => delivery === "sent")).toBe(true)
    }
  })

  test("[K19] another user's tabs have another connection", async () => {
    const { clock, server, newTab } = browserScene()
    newTab("ann")
    newTab("bob")
    newTab("bob")
    await clock.run(2_000)
    expect([...server.sockets].map(({ user }) => user.username).toSorted()).toEqual(["ann", "bob"])
  })

  test("[K19] a room is left when the last tab that follows it is gone", async () => {
    const { clock, server, browser, newTab } = browserScene()
    const [first, second, third] = [newTab(), newTab(), newTab()]
    await clock.run(500)
    for (const { client } of [first, second, third]) client.room("general").open()
    await clock.run(1_000)
    const isFollowed = () => [...server.sockets].some(({ rooms }) => rooms.has(server.room("general").id))
    first.client.room("general").close()
    await clock.run(500)
    expect(isFollowed()).toBe(true)
    browser.kill(third.owner)
    await clock.run(500)
    expect(isFollowed()).toBe(true)
    second.client.room("general").close()
    await clock.run(500)
    expect(isFollowed()).toBe(false)
  })

  for (const end of ["kill", "close"] as const) {
    test(`[K19] when the leader ends (${end}) the others are back within a second, nothing lost`, async () => {
      const { clock, server, browser, newTab } = browserScene()
      const tabs = Array.from({ length: 5 }, () => newTab())
      const rooms = tabs.map(({ client }) => client.room("general"))
      for (const room of rooms) room.open()
      await clock.run(2_000)
      const leader = tabs[0]!
      for (const [n, room] of rooms.entries()) if (n > 0) room.messages.send(`before ${n}`)
      if (end === "close") leader.client.close()
      else {
        browser.kill(leader.owner)
        server.cut()
      }
      server.post("general", "bob", "meanwhile")
      for (const [n, room] of rooms.entries()) if (n > 0) room.messages.send(`after ${n}`)
      await clock.run(1_000)
      const left = tabs.slice(1).map(({ client }) => client)
      expect(phases(left)).toEqual(left.map(() => "open"))
      await clock.run(2_000)
      expect(server.sockets.size).toBe(1)
      const log = server.room("general").current.map((message) => message.content)
      expect(log.toSorted()).toEqual(
        ["meanwhile", ...[1, 2, 3, 4].flatMap((n) => [`before ${n}`, `after ${n}`])].toSorted(),
      )
      for (const room of rooms.slice(1)) expect(contents(room)).toEqual(log)
    })
  }

  test("[K19] a leader whose page stands still is taken over from by the next tab that comes", async () => {
    const { clock, browser, newTab, stored } = browserScene()
    const first = newTab()
    await clock.run(1_000)
    browser.freeze(first.owner)
    const second = newTab()
    const room = second.client.room("general")
    room.open()
    await clock.run(3_500)
    expect(second.client.connection.get().phase).toBe("open")
    room.messages.send("hello")
    await clock.run(1_000)
    expect(stored()).toEqual(["hello"])
  })

  for (const sources of [
    ["timer", "channel", "network", "lock"],
    ["lock", "network", "channel", "timer"],
    ["network", "channel", "lock", "timer"],
  ] as const) {
    test(`[K19] and by those that are open, in 3 s; it wakes up (${sources[0]} first) and follows`, async () => {
      const { clock, server, browser, newTab, stored } = browserScene()
      const tabs = Array.from({ length: 4 }, () => newTab())
      const rooms = tabs.map(({ client }) => client.room("general"))
      for (const room of rooms) room.open()
      await clock.run(2_000)
      for (const room of rooms) room.messages.send("before")
      browser.freeze(tabs[0]!.owner)
      for (const room of rooms.slice(1)) room.messages.send("while it stands still")
      server.post("general", "bob", "and from bob")
      await clock.run(3_500)
      const left = tabs.slice(1).map(({ client }) => client)
      expect(phases(left)).toEqual(["open", "open", "open"])
      for (const room of rooms.slice(1)) expect(contents(room)).toEqual(stored())
      browser.thaw(tabs[0]!.owner, sources)
      rooms[0]!.messages.send("awake")
      await clock.run(3_000)
      expect(server.sockets.size).toBe(1)
      expect(stored().toSorted()).toEqual(
        [
          "and from bob",
          "awake",
          ...Array<string>(4).fill("before"),
          ...Array<string>(3).fill("while it stands still"),
        ].toSorted(),
      )
      for (const room of rooms) {
        expect(contents(room)).toEqual(stored())
        expect(room.messages.get().messages.every(({ delivery }) => delivery === "sent")).toBe(true)
      }
    })
  }

  test("[K19] a leader that stood still does not do what it was asked before", async () => {
    const { clock, server, browser, newTab, stored } = browserScene()
    const [leader, other] = [newTab(), newTab()]
    const room = other.client.room("general")
    room.open()
    await clock.run(2_000)
    const { message_id } = await clock.settle(room.messages.send("first").settled)
    browser.freeze(leader.owner)
    const gaveUp = room.messages.edit(message_id, "second").catch((error: unknown) => error)
    await clock.run(3_500)
    expect(await gaveUp).toMatchObject({ code: "closed" })
    await clock.settle(room.messages.edit(message_id, "third"))
    browser.thaw(leader.owner)
    await clock.run(3_000)
    expect(stored()).toEqual(["third"])
    expect(server.sockets.size).toBe(1)
  })

  test("[K19] a leader that is only busy for a second stays", async () => {
    const { clock, server, browser, newTab } = browserScene()
    const [leader] = [newTab(), newTab(), newTab()]
    await clock.run(2_000)
    for (let n = 0; n < 30; n++) {
      browser.freeze(leader!.owner)
      await clock.run(1_000)
      browser.thaw(leader!.owner)
      await clock.run(100)
    }
    expect(server.dialed).toHaveLength(1)
  })

  test("[K19] a follower that stood still takes over from nobody", async () => {
    const { clock, server, browser, newTab } = browserScene()
    const [, follower] = [newTab(), newTab()]
    await clock.run(2_000)
    for (let n = 0; n < 30; n++) {
      browser.freeze(follower!.owner)
      await clock.run(3_000 + 100 * n)
      browser.thaw(follower!.owner)
      await clock.run(100)
    }
    expect(server.dialed).toHaveLength(1)
  })

  test("[K19] what was read in one tab is read in the others", async () => {
    const { clock, server, newTab } = browserScene()
    const ann = server.user("ann")
    const { id } = server.directory.create(server.user("bob"), { kind: "group", name: "Den", members: [ann] })
    const clients = [newTab(), newTab(), newTab()].map(({ client }) => client)
    const heard = clients.map((client) => {
      const marks: number[] = []
      client.on("read", (event) => marks.push(event.message_id))
      return marks
    })
    await clock.run(1_000)
    for (const client of clients) {
      client.rooms.load()
      client.room(id).open()
    }
    await clock.run(1_000)
    const unread = () => clients.map((client) => client.rooms.get().rooms[0]?.unread)
    for (const [n, reader] of clients.entries()) {
      const { message_id } = server.post(id, "bob", `news ${n}`)
      await clock.run(500)
      expect(unread()).toEqual([1, 1, 1])
      reader.room(id).messages.markRead(message_id)
      await clock.run(2_000)
      expect(unread()).toEqual([0, 0, 0])
      expect(heard.map((marks) => marks.at(-1))).toEqual([message_id, message_id, message_id])
    }
    server.intercept = (socket, frame) => {
      if (frame.type !== "read") return false
      socket.deliver({ type: "error", ref: frame.ref ?? "", code: "internal", message: "not now" })
      return true
    }
    const { message_id } = server.post(id, "bob", "more")
    await clock.run(500)
    clients[0]!.room(id).messages.markRead(message_id)
    await clock.run(2_000)
    expect(unread()).toEqual([0, 1, 1])
  })

  test("[K19] each tab hears each event once, however many take up its room", async () => {
    const { clock, server, newTab } = browserScene()
    const store = memoryStore()
    const heard: string[][] = []
    const open = () => {
      const { client } = newTab("ann", { store })
      const mine: string[] = []
      client.on("message", ({ content }) => mine.push(content))
      heard.push(mine)
      const room = client.room("general")
      room.open().catch(() => {})
      return room
    }
    open()
    await clock.run(1_000)
    server.post("general", "bob", "one")
    await clock.run(2_000)
    const second = open()
    await clock.run(1_000)
    second.close()
    server.post("general", "bob", "two")
    await clock.run(1_000)
    second.open()
    open()
    await clock.run(1_000)
    server.cut()
    server.post("general", "bob", "three")
    await clock.run(20_000)
    expect(heard[0]).toEqual(["one", "two", "three"])
    for (const mine of heard) expect(new Set(mine).size).toBe(mine.length)
  })

  test("[K19] what a closed tab had not sent the others send, in order, once", async () => {
    for (const at of [0, 1, 2]) {
      const { clock, server, browser, newTab, stored } = browserScene()
      const store = memoryStore()
      const tabs = Array.from({ length: 3 }, () => newTab("ann", { store }))
      for (const { client } of tabs) client.room("general").open()
      await clock.run(2_000)
      const closed = tabs[at]!
      const texts = Array.from({ length: 20 }, (_, n) => `${n}`)
      for (const text of texts) closed.client.room("general").messages.send(text)
      await clock.run(30)
      browser.kill(closed.owner)
      // The connection ends with its tab.
      if (at === 0) server.cut()
      expect(stored().length).toBeLessThan(texts.length)
      await clock.run(3_000)
      expect(stored()).toEqual(texts)
      const left = tabs.filter((tab) => tab !== closed)
      for (const { client } of left) expect(contents(client.room("general"))).toEqual(texts)
      expect(await store.all("letters")).toEqual([])
    }
  })

  test("[K19] and what it wrote later comes after what another took up before", async () => {
    const { clock, server, browser, newTab, stored } = browserScene()
    const store = memoryStore()
    const [leader, writer, third] = Array.from({ length: 3 }, () => newTab("ann", { store }))
    const room = writer!.client.room("general")
    room.open()
    leader!.client.room("general").open()
    await clock.run(2_000)
    // The server is there, but says nothing to what is written.
    server.intercept = (_socket, frame) => frame.type === "message"
    for (const text of ["1", "2", "3"]) room.messages.send(text)
    await clock.run(100)
    browser.kill(third!.owner)
    await clock.run(100)
    for (const text of ["4", "5", "6"]) room.messages.send(text)
    await clock.run(100)
    browser.kill(writer!.owner)
    await clock.run(100)
    expect(contents(leader!.client.room("general"))).toEqual(["1", "2", "3", "4", "5", "6"])
    server.intercept = () => false
    await clock.run(60_000)
    expect(stored()).toEqual(["1", "2", "3", "4", "5", "6"])
  })

  test("[K17] what is kept of another user is not sent when a tab is closed, either", async () => {
    const { clock, server, browser, newTab, stored } = browserScene()
    const store = memoryStore()
    server.isDown = true
    await store.put("self", "user", {
      name: "user",
      value: { id: "1", username: "eve", display_name: "eve" },
    })
    const letter = { room: "general", clientId: "eves", content: "hers", sentAt: "2030-01-01T00:00:00.000Z" }
    await store.put("letters", "1 eves", { key: "1 eves", letter })
    server.isDown = false
    const [, second] = [newTab("ann", { store }), newTab("ann", { store })]
    await clock.run(2_000)
    browser.kill(second!.owner)
    await clock.run(2_000)
    expect(stored()).toEqual([])
  })

  test("[K19] where the browser refuses locks each tab has a connection of its own", async () => {
    const { clock, server, newTab } = browserScene()
    const locks = { request: () => Promise.reject(new DOMException("no", "SecurityError")) }
    const clients = [newTab("ann", { locks }), newTab("ann", { locks })].map(({ client }) => client)
    for (const client of clients) client.room("general").open()
    await clock.run(1_000)
    expect(phases(clients)).toEqual(["open", "open"])
    expect(server.sockets.size).toBe(2)
    clients[0]!.room("general").messages.send("hello")
    await clock.run(10_000)
    expect(contents(clients[1]!.room("general"))).toEqual(["hello"])
    server.cut()
    await clock.run(30_000)
    expect(phases(clients)).toEqual(["open", "open"])
  })

  test("[K19] all go down with the connection, come back with it, and are refused together", async () => {
    const { clock, server, newTab } = browserScene()
    const clients = [newTab(), newTab(), newTab()].map(({ client }) => client)
    for (const client of clients) client.room("general").open()
    await clock.run(2_000)
    server.isDown = true
    server.cut()
    await clock.run(500)
    expect(new Set(phases(clients)).has("open")).toBe(false)
    server.isDown = false
    await clock.run(40_000)
    expect(phases(clients)).toEqual(["open", "open", "open"])
    server.refusesWith = { status: 401, code: "unauthorized" }
    server.cut()
    await clock.run(60_000)
    expect(phases(clients)).toEqual(["closed", "closed", "closed"])
  })

  test("[K19] whatever tabs come, go and die and however the network is: each message once, all whole", async () => {
    await fc.assert(fc.asyncProperty(fc.integer({ min: 1 }), live), { numRuns: 100 })
  }, 60_000)
})

async function live(seed: number): Promise<void> {
  const { clock, server, browser, newTab, stored } = browserScene(seed)
  const chance = seeded(seed)
  const store = chance() < 0.5 ? memoryStore() : undefined
  let tabs: ReturnType<typeof newTab>[] = []
  const frozen = new Set<ReturnType<typeof newTab>>()
  const sent = new Map<string, string[]>()
  const open = () => {
    const tab = newTab("ann", store ? { store } : {})
    const room = tab.client.room("general")
    room.open().catch(() => {})
    return tab
  }
  for (let step = 0; step < 30; step++) {
    const what = chance()
    const tab = tabs[Math.floor(chance() * tabs.length)]
    if (tabs.length === 0 || (what < 0.2 && tabs.length < 5)) tabs.push(open())
    else if (what < 0.3) server.cut()
    else if (what < 0.4 && tab) {
      browser.kill(tab.owner)
      tabs = tabs.filter((one) => one !== tab)
      frozen.delete(tab)
      // What is kept nowhere dies with its tab.
      if (!store) sent.delete(tab.owner)
      // Whose connection it was.
      server.cut()
    } else if (what < 0.48 && tab && !frozen.has(tab)) {
      browser.freeze(tab.owner)
      frozen.add(tab)
    } else if (what < 0.6 && tab && frozen.delete(tab)) browser.thaw(tab.owner, mixed(chance))
    else if (tab && !frozen.has(tab)) {
      const texts = Array.from(
        { length: 1 + Math.floor(chance() * 5) },
        (_, n) => `${tab.owner} ${step}.${n}`,
      )
      for (const text of texts) tab.client.room("general").messages.send(text)
      sent.set(tab.owner, [...(sent.get(tab.owner) ?? []), ...texts])
    }
    await clock.run(chance() ** 2 * 6_000)
  }
  if (tabs.length === 0) tabs.push(open())
  // Those that stand still hold nobody up.
  await clock.run(60_000)
  for (const { owner } of tabs.filter((tab) => !frozen.has(tab)))
    expect(stored().filter((text) => text.startsWith(`${owner} `))).toEqual(sent.get(owner) ?? [])
  for (const { owner } of frozen) browser.thaw(owner, mixed(chance))
  await clock.run(60_000)
  const log = stored()
  expect(new Set(log).size).toBe(log.length)
  for (const [owner, texts] of sent) expect(log.filter((text) => text.startsWith(`${owner} `))).toEqual(texts)
  for (const { client } of tabs) {
    expect(client.connection.get().phase).toBe("open")
    expect(contents(client.room("general"))).toEqual(log.slice(-contents(client.room("general")).length))
  }
  expect(server.sockets.size).toBe(1)
}

const mixed = (chance: () => number) =>
  (["timer", "channel", "network", "lock"] as const)
    .map((source) => ({ source, at: chance() }))
    .sort((a, b) => a.at - b.at)
    .map(({ source }) => source)
