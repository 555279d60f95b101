import { describe, expect, test } from "bun:test"
import { type Client, createClient, type Room } from "@klatch/client"
import fc from "fast-check"
import { createTestKlatch, type TestKlatch, type TestKlatchOptions } from "./test-klatch.ts"

function start(options?: TestKlatchOptions) {
  const klatch = createTestKlatch(options)
  const enter = (user?: string): Client => {
    const client = createClient(klatch.clientOptions(user))
    client.connect()
    return client
  }
  return { klatch, ...klatch, enter }
}

async function open(klatch: TestKlatch, client: Client, ref: string): Promise<Room> {
  const room = client.room(ref)
  await klatch.clock.settle(room.open())
  return room
}

const contents = (room: Room) => room.messages.get().messages.map(({ content }) => content)

describe("what others do", () => {
  test("is heard by clients: written, changed, taken back, typed, and who belongs where", async () => {
    const { klatch, server, clock, enter } = start()
    const client = enter("ann")
    const room = await open(klatch, client, "general")
    const { message_id } = server.post("general", "bob", "frist")
    server.post("general", "bob", "second")
    server.edit("general", "bob", message_id, "first")
    server.delete("general", "bob", message_id + 1)
    server.type("general", "cay")
    await clock.run(100)
    expect(contents(room)).toEqual(["first", ""])
    expect(room.typing.get()).toMatchObject([{ from: "cay" }])
    expect(server.members("general").map(({ username, role }) => `${username} ${role}`)).toEqual([
      "ann owner",
      "bob member",
    ])
    await clock.settle(client.rooms.load())
    const { id } = server.createRoom("bob", { kind: "private", name: "Secret", members: ["ann"] })
    await clock.run(1_000)
    expect(
      client.rooms
        .get()
        .rooms.map(({ name }) => name)
        .sort(),
    ).toEqual(["Secret", "general"])
    server.remove(id, "ann")
    await clock.run(1_000)
    expect(client.rooms.get().rooms.map(({ name }) => name)).toEqual(["general"])
    expect(server.direct("bob", "ann").name).toBe("ann,bob")
  })

  test("is bound by the rules: what the server would refuse throws", () => {
    const { server } = start()
    const { message_id } = server.post("general", "bob", "mine")
    const { id } = server.createRoom("bob", { kind: "private", name: "Secret" })
    expect(() => server.edit("general", "ann", message_id, "hers")).toThrow("not ann's")
    expect(() => server.delete("general", "bob", 99)).toThrow("no message 99")
    expect(() => server.post(id, "ann", "let me in")).toThrow("no such room")
    expect(() => server.createRoom("ann", { name: "again", slug: "general" })).toThrow("taken")
  })
})

describe("faults", () => {
  test("while the server is down messages wait; they are stored once it is up, once", async () => {
    const { klatch, server, faults, clock, enter } = start()
    const room = await open(klatch, enter("ann"), "general")
    faults.goDown()
    await clock.run(100)
    room.messages.send("waiting")
    await clock.run(60_000)
    expect(server.messages("general")).toEqual([])
    expect(server.connections).toBe(0)
    faults.comeUp()
    await clock.run(60_000)
    expect(server.messages("general").map(({ content }) => content)).toEqual(["waiting"])
    expect(room.messages.get()).toMatchObject({ status: "ready", messages: [{ delivery: "sent" }] })
  })

  test("connections that are cut or fall silent are made again", async () => {
    const { klatch, server, faults, clock, enter } = start()
    const client = enter("ann")
    const room = await open(klatch, client, "general")
    for (const fail of [faults.cut, faults.silence]) {
      fail()
      server.post("general", "bob", "meanwhile")
      await clock.run(120_000)
      expect(client.connection.get().phase).toBe("open")
    }
    expect(contents(room)).toEqual(["meanwhile", "meanwhile"])
  })

  test("who is refused stays away and is told why; healed, they may come again", async () => {
    const { faults, clock, enter } = start()
    const client = enter("ann")
    await clock.run(1_000)
    faults.refuse("unauthorized")
    await clock.run(60_000)
    expect(client.connection.get()).toMatchObject({ phase: "closed", lastError: { code: "unauthorized" } })
    faults.heal()
    client.connect()
    await clock.run(1_000)
    expect(client.connection.get().phase).toBe("open")
  })

  test("one seed is one run, and another seed another", async () => {
    const run = async (seed: number) => {
      const { klatch, server, faults, clock, enter } = start({ seed })
      const room = await open(klatch, enter("ann"), "general")
      faults.lossy({ drop: 0.2, double: 0.2, cut: 0.1 })
      for (let n = 0; n < 20; n++) room.messages.send(`${n}`)
      await clock.run(30_000)
      return JSON.stringify([server.frames, server.messages("general")])
    }
    const [first, again, other] = [await run(7), await run(7), await run(8)]
    expect(again).toBe(first)
    expect(other).not.toBe(first)
  })

  test("on the worst of links every message is stored once and everyone ends with the same, by any seed", async () => {
    const chance = (max: number) => fc.double({ min: 0, max, noNaN: true })
    const link = fc.record({ drop: chance(0.3), double: chance(0.5), cut: chance(0.1), delayMs: chance(500) })
    await fc.assert(
      fc.asyncProperty(fc.nat(), link, async (seed, worst) => {
        const { klatch, server, faults, clock, enter } = start({ seed })
        const rooms = [
          await open(klatch, enter("ann"), "general"),
          await open(klatch, enter("bob"), "general"),
        ]
        faults.lossy(worst)
        const sent: string[] = []
        for (let n = 0; n < 8; n++) {
          for (const [who, room] of rooms.entries()) {
            sent.push(`${who} ${n}`)
            room.messages.send(`${who} ${n}`)
          }
          await clock.run(300)
        }
        faults.heal()
        // What was lost last shows no hole: a real link tells by its end.
        faults.cut()
        await clock.run(120_000)
        const stored = server.messages("general").map(({ content }) => content)
        expect(stored.toSorted()).toEqual(sent.toSorted())
        for (const room of rooms) expect(contents(room)).toEqual(stored)
        for (const who of [0, 1]) {
          const own = sent.filter((text) => text.startsWith(`${who} `))
          expect(stored.filter((text) => own.includes(text))).toEqual(own)
        }
      }),
      { numRuns: 60 },
    )
  }, 30_000)
})

describe("who is who", () => {
  test("tokens speak for whom the test says, and others are refused", async () => {
    const { klatch, clock } = start({ userOf: (token) => (token === "good" ? "ann" : null) })
    const enter = (token: string) => {
      const client = createClient({ ...klatch.clientOptions(), token: () => token })
      client.connect()
      return client
    }
    const [good, bad] = [enter("good"), enter("bad")]
    await clock.run(10_000)
    expect(good.user.get()?.username).toBe("ann")
    expect(bad.connection.get()).toMatchObject({ phase: "closed", lastError: { code: "unauthorized" } })
  })

  test("without a name everyone is a guest of their own; tokens are refused as in open mode", async () => {
    const { klatch, clock, enter } = start()
    const guests = [enter(), enter()]
    const client = createClient({ ...klatch.clientOptions(), token: () => "any" })
    client.connect()
    await clock.run(10_000)
    const names = guests.map((guest) => guest.user.get()?.username ?? "")
    for (const name of names) expect(name).toStartWith("guest-")
    expect(new Set(names).size).toBe(2)
    expect(client.connection.get()).toMatchObject({ phase: "closed", lastError: { code: "unauthorized" } })
  })
})

test("an address that the SDK never asks is answered as not supported, not as missing", async () => {
  const { klatch, clock } = start()
  const { url = "", fetch = globalThis.fetch } = klatch.clientOptions()
  const response = await clock.settle(fetch(`${url}/search?q=x`))
  expect(response.status).toBe(501)
  expect(await response.json()).toMatchObject({ error: { code: "not_supported" } })
})

test("waiting for what never comes rejects instead of hanging", async () => {
  const { clock } = start()
  expect(await clock.settle(new Promise(() => {})).catch((error) => error.message)).toContain(
    "did not settle",
  )
})
