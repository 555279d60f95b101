import { describe, expect, test } from "bun:test"
import { createTestKlatch } from "@klatch/testing"
import { type Client, type ClientOptions, createClient } from "./client.ts"
import type { KlatchError } from "./error.ts"
import { memoryStore, type Store } from "./store.ts"
import { contents } from "./testing/scene.ts"

/** A server that takes the tokens `ann` and `bob` for these users, and clients that are given tokens by `token`. */
function tokens() {
  const klatch = createTestKlatch({ userOf: (token) => (/^(ann|bob)$/.test(token) ? token : null) })
  const enter = (token: ClientOptions["token"], options: ClientOptions = {}): Client => {
    const client = createClient({ ...klatch.clientOptions(), ...(token && { token }), ...options })
    client.connect()
    return client
  }
  const stored = (ref = "lobby") =>
    klatch.server.messages(ref).map(({ from, content }) => `${from}: ${content}`)
  return { ...klatch, enter, stored }
}

/** The code a promise was rejected with by now, `done`, or `pending`. */
function outcome(promise: Promise<unknown>): () => string {
  let now = "pending"
  promise.then(
    () => {
      now = "done"
    },
    (error: KlatchError) => {
      now = error.code
    },
  )
  return () => now
}

const deliveries = (client: Client, ref = "lobby") =>
  client
    .room(ref)
    .messages.get()
    .messages.map(({ content, delivery }) => `${content} ${delivery}`)

describe("messages of someone who is not let in", () => {
  test("[K12] wait for a good token: the token was too old after an hour, and they go in order", async () => {
    const { clock, faults, enter, stored } = tokens()
    let token = "ann"
    const client = enter(() => token, { store: memoryStore() })
    const room = client.room("lobby")
    await clock.settle(room.open())
    faults.goDown()
    const sent = [1, 2, 3].map((n) => outcome(room.messages.send(`${n}`).settled))
    await clock.run(3_600_000)
    token = "too old"
    faults.comeUp()
    await clock.run(120_000)
    expect(client.connection.get()).toMatchObject({ phase: "closed", lastError: { code: "unauthorized" } })
    expect(deliveries(client)).toEqual(["1 sending", "2 sending", "3 sending"])
    sent.push(outcome(room.messages.send("4").settled))
    token = "ann"
    client.connect()
    await clock.run(10_000)
    expect(stored()).toEqual(["ann: 1", "ann: 2", "ann: 3", "ann: 4"])
    expect(deliveries(client)).toEqual(["1 sent", "2 sent", "3 sent", "4 sent"])
    expect(sent.map((one) => one())).toEqual(["done", "done", "done", "done"])
  })

  test("[K16] are sent by the next client on the same store, once", async () => {
    const { clock, faults, enter, stored } = tokens()
    const store = memoryStore()
    let token = "ann"
    const client = enter(() => token, { store })
    await clock.settle(client.room("lobby").open())
    faults.goDown()
    for (const text of ["1", "2"])
      client
        .room("lobby")
        .messages.send(text)
        .settled.catch(() => {})
    await clock.run(60_000)
    token = "too old"
    faults.comeUp()
    await clock.run(60_000)
    client.close()
    const next = enter(() => "ann", { store })
    await clock.settle(next.room("lobby").open())
    await clock.run(10_000)
    expect(stored()).toEqual(["ann: 1", "ann: 2"])
    expect(await store.all("letters")).toEqual([])
  })
})

describe("a store", () => {
  /** Ann leaves a private room with a message in it in a store, and one message that was not sent. */
  async function leftByAnn(options: (user: string) => [ClientOptions["token"], ClientOptions]) {
    const all = tokens()
    const store: Store = memoryStore()
    const enter = (user: string, more: ClientOptions = {}) => {
      const [token, other] = options(user)
      return all.enter(token, { store, ...other, ...more })
    }
    const ann = enter("ann")
    const { id } = await all.clock.settle(ann.rooms.create({ name: "Secret", kind: "private" }))
    await all.clock.settle(ann.rooms.load())
    await all.clock.settle(ann.room(id).open())
    ann.room(id).messages.send("for ann alone")
    await all.clock.settle(ann.room("lobby").open())
    await all.clock.run(3_000)
    all.faults.goDown()
    for (const ref of [id, "lobby"])
      ann
        .room(ref)
        .messages.send("unsent")
        .settled.catch(() => {})
    await all.clock.run(100)
    ann.close()
    await all.clock.run(100)
    return { ...all, enter, id, store }
  }

  const byName = (user: string): [undefined, ClientOptions] => [undefined, { user }]
  const byToken = (user: string): [() => string, ClientOptions] => [() => user, {}]
  const byTokenAndName = (user: string): [() => string, ClientOptions] => [() => user, { user }]

  for (const [name, way] of Object.entries({ byName, byToken, byTokenAndName })) {
    test(`[K17] of another user is not shown, whenever a room is asked for, and not sent: ${name}`, async () => {
      const { clock, faults, enter, stored, id } = await leftByAnn(way)
      const bob = enter("bob")
      const early = bob.room(id)
      await clock.run(3_000)
      const nothing = () => {
        for (const room of [early, bob.room(id), bob.room("lobby")]) {
          expect(contents(room)).toEqual([])
          expect(room.info.get()?.name).not.toBe("Secret")
        }
        expect(bob.rooms.get().rooms.map((room) => room.name)).not.toContain("Secret")
      }
      nothing()
      faults.comeUp()
      await clock.run(60_000)
      const opened = outcome(early.open())
      await clock.run(5_000)
      expect(opened()).toBe("not_found")
      nothing()
      expect([...stored(), ...stored(id)]).toEqual(["ann: for ann alone"])
      bob.close()
      // And ann's own is still there, for her.
      enter("ann")
      await clock.run(20_000)
      expect([...stored(), ...stored(id)]).toEqual(["ann: unsent", "ann: for ann alone", "ann: unsent"])
    })
  }

  test("[K17] is shown before the server is reached to whom the caller names, with a token too", async () => {
    const { clock, enter, id } = await leftByAnn(byTokenAndName)
    const ann = enter("ann")
    await clock.run(100)
    expect(ann.user.get()?.username).toBe("ann")
    expect(deliveries(ann, id)).toEqual(["for ann alone sent", "unsent sending"])
    expect(ann.rooms.get().rooms.map((room) => room.name)).toContain("Secret")
  })

  test("[K17] is shown to a token's user once the server has said who it is", async () => {
    const { clock, faults, enter, id, stored } = await leftByAnn(byToken)
    const ann = enter("ann")
    await clock.run(100)
    expect(ann.user.get()).toBeNull()
    expect(deliveries(ann, id)).toEqual([])
    ann.room(id).messages.send("new")
    faults.comeUp()
    await clock.run(20_000)
    expect(stored(id)).toEqual(["ann: for ann alone", "ann: unsent", "ann: new"])
  })

  test("[K17] a client that another user signs in with shows and sends nothing of the first", async () => {
    const { clock, faults, enter, stored } = tokens()
    const store = memoryStore()
    let token = "ann"
    const client = enter(() => token, { store })
    const { id } = await clock.settle(client.rooms.create({ name: "Secret", kind: "private" }))
    await clock.settle(client.rooms.load())
    const room = client.room(id)
    await clock.settle(room.open())
    room.messages.send("for ann alone")
    await clock.run(3_000)
    faults.goDown()
    const unsent = outcome(room.messages.send("unsent").settled)
    const lost = outcome(client.room("lobby").messages.send("unsent").settled)
    await clock.run(1_000)
    token = "bob"
    faults.comeUp()
    await clock.run(20_000)
    expect(client.user.get()?.username).toBe("bob")
    expect([unsent(), lost()]).toEqual(["closed", "closed"])
    expect(contents(room)).toEqual([])
    expect(contents(client.room("lobby"))).toEqual([])
    expect(room.info.get()).toBeNull()
    expect(client.rooms.get().rooms.map(({ name }) => name)).not.toContain("Secret")
    expect([...stored(), ...stored(id)]).toEqual(["ann: for ann alone"])
    client.close()
    enter(() => "ann", { store })
    await clock.run(20_000)
    expect([...stored(), ...stored(id)]).toEqual(["ann: unsent", "ann: for ann alone", "ann: unsent"])
  })
})

test("[K16] what was written before anyone said who they are is theirs who come first, and no other's", async () => {
  const { clock, faults, server, enter, stored } = tokens()
  server.createRoom("cat", { name: "Lobby", slug: "lobby" })
  const store = memoryStore()
  faults.goDown()
  const first = enter(() => "ann", { store })
  first.room("lobby").messages.send("written offline")
  await clock.run(5_000)
  first.close()
  faults.comeUp()
  const again = enter(() => "ann", { store })
  await clock.run(5_000)
  expect(stored()).toEqual(["ann: written offline"])
  again.close()
  faults.goDown()
  const named = enter(() => "ann", { store, user: "ann" })
  named.room("lobby").messages.send("ann's own")
  await clock.run(5_000)
  named.close()
  faults.comeUp()
  const other = enter(() => "bob", { store, user: "ann" })
  await clock.run(5_000)
  expect(stored()).toEqual(["ann: written offline"])
  other.close()
  enter(() => "ann", { store, user: "ann" })
  await clock.run(5_000)
  expect(stored()).toEqual(["ann: written offline", "ann: ann's own"])
})

test("[K16] a client id names a message of its room, and again that of one that failed", async () => {
  const { clock, faults, server, enter, stored } = tokens()
  for (const slug of ["lobby", "den"]) server.createRoom("cat", { name: slug, slug })
  const store = memoryStore()
  faults.goDown()
  const first = enter(() => "ann", { store })
  for (const ref of ["lobby", "den"]) first.room(ref).messages.send(`to ${ref}`, { clientId: "one" })
  await clock.run(1_000)
  first.close()
  faults.comeUp()
  const second = enter(() => "ann", { store })
  await clock.run(5_000)
  expect([stored(), stored("den")]).toEqual([["ann: to lobby"], ["ann: to den"]])
  const hidden = server.createRoom("bob", { name: "Hidden", kind: "private" })
  const send = () => second.room(hidden.id).messages.send("again", { clientId: "two" })
  expect(await clock.settle(send().settled.catch(({ code }) => code))).toBe("not_found")
  expect(await clock.settle(send().settled.catch(({ code }) => code))).toBe("not_found")
  expect(deliveries(second, hidden.id)).toEqual(["again failed"])
  server.add(hidden.id, "ann")
  await clock.settle(send().settled)
  expect(deliveries(second, hidden.id)).toEqual(["again sent"])
})

describe("a token provider", () => {
  const failing = {
    throws: () => {
      throw new Error("nobody is signed in")
    },
    rejects: async () => {
      throw new Error("nobody is signed in")
    },
  }
  for (const [name, token] of Object.entries(failing)) {
    test(`[K6] that ${name} is told as that, and asked again about once a minute`, async () => {
      const { clock, enter } = tokens()
      let asked = 0
      const client = enter(() => {
        asked++
        return token()
      })
      const loaded = outcome(client.rooms.load())
      const found = client.rooms.discover("x").catch((error) => `${error.code}: ${error.message}`)
      await clock.run(100)
      const told = "The token provider failed: Error: nobody is signed in"
      expect(loaded()).toBe("token_failed")
      expect(await found).toBe(`token_failed: ${told}`)
      expect(client.connection.get()).toMatchObject({
        phase: "waiting",
        lastError: { code: "token_failed", message: told },
      })
      asked = 0
      await clock.run(600_000)
      expect(asked).toBeWithin(10, 20)
    })
  }

  test("[K6] that gives nothing, or what no header can hold, is told as that", async () => {
    for (const token of ["", " \n", "to\nken", "tökén", undefined as unknown as string]) {
      const { clock, enter } = tokens()
      const client = enter(() => token)
      await clock.run(1_000)
      expect([token, client.connection.get().lastError?.code]).toEqual([token, "token_failed"])
    }
    const { clock, enter } = tokens()
    const client = enter(() => "ann\n")
    await clock.run(1_000)
    expect(client.connection.get().phase).toBe("open")
  })

  test("[K6] that fails only now and then ends nothing: the next token is as good as any", async () => {
    const { clock, faults, enter } = tokens()
    let fails = false
    const client = enter(() => {
      if (fails) throw new Error("no network")
      return "ann"
    })
    await clock.run(1_000)
    expect(client.connection.get().phase).toBe("open")
    // Also while the server is away, and is asked why it let nobody in.
    faults.goDown()
    await clock.run(100)
    fails = true
    await clock.run(60_000)
    expect(client.connection.get().phase).not.toBe("closed")
    faults.comeUp()
    fails = false
    await clock.run(61_000)
    expect(client.connection.get().phase).toBe("open")
  })

  test("[K6] that never answers holds up no request for more than 15 s, and no connection for ever", async () => {
    const { clock, enter } = tokens()
    let asked = 0
    const client = enter(() => {
      asked++
      return new Promise<string>(() => {})
    })
    const asking = [client.rooms.load(), client.rooms.discover(), client.room("lobby").members.list()]
    const outcomes = asking.map(outcome)
    await clock.run(14_900)
    expect(outcomes.map((one) => one())).toEqual(["pending", "pending", "pending"])
    await clock.run(200)
    expect(outcomes.map((one) => one())).toEqual(["timeout", "timeout", "timeout"])
    asked = 0
    await clock.run(120_000)
    expect(asked).toBeGreaterThan(0)
    expect(client.connection.get().lastError?.code).toBe("token_failed")
  })

  test("[K6] that takes 11 s connects all the same: the time to dial begins with the socket", async () => {
    const { clock, enter } = tokens()
    const slow = () => new Promise<string>((resolve) => clock.after(11_000, () => resolve("ann")))
    const client = enter(slow)
    const opened = outcome(client.room("lobby").open())
    await clock.run(12_000)
    expect(client.connection.get().phase).toBe("open")
    expect(opened()).toBe("done")
  })
})

describe("a closed client", () => {
  test("settles what is asked of it by `closed`", async () => {
    const { clock, enter } = tokens()
    const client = enter(undefined, { user: "ann" })
    const room = client.room("lobby")
    await clock.settle(room.open())
    client.close()
    client.close()
    const asked = [
      room.messages.send("after the end").settled,
      client.room("other").open(),
      client.broadcast("after the end"),
      room.messages.edit(1, "x"),
    ].map(outcome)
    await clock.run(10)
    expect(asked.map((one) => one())).toEqual(asked.map(() => "closed"))
    // What was open still is, as while offline.
    const still = outcome(room.open())
    await clock.run(10)
    expect(still()).toBe("done")
    client.connect()
    const again = outcome(client.room("other").open())
    await clock.run(1_000)
    expect(again()).toBe("done")
    expect(room.messages.get().status).toBe("ready")
  })

  test("that never connected, or was not let in, settles what waits by `closed` too", async () => {
    const { clock, enter } = tokens()
    const idle = createClient({ ...enter, url: "http://klatch.test", webSocket: class {} as never, clock })
    const refused = enter(() => "too old")
    const asked = [idle, refused].flatMap((client) => [
      outcome(client.room("lobby").messages.send("hello").settled),
      outcome(client.broadcast("hello")),
    ])
    await clock.run(10_000)
    expect(refused.connection.get().phase).toBe("closed")
    expect(asked.map((one) => one())).toEqual(asked.map(() => "pending"))
    idle.close()
    refused.close()
    const opened = [idle, refused].map((client) => outcome(client.room("lobby").open()))
    await clock.run(10)
    expect([...asked, ...opened].map((one) => one())).toEqual([...asked, ...opened].map(() => "closed"))
  })

  test("[K16] with a store sends what was unsent once it connects again, before what is new", async () => {
    const { clock, enter, stored, faults } = tokens()
    const client = enter(undefined, { user: "ann", store: memoryStore() })
    const { messages } = client.room("lobby")
    await clock.settle(client.room("lobby").open())
    faults.goDown()
    messages.send("1").settled.catch(() => {})
    await clock.run(100)
    client.close()
    messages.send("2").settled.catch(() => {})
    await clock.run(100)
    expect(deliveries(client)).toEqual(["1 failed", "2 failed"])
    faults.comeUp()
    client.connect()
    messages.send("3")
    await clock.run(10_000)
    expect(stored()).toEqual(["ann: 1", "ann: 2", "ann: 3"])
    expect(deliveries(client)).toEqual(["1 sent", "2 sent", "3 sent"])
  })
})

test("the time of the next try is a whole millisecond", async () => {
  const { clock, faults, enter } = tokens()
  const client = enter(undefined, { user: "ann" })
  await clock.run(1_000)
  faults.goDown()
  const seen: number[] = []
  client.connection.subscribe(() => seen.push(client.connection.get().retryAtMs ?? 0))
  await clock.run(30_000)
  expect(seen.some((ms) => ms > 0)).toBe(true)
  expect(seen.every(Number.isInteger)).toBe(true)
})
