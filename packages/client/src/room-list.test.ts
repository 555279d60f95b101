import { describe, expect, test } from "bun:test"
import { createTestKlatch } from "@klatch/testing"
import { createClient } from "./client.ts"
import { memoryStore, type Store } from "./store.ts"

async function start(store?: Store) {
  const klatch = createTestKlatch()
  const { clock, server } = klatch
  server.createRoom("ann", { name: "Plans", kind: "private", members: ["bob"] })
  server.createRoom("bob", { name: "Den" })
  server.add("den", "ann")
  server.post("den", "bob", "first")
  const client = createClient({ ...klatch.clientOptions("ann"), ...(store && { store }) })
  client.connect()
  await clock.run(1_000)
  const names = () =>
    client.rooms
      .get()
      .rooms.map((room) => room.name)
      .toSorted()
  const den = () => client.rooms.get().rooms.find((room) => room.name === "Den")!
  return { klatch, clock, server, client, names, den }
}

describe("the list of rooms", () => {
  test("[K22] is not asked for until it is wanted, then keeps itself up to date", async () => {
    const { clock, server, client, names, den } = await start()
    expect(client.rooms.get()).toEqual({ status: "empty", rooms: [] })
    client.rooms.load()
    await clock.run(1_000)
    expect(client.rooms.get().status).toBe("ready")
    expect(names()).toEqual(["Den", "Plans"])
    const before = den().unread!
    server.post("den", "bob", "second")
    await clock.run(100)
    expect(den()).toMatchObject({ unread: before + 1, last_message: { content: "second" } })
    const { message_id } = server.post("den", "bob", "third")
    server.edit("den", "bob", message_id, "thirdly")
    await clock.run(100)
    expect(den().last_message?.content).toBe("thirdly")
    server.delete("den", "bob", message_id)
    await clock.run(100)
    expect(den().last_message).toMatchObject({ content: "", message_id })
  })

  test("[K22] learns of rooms that are added and lost", async () => {
    const { clock, server, client, names } = await start()
    client.rooms.load()
    await clock.run(1_000)
    server.createRoom("bob", { name: "Trip", kind: "group", members: ["ann"] })
    await clock.run(1_000)
    expect(names()).toContain("Trip")
    server.remove("den", "ann")
    await clock.run(1_000)
    expect(names()).not.toContain("Den")
    await Promise.all([client.rooms.create({ name: "Mine" }), clock.run(2_000)])
    expect(names()).toContain("Mine")
  })

  test("[K22] brings what was missed while apart, without being asked for anew", async () => {
    const { klatch, clock, server, client, den } = await start()
    client.rooms.load()
    await clock.run(1_000)
    const before = den().unread!
    klatch.faults.goDown()
    await clock.run(1_000)
    expect(client.rooms.get().status).toBe("stale")
    server.post("den", "bob", "meanwhile")
    klatch.faults.comeUp()
    await clock.run(60_000)
    expect(client.rooms.get().status).toBe("ready")
    expect(den()).toMatchObject({ unread: before + 1, last_message: { content: "meanwhile" } })
  })

  test("[K22] that could not be loaded is loaded with the next connection", async () => {
    const { klatch, clock, client, names } = await start()
    klatch.faults.goDown()
    await clock.run(100)
    const failed = client.rooms.load().catch((error: unknown) => error)
    await clock.run(30_000)
    expect(await failed).toMatchObject({ code: "closed" })
    expect(client.rooms.get()).toEqual({ status: "stale", rooms: [] })
    klatch.faults.comeUp()
    await clock.run(60_000)
    expect(client.rooms.get().status).toBe("ready")
    expect(names()).toEqual(["Den", "Plans"])
  })

  test("[K22] counts what is read as read, here and elsewhere, and not one's own", async () => {
    const { clock, server, client, den } = await start()
    client.rooms.load()
    const room = client.room("den")
    room.open()
    await clock.run(2_000)
    const { message_id } = server.post("den", "bob", "read this")
    await clock.run(100)
    expect(den().unread).toBeGreaterThan(0)
    room.messages.markRead(message_id)
    expect(den()).toMatchObject({ unread: 0, read_message_id: message_id })
    room.messages.send("mine")
    await clock.run(3_000)
    expect(den().unread).toBe(0)
    client.rooms.load()
    await clock.run(1_000)
    expect(den().unread).toBe(0)
  })

  test("[K17] is shown before the server is reached", async () => {
    const store = memoryStore()
    const { klatch, clock, client } = await start(store)
    client.rooms.load()
    await clock.run(2_000)
    client.close()
    klatch.faults.goDown()
    const next = createClient({ ...klatch.clientOptions("ann"), store })
    next.connect()
    await clock.run(50)
    expect(next.rooms.get().status).toBe("stale")
    expect(
      next.rooms
        .get()
        .rooms.map((room) => room.name)
        .toSorted(),
    ).toEqual(["Den", "Plans"])
  })
})
