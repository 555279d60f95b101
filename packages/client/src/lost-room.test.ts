import { expect, test } from "bun:test"
import { createTestKlatch } from "@klatch/testing"
import { createClient } from "./client.ts"
import { moderation } from "./moderation.ts"
import { memoryStore } from "./store.ts"

function people() {
  const klatch = createTestKlatch()
  const enter = (user: string) => {
    const client = createClient(klatch.clientOptions(user))
    client.connect()
    return client
  }
  return { ...klatch, ann: enter("ann"), bob: enter("bob") }
}

const shown = (client: ReturnType<typeof createClient>, ref: string) =>
  client
    .room(ref)
    .messages.get()
    .messages.map(({ content }) => content)

for (const slug of ["den", undefined])
  test(`[K9] a room one was taken out of says so, and is whole once one is back (${slug ?? "by id"})`, async () => {
    const { clock, server, ann, bob } = people()
    const room = server.createRoom("ann", {
      name: "Den",
      kind: "private",
      members: ["bob"],
      ...(slug && { slug }),
    })
    const ref = slug ?? room.id
    await clock.settle(Promise.all([ann.room(ref).open(), bob.room(ref).open()]))
    await clock.settle(ann.room(ref).messages.send("one").settled)
    await clock.settle(moderation(ann, room.id).kick("bob"))
    await clock.run(2_000)
    expect(bob.room(ref).messages.get()).toMatchObject({ status: "stale" })
    expect(shown(bob, ref)).toEqual(["one"])
    expect(
      await clock.settle(
        bob
          .room(ref)
          .open()
          .catch(({ code }) => code),
      ),
    ).toBe("not_found")
    await clock.settle(ann.room(ref).messages.send("while out").settled)
    await clock.settle(ann.room(ref).members.add(["bob"]))
    await clock.settle(bob.room(ref).open())
    await clock.settle(ann.room(ref).messages.send("back").settled)
    await clock.run(2_000)
    expect(bob.room(ref).messages.get().status).toBe("ready")
    expect(shown(bob, ref)).toEqual(["one", "while out", "back"])
  })

test("[K17] what was kept of a room one was taken out of goes from the device", async () => {
  const { clock, server, ann, clientOptions } = people()
  const room = server.createRoom("ann", { name: "Den", kind: "private", members: ["bob"] })
  const store = memoryStore()
  const bob = createClient({ ...clientOptions("bob"), store })
  bob.connect()
  await clock.settle(Promise.all([bob.rooms.load(), bob.room(room.id).open(), ann.room(room.id).open()]))
  await clock.settle(ann.room(room.id).messages.send("for members").settled)
  await clock.run(2_000)
  expect(JSON.stringify(await store.all("rooms"))).toContain("for members")
  // What is said last is about to be kept when they go.
  await clock.settle(ann.room(room.id).messages.send("and this").settled)
  await clock.settle(moderation(ann, room.id).kick("bob"))
  await clock.run(3_000)
  expect(bob.rooms.get().rooms).toEqual([])
  bob.close()
  await clock.run(2_000)
  expect(await store.all("rooms")).toEqual([])
  expect(JSON.stringify(await store.all("self"))).not.toContain("for members")
})
