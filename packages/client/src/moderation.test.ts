import { expect, test } from "bun:test"
import { moderation, roomSettings } from "./moderation.ts"
import { scene } from "./testing/scene.ts"

test("a long list is paged, keeps its order, and takes in what happens between two pages", async () => {
  const { clock, server, newClient } = scene()
  const ann = newClient("ann")
  const names = Array.from({ length: 230 }, (_, n) => `member-${n}`)
  const { directory } = server
  const room = directory.create(server.user("ann"), { kind: "private", name: "den" })
  directory.add(
    server.user("ann"),
    room,
    names.map((name) => server.user(name)),
  )
  await clock.settle(ann.room(room.id).open())
  const desk = moderation(ann, room.id)
  await clock.settle(desk.load())
  expect([desk.get().members.length, desk.get().hasMore]).toEqual([100, true])
  // On a page that is not loaded: it comes with that page.
  directory.add(server.user("ann"), room, [server.user("late")])
  await clock.run(100)
  expect(desk.get().members.length).toBe(100)
  const before = desk.get().members[50]
  await clock.settle(desk.loadMore())
  directory.leave(room, server.user("member-3"))
  await clock.run(100)
  await clock.settle(desk.loadMore())
  expect([desk.get().members.length, desk.get().hasMore]).toEqual([231, false])
  expect(desk.get().members[49]).toBe(before)
  const ids = desk.get().members.map(({ id }) => id)
  expect(ids).toEqual([...ids].sort())
  expect(desk.get().members.at(-1)?.username).toBe("late")
  // As many as were there are asked for again.
  await clock.settle(desk.load())
  expect(desk.get().members.length).toBe(231)
})

test("an answer that is older than what was told meanwhile is asked for again", async () => {
  const { clock, server, newClient } = scene()
  const ann = newClient("ann")
  const room = server.directory.create(server.user("ann"), { kind: "private", name: "den" })
  await clock.settle(ann.room(room.id).open())
  const settings = roomSettings(ann, room.id)
  // Slow enough for the event to come between the question and its answer.
  server.faults = { copies: () => 1, delayMs: () => 50 }
  const loading = settings.load()
  await clock.run(75)
  server.publish(room.change(server.user("ann"), { slowModeS: 30 }))
  await clock.settle(loading)
  expect(settings.get()).toMatchObject({ slow_mode_s: 30, role: "owner" })
  const shown = settings.get()
  server.publish(room.change(server.user("ann"), { name: "lair" }))
  await clock.run(1_000)
  expect(settings.get()).toMatchObject({ slow_mode_s: 30, name: "lair" })
  settings.close()
  server.publish(room.change(server.user("ann"), { name: "cave" }))
  await clock.run(1_000)
  expect(settings.get()).toMatchObject({ name: "lair" })
  expect(settings.get()).not.toBe(shown)
})

test("what changes nothing tells nobody; a list out of reach is stale until it is back", async () => {
  const { clock, server, newClient } = scene()
  const ann = newClient("ann")
  const room = server.directory.create(server.user("ann"), { kind: "private", name: "den" })
  await clock.settle(ann.room(room.id).open())
  const desk = moderation(ann, room.id)
  await clock.settle(desk.load())
  let told = 0
  desk.subscribe(() => told++)
  server.post(room.id, "ann", "hello")
  server.publish(room.change(server.user("ann"), { topic: "t" }))
  await clock.run(1_000)
  expect(told).toBe(0)
  server.isDown = true
  server.cut()
  await clock.run(1_000)
  expect(desk.get().status).toBe("stale")
  expect(await clock.settle(desk.kick("bob").catch((error) => error.code))).toBe("closed")
  server.directory.add(server.user("ann"), room, [server.user("bob")])
  server.isDown = false
  await clock.run(30_000)
  expect(desk.get()).toMatchObject({ status: "ready", members: [{ username: "ann" }, { username: "bob" }] })
  desk.close()
})
