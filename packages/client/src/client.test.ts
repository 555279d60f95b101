import { describe, expect, test } from "bun:test"
import { createClient } from "./client.ts"
import { contract } from "./contract.ts"
import { answerMs, unansweredMax } from "./requests.ts"
import { contents, scene } from "./testing/scene.ts"

describe("connecting", () => {
  test("a client does nothing until told, then says who it is and that it follows rooms itself", async () => {
    const { clock, server } = scene()
    const client = createClient({
      url: "http://chat.test/prefix/",
      user: "ann b",
      webSocket: server.webSocket,
      fetch: server.fetch,
      clock,
    })
    await clock.run(1_000)
    expect(server.dialed).toEqual([])
    expect(client.connection.get()).toEqual({ phase: "idle", attempt: 0 })
    client.connect()
    expect(client.connection.get().phase).toBe("connecting")
    await clock.run(1_000)
    expect(server.dialed).toEqual(["ws://chat.test/prefix/ws?subscribe=none&user=ann+b"])
    expect(client.user.get()?.username).toBe("ann b")
    expect(client.connection.get()).toMatchObject({ phase: "open", attempt: 0, user: { username: "ann b" } })
  })

  test("[K6] a guest comes back under the name it was given first: what it sends again is its own", async () => {
    const { clock, server, newClient } = scene()
    const client = newClient()
    await clock.run(100)
    const name = client.user.get()?.username
    server.cut()
    await clock.run(1_000)
    expect(client.connection.get().phase).toBe("open")
    expect(server.dialed.at(-1)).toEndWith(`user=${name}`)
    expect(client.user.get()?.username).toBe(name)
  })

  test("[K6] a token is asked for anew before each connection; one that cannot be had is a failed try", async () => {
    const tokens = ["one", "two"]
    const { clock, server, newClient } = scene()
    const client = newClient(undefined, {
      token: async () => {
        const token = tokens.shift()
        if (token === undefined) throw new Error("no token today")
        return token
      },
    })
    await clock.run(100)
    server.cut(4401, "sign in again")
    await clock.run(1_000)
    expect(server.dialed.map((url) => new URL(url).searchParams.get("token"))).toEqual(["one", "two"])
    server.cut()
    await clock.run(5_000)
    expect(client.connection.get()).toMatchObject({ phase: "waiting" })
    expect(client.connection.get().lastError?.message).toContain("no token today")
  })

  test("[K3] a server that refuses us with 401 ends the tries with the reason; one that is away does not", async () => {
    const { clock, server, newClient } = scene()
    server.isDown = true
    const client = newClient("ann")
    const opening = client.room("general").open()
    await clock.run(5_000)
    expect(["waiting", "connecting"]).toContain(client.connection.get().phase)
    server.isDown = false
    server.refusesWith = { status: 401, code: "unauthorized" }
    await clock.run(20_000)
    expect(client.connection.get()).toMatchObject({ phase: "closed", lastError: { code: "unauthorized" } })
    expect(await opening.catch((error) => error.code)).toBe("unauthorized")
    const dials = server.dialed.length
    await clock.run(60_000)
    expect(server.dialed.length).toBe(dials)
  })

  test("[K3] a close of 4500 and above ends the tries; what was not acked fails with the reason", async () => {
    const { clock, server, newClient } = scene()
    const client = newClient("ann")
    server.intercept = (_socket, frame) => frame.type === "message"
    const { settled } = client.room("general").messages.send("hello")
    await clock.run(100)
    server.cut(4503, "banned or removed")
    await clock.run(60_000)
    expect(client.connection.get()).toMatchObject({
      phase: "closed",
      lastError: { code: "forbidden", message: "banned or removed" },
    })
    expect(await settled.catch((error) => error.message)).toBe("banned or removed")
  })

  test("[K5] a connection that went dead without a word is left after two heartbeats", async () => {
    const { clock, server, newClient } = scene()
    server.heartbeatMs = 1_000
    const client = newClient("ann")
    await clock.run(100)
    for (const socket of server.sockets) socket.isDead = true
    await clock.run(1_500)
    expect(client.connection.get().phase).toBe("open")
    await clock.run(1_000)
    expect(server.dialed.length).toBe(2)
    expect(client.connection.get().phase).toBe("open")
  })

  test("a quiet connection stays open for ever", async () => {
    const { clock, server, newClient } = scene()
    newClient("ann")
    await clock.run(3_600_000)
    expect(server.dialed.length).toBe(1)
  })
})

describe("rooms", () => {
  test("the same room is the same object, by slug in any case and by id", async () => {
    const { clock, server, newClient } = scene()
    const client = newClient("ann")
    const room = client.room("general")
    await clock.runUntil(() => client.connection.get().phase === "open")
    const opened = room.open()
    await clock.run(1_000)
    await opened
    expect(client.room("GENERAL")).toBe(room)
    expect(client.room(server.room("general").id)).toBe(room)
    expect(room.info.get()).toMatchObject({ slug: "general", role: "member", topic: "told over HTTP" })
  })

  test("[K7] opening shows the newest page, and older ones are loaded a page at a time, once each", async () => {
    const { clock, server, newClient } = scene()
    for (let n = 1; n <= 120; n++) server.post("general", "bob", `${n}`)
    const room = newClient("ann").room("general")
    expect(room.messages.get()).toMatchObject({ status: "empty", messages: [] })
    room.open()
    await clock.run(1_000)
    expect(room.messages.get()).toMatchObject({ status: "ready", hasOlder: true, head: 120 })
    expect(contents(room)).toEqual(Array.from({ length: 50 }, (_, n) => `${n + 71}`))
    for (let pages = 0; pages < 4; pages++) {
      room.messages.loadOlder()
      room.messages.loadOlder()
      await clock.run(100)
    }
    expect(contents(room)).toEqual(Array.from({ length: 120 }, (_, n) => `${n + 1}`))
    expect(room.messages.get().hasOlder).toBe(false)
    expect(server.frames.filter((frame) => frame.type === "history").length).toBe(3)
  })

  test("[K8] after a reconnect all rooms are resumed in one frame and what was missed is there, in order", async () => {
    const { clock, server, newClient } = scene()
    const client = newClient("ann")
    const rooms = ["a", "b", "c"].map((slug) => client.room(slug))
    for (const room of rooms) room.open()
    await clock.run(1_000)
    server.isDown = true
    server.cut()
    await clock.run(10)
    for (const room of rooms) expect(room.messages.get().status).toBe("stale")
    for (const { ref } of rooms) for (let n = 1; n <= 3; n++) server.post(ref, "bob", `${ref}${n}`)
    server.isDown = false
    server.frames.length = 0
    await clock.run(30_000)
    for (const room of rooms) {
      expect(contents(room)).toEqual([1, 2, 3].map((n) => `${room.ref}${n}`))
      expect(room.messages.get().status).toBe("ready")
    }
    expect(server.frames.map((frame) => frame.type)).toEqual(["resume"])
  })

  test("[K8] rooms are resumed at most 500 a frame, and few frames wait for an answer at once", async () => {
    const { clock, server, newClient } = scene()
    const client = newClient("ann")
    const rooms = Array.from({ length: 1_100 }, (_, n) => client.room(`r${n}`))
    let unanswered = 0
    let unansweredMost = 0
    server.intercept = () => {
      unanswered++
      unansweredMost = Math.max(unansweredMost, unanswered)
      clock.after(1, () => unanswered--)
      return false
    }
    for (const room of rooms) room.open()
    await clock.run(60_000)
    expect(rooms.filter((room) => room.messages.get().status === "ready").length).toBe(1_100)
    expect(unansweredMost).toBeLessThanOrEqual(unansweredMax)
    server.frames.length = 0
    server.cut()
    await clock.run(60_000)
    const sizes = server.frames
      .filter((frame) => frame.type !== "ping")
      .map((frame) => (frame.type === "resume" ? Object.keys(frame.rooms).length : frame.type))
    expect(sizes).toEqual([contract.resumeRoomsMax, contract.resumeRoomsMax, 100])
    expect(rooms.filter((room) => room.messages.get().status === "ready").length).toBe(1_100)
  })

  test("[K8] many rooms opened against a limit of frames a second do not run into it again and again", async () => {
    const { clock, server, newClient } = scene()
    const client = newClient("ann")
    let tokens = 100
    let filledMs = clock.now()
    let refusals = 0
    server.intercept = (socket, frame) => {
      tokens = Math.min(100, tokens + (clock.now() - filledMs) / 20)
      filledMs = clock.now()
      if (tokens-- >= 1) return false
      refusals++
      const code = "rate_limited"
      // Until one would be there, had this frame not cost one as well.
      const retry_after_ms = Math.ceil(-tokens * 20)
      socket.deliver({ type: "error", ref: frame.ref ?? "", code, message: code, retry_after_ms })
      return true
    }
    const rooms = Array.from({ length: 300 }, (_, n) => client.room(`r${n}`))
    for (const room of rooms) room.open()
    await clock.run(20_000)
    expect(rooms.filter((room) => room.messages.get().status === "ready").length).toBe(300)
    expect(refusals).toBeLessThan(150)
  })

  test("[K8] a resume that is refused for now, or not answered, is made again", async () => {
    const { clock, server, newClient } = scene()
    const room = newClient("ann").room("general")
    room.open()
    await clock.run(1_000)
    let refusals = 3
    server.intercept = (socket, frame) => {
      if (frame.type !== "resume" || refusals-- <= 0) return false
      if (refusals === 1) return true
      const code = "unavailable"
      socket.deliver({ type: "error", ref: frame.ref ?? "", code, message: code, retry_after_ms: 400 })
      return true
    }
    server.cut()
    server.post("general", "bob", "meanwhile")
    await clock.run(answerMs + 5_000)
    expect(contents(room)).toEqual(["meanwhile"])
    expect(room.messages.get().status).toBe("ready")
  })

  test("[K8] a refused room stops being followed and its open rejects; opening it again asks again", async () => {
    const { clock, server, newClient } = scene()
    const room = newClient("ann").room("secret")
    let refuses = true
    server.intercept = (socket, frame) => {
      if (frame.type !== "join" || !refuses) return false
      socket.deliver({ type: "error", ref: frame.ref ?? "", code: "not_found", message: "no" })
      return true
    }
    const opening = room.open()
    await clock.run(1_000)
    expect(await opening.catch((error) => error.code)).toBe("not_found")
    server.cut()
    await clock.run(1_000)
    expect(server.frames.filter((frame) => frame.type === "join").length).toBe(1)
    refuses = false
    const again = room.open()
    await clock.run(1_000)
    await again
    expect(room.messages.get().status).toBe("ready")
  })

  test("[K9] a gap that is too much to replay is paged anew; what did not change stays the same object", async () => {
    const { clock, server, newClient } = scene()
    const room = newClient("ann").room("general")
    for (let n = 1; n <= 30; n++) server.post("general", "bob", `${n}`)
    room.open()
    await clock.run(1_000)
    const before = room.messages.get().messages
    server.replayMax = 5
    server.isDown = true
    server.cut()
    await clock.run(10)
    for (let n = 31; n <= 40; n++) server.post("general", "bob", `${n}`)
    server.isDown = false
    server.frames.length = 0
    await clock.run(30_000)
    expect(server.frames.map((frame) => frame.type)).toEqual(["resume", "history"])
    const after = room.messages.get()
    expect(after).toMatchObject({ status: "ready", head: 40 })
    expect(contents(room)).toEqual(Array.from({ length: 40 }, (_, n) => `${n + 1}`))
    for (let at = 0; at < 30; at++) expect(after.messages[at]).toBe(before[at]!)
  })

  test("[K9] a server whose log went back is believed: the room begins anew", async () => {
    const { clock, server, newClient } = scene()
    const room = newClient("ann").room("general")
    for (let n = 1; n <= 10; n++) server.post("general", "bob", `${n}`)
    room.open()
    await clock.run(1_000)
    server.cut()
    server.room("general").restore(4)
    server.post("general", "bob", "another five")
    await clock.run(1_000)
    server.post("general", "bob", "another six")
    await clock.run(1_000)
    expect(contents(room)).toEqual(["1", "2", "3", "4", "another five", "another six"])
    expect(room.messages.get()).toMatchObject({ status: "ready", head: 6 })
  })

  test("[K9] a hole in the live events is repaired, and nothing past it is shown before", async () => {
    const { clock, server, newClient } = scene()
    const room = newClient("ann").room("general")
    room.open()
    await clock.run(1_000)
    server.post("general", "bob", "1")
    await clock.run(50)
    server.faults = { copies: () => 0, delayMs: () => 5 }
    server.post("general", "bob", "2")
    server.faults = { copies: () => 2, delayMs: () => 5 }
    server.post("general", "bob", "3")
    await clock.run(50)
    expect(contents(room)).toEqual(["1"])
    expect(room.messages.get().status).toBe("stale")
    await clock.run(2_000)
    expect(contents(room)).toEqual(["1", "2", "3"])
    expect(room.messages.get().status).toBe("ready")
  })

  test("a closed room is left and takes no more; opened again it has what was missed", async () => {
    const { clock, server, newClient } = scene()
    const room = newClient("ann").room("general")
    room.open()
    await clock.run(1_000)
    room.close()
    await clock.run(100)
    server.post("general", "bob", "missed")
    await clock.run(100)
    expect(server.frames.at(-1)).toMatchObject({ type: "leave" })
    expect(contents(room)).toEqual([])
    const opened = room.open()
    await clock.run(1_000)
    await opened
    expect(contents(room)).toEqual(["missed"])
  })

  test("edits and deletes of others are shown; our own resolve with the server's answer or reject", async () => {
    const { clock, server, newClient } = scene()
    const ann = newClient("ann").room("general")
    const bob = newClient("bob").room("general")
    ann.open()
    bob.open()
    await clock.run(1_000)
    const first = ann.messages.send("one")
    ann.messages.send("two")
    await clock.run(100)
    const { message_id: id } = await first.settled
    const edited = ann.messages.edit(id, "one, mended")
    const deleted = ann.messages.delete(id + 1)
    await clock.run(100)
    await edited
    await deleted
    expect(contents(bob)).toEqual(["one, mended", ""])
    expect(contents(ann)).toEqual(contents(bob))
    const late = ann.messages.edit(id + 1, "too late")
    const refused = late.catch((error) => error.code)
    await clock.run(100)
    expect(await refused).toBe("not_found")
    server.isDown = true
    server.cut()
    await clock.run(10)
    expect(await ann.messages.edit(id, "offline").catch((error) => error.code)).toBe("closed")
  })

  test("what the server was too busy for is asked again, a few times", async () => {
    const { clock, server, newClient } = scene()
    for (let n = 1; n <= 60; n++) server.post("general", "bob", `${n}`)
    const room = newClient("ann").room("general")
    room.open()
    await clock.run(1_000)
    let refusals = 3
    server.intercept = (socket, frame) => {
      if (refusals-- <= 0) return false
      const code = "rate_limited"
      socket.deliver({ type: "error", ref: frame.ref ?? "", code, message: code, retry_after_ms: 100 })
      return true
    }
    room.messages.loadOlder()
    await clock.run(5_000)
    expect(contents(room).length).toBe(60)
    refusals = Number.POSITIVE_INFINITY
    const code = room.messages.delete(1).catch((error) => error.code)
    await clock.run(60_000)
    expect(await code).toBe("rate_limited")
  })

  test("[K14] typing is heard of others, not of ourselves, and ends with their message", async () => {
    const { clock, server, newClient } = scene()
    const client = newClient("ann")
    const room = client.room("general")
    room.open()
    await clock.run(1_000)
    const { id } = server.room("general")
    const say = (from: string, active: boolean) => {
      const { id: user_id } = server.user(from)
      for (const socket of server.sockets)
        socket.deliver({ type: "typing", room_id: id, user_id, from, active })
    }
    say("bob", true)
    say("ann", true)
    await clock.run(10)
    expect(room.typing.get().map((user) => user.from)).toEqual(["bob"])
    server.post("general", "bob", "done")
    await clock.run(10)
    expect(room.typing.get()).toEqual([])
    room.typing.set(true)
    room.typing.set(true)
    await clock.run(10)
    expect(server.frames.filter((frame) => frame.type === "typing").length).toBe(1)
  })
})

describe("listeners", () => {
  test("every event is told by its type, until the listener is removed", async () => {
    const { clock, server, newClient } = scene()
    const client = newClient("ann")
    const heard: string[] = []
    const stop = client.on("message", (event) => heard.push(event.content))
    client.on("hello", (event) => heard.push(event.user.username))
    client.room("general").open()
    await clock.run(1_000)
    server.post("general", "bob", "one")
    await clock.run(100)
    stop()
    server.post("general", "bob", "two")
    await clock.run(100)
    expect(heard).toEqual(["ann", "one"])
  })
})
