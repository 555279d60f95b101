import { describe, expect, test } from "bun:test"
import { seeded } from "@klatch/testing"
import fc from "fast-check"
import type { Client } from "./client.ts"
import { type Channel, type Locks, sharedSocket } from "./shared-socket.ts"
import { contents, scene } from "./testing/scene.ts"

interface Wanted {
  readonly owner: string
  readonly give: () => void
}

/** The locks and channels of one browser, and tabs that can be killed or frozen. */
class FakeBrowser {
  readonly #held = new Map<string, { owner: string; steal: () => void }>()
  readonly #wanted = new Map<string, Wanted[]>()
  readonly #channels = new Set<{ name: string; owner: string; channel: Channel }>()
  readonly #dead = new Set<string>()
  readonly #frozen = new Set<string>()
  readonly #later: (fn: () => void) => void

  /** `later` is when a word reaches another tab. */
  constructor(later: (fn: () => void) => void) {
    this.#later = later
  }

  /** What is to be heard by a tab: nothing once it is dead or frozen. */
  isAlive(owner: string): boolean {
    return !this.#dead.has(owner) && !this.#frozen.has(owner)
  }

  kill(owner: string): void {
    this.#dead.add(owner)
    for (const [name, wanted] of this.#wanted) {
      this.#wanted.set(
        name,
        wanted.filter((one) => one.owner !== owner),
      )
    }
    for (const [name, { owner: holder }] of [...this.#held]) if (holder === owner) this.#release(name)
  }

  freeze(owner: string): void {
    this.#frozen.add(owner)
  }

  channel(owner: string, name: string): Channel {
    const channel: Channel = {
      onmessage: null,
      postMessage: (message) => {
        if (!this.isAlive(owner)) return
        const data = structuredClone(message)
        for (const other of this.#channels) {
          if (other.channel === channel || other.name !== name) continue
          this.#later(() => {
            if (this.#channels.has(other) && this.isAlive(other.owner))
              other.channel.onmessage?.({ data } as never)
          })
        }
      },
      close: () => this.#channels.delete(entry),
    }
    const entry = { name, owner, channel }
    this.#channels.add(entry)
    return channel
  }

  locks(owner: string): Locks {
    return {
      request: (name, { signal, steal }, held) =>
        new Promise((resolve, reject) => {
          const give = () => {
            this.#held.set(name, { owner, steal: () => reject(new Error("stolen")) })
            this.#later(() => {
              if (!this.isAlive(owner)) return
              held().then(() => {
                if (this.#held.get(name)?.owner === owner) this.#release(name)
                resolve()
              }, reject)
            })
          }
          if (signal?.aborted) return reject(new Error("aborted"))
          const holder = this.#held.get(name)
          if (!holder) return give()
          if (steal) {
            holder.steal()
            return give()
          }
          const wanted = { owner, give }
          this.#wanted.set(name, [...(this.#wanted.get(name) ?? []), wanted])
          signal?.addEventListener("abort", () => {
            const left = (this.#wanted.get(name) ?? []).filter((one) => one !== wanted)
            this.#wanted.set(name, left)
          })
        }),
    }
  }

  #release(name: string): void {
    this.#held.delete(name)
    const [next, ...left] = this.#wanted.get(name) ?? []
    this.#wanted.set(name, left)
    next?.give()
  }
}

function browserScene(seed = 1) {
  const all = scene(seed)
  const { clock, server, random } = all
  const browser = new FakeBrowser((fn) => void clock.after(1, fn))
  let tabs = 0
  const newTab = (user = "ann") => {
    const owner = `tab ${++tabs}`
    // What a dead or frozen page would hear of its socket or its timers it does not hear.
    const ownClock = {
      now: clock.now,
      monotonicMs: clock.monotonicMs,
      after: (delayMs: number, fn: () => void) =>
        clock.after(delayMs, () => {
          if (browser.isAlive(owner)) fn()
        }),
    }
    const webSocket = sharedSocket({
      name: user,
      webSocket: server.webSocket,
      locks: browser.locks(owner),
      channel: (name) => browser.channel(owner, name),
      clock: ownClock,
      random,
    })
    return { owner, client: all.newClient(user, { webSocket, clock: ownClock }) }
  }
  return { ...all, browser, newTab }
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

  test("[K19] a leader whose page is frozen is taken over from by the next tab that comes", async () => {
    const { clock, server, browser, newTab } = browserScene()
    const first = newTab()
    await clock.run(1_000)
    browser.freeze(first.owner)
    const second = newTab()
    const room = second.client.room("general")
    room.open()
    await clock.run(5_000)
    expect(second.client.connection.get().phase).toBe("open")
    room.messages.send("hello")
    await clock.run(1_000)
    expect(server.room("general").current.map((message) => message.content)).toEqual(["hello"])
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
  const { clock, server, browser, newTab } = browserScene(seed)
  const chance = seeded(seed)
  let tabs: ReturnType<typeof newTab>[] = []
  const sent = new Map<string, string[]>()
  for (let step = 0; step < 30; step++) {
    const what = chance()
    const at = Math.floor(chance() * tabs.length)
    const tab = tabs[at]
    if (tabs.length === 0 || (what < 0.2 && tabs.length < 5)) {
      const born = newTab()
      born.client
        .room("general")
        .open()
        .catch(() => {})
      tabs.push(born)
    } else if (what < 0.3) server.cut()
    else if (what < 0.4 && tab) {
      browser.kill(tab.owner)
      tabs = tabs.filter((one) => one !== tab)
      sent.delete(tab.owner)
      // Whose connection it was.
      server.cut()
    } else if (tab) {
      const text = `${tab.owner} ${step}`
      tab.client.room("general").messages.send(text)
      sent.set(tab.owner, [...(sent.get(tab.owner) ?? []), text])
    }
    await clock.run(chance() ** 2 * 3_000)
  }
  await clock.run(60_000)
  const log = server.room("general").current.map((message) => message.content)
  expect(new Set(log).size).toBe(log.length)
  for (const [owner, texts] of sent) expect(log.filter((text) => text.startsWith(`${owner} `))).toEqual(texts)
  for (const { client } of tabs) {
    expect(client.connection.get().phase).toBe("open")
    expect(contents(client.room("general"))).toEqual(log.slice(-contents(client.room("general")).length))
  }
  if (tabs.length > 0) expect(server.sockets.size).toBe(1)
}
