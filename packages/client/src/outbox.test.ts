import { describe, expect, test } from "bun:test"
import { seeded } from "@klatch/testing"
import fc from "fast-check"
import { contract } from "./contract.ts"
import { outboxMax } from "./outbox.ts"
import { contents, scene } from "./testing/scene.ts"

async function openRoom() {
  const all = scene()
  const client = all.newClient("ann")
  const room = client.room("general")
  room.open()
  await all.clock.run(1_000)
  return { ...all, client, room }
}

const stored = (server: ReturnType<typeof scene>["server"]) =>
  server.room("general").current.map((message) => message.content)

describe("sending", () => {
  test("[K10] a message is shown at once, as being sent; acked it is the log's, once", async () => {
    const { clock, room } = await openRoom()
    const { settled, clientId } = room.messages.send("  hello ")
    expect(room.messages.get().messages).toMatchObject([
      {
        content: "hello",
        delivery: "sending",
        seq: null,
        message_id: null,
        client_id: clientId,
        from: "ann",
      },
    ])
    await clock.run(100)
    expect(await settled).toMatchObject({ seq: 1, message_id: 1 })
    expect(room.messages.get().messages).toMatchObject([{ content: "hello", delivery: "sent", seq: 1 }])
  })

  for (const first of ["ack", "event"] as const) {
    test(`[K10] our own message settles once when the ${first} comes first`, async () => {
      const { clock, server, room } = await openRoom()
      server.intercept = (socket, frame) => {
        if (frame.type !== "message") return false
        const { ack, event } = server.room("general").post(socket.user, frame.content, frame.client_id)
        const answers = [() => socket.deliver({ ...ack, ref: frame.ref ?? "" }), () => server.publish(event)]
        if (first === "event") answers.reverse()
        for (const [n, answer] of answers.entries()) clock.after(n * 1_000, answer)
        return true
      }
      const shown: string[] = []
      room.messages.subscribe(() => {
        shown.push(
          room.messages
            .get()
            .messages.map((message) => `${message.delivery} ${message.seq}`)
            .join(),
        )
      })
      let isSettled = false
      room.messages.send("hello").settled.then(() => {
        isSettled = true
      })
      await clock.run(500)
      expect(isSettled).toBe(true)
      await clock.run(5_000)
      expect(shown.every((text) => text === "sending null" || text === "sent 1")).toBe(true)
      expect(shown.at(-1)).toBe("sent 1")
    })
  }

  test("[K11] a message that the server stored but whose ack was lost is stored once", async () => {
    const { clock, server, room } = await openRoom()
    let cuts = 3
    server.intercept = (socket, frame) => {
      if (frame.type !== "message" || cuts-- <= 0) return false
      server.room("general").post(socket.user, frame.content, frame.client_id)
      server.cut()
      return true
    }
    const { settled } = room.messages.send("once")
    room.messages.send("then")
    await clock.run(60_000)
    expect(await settled).toMatchObject({ seq: 1 })
    expect(stored(server)).toEqual(["once", "then"])
    expect(contents(room)).toEqual(["once", "then"])
  })

  test("[K11] what was written while apart is sent after the resume, in its order", async () => {
    const { clock, server, room } = await openRoom()
    server.isDown = true
    server.cut()
    await clock.run(10)
    for (const text of ["a", "b", "c"]) room.messages.send(text)
    await clock.run(5_000)
    expect(contents(room)).toEqual(["a", "b", "c"])
    server.frames.length = 0
    server.isDown = false
    await clock.run(30_000)
    const types = server.frames.map((frame) => frame.type).filter((type) => type !== "read")
    expect(types).toEqual(["resume", "message", "message", "message"])
    expect(stored(server)).toEqual(["a", "b", "c"])
  })

  test("[K12] a refusal that is for now is tried again after the time it names; nothing overtakes it", async () => {
    const { clock, server, room } = await openRoom()
    const codes = ["rate_limited", "unavailable", "internal"] as const
    const triedMs: number[] = []
    let tries = 0
    server.intercept = (socket, frame) => {
      if (frame.type !== "message") return false
      triedMs.push(clock.now())
      const code = codes[tries++]
      if (!code) return false
      socket.deliver({ type: "error", ref: frame.ref ?? "", code, message: code, retry_after_ms: 3_000 })
      return true
    }
    for (const text of ["a", "b"]) room.messages.send(text)
    await clock.run(60_000)
    expect(stored(server)).toEqual(["a", "b"])
    for (const n of [1, 2, 3]) expect(triedMs[n]! - triedMs[n - 1]!).toBeGreaterThanOrEqual(3_000)
  })

  test("[K12] any other refusal fails that message alone; it can be sent again or discarded", async () => {
    const { clock, server, room } = await openRoom()
    let refuses = true
    server.intercept = (socket, frame) => {
      if (frame.type !== "message" || !frame.content.startsWith("bad") || !refuses) return false
      socket.deliver({ type: "error", ref: frame.ref ?? "", code: "forbidden", message: "no" })
      return true
    }
    const bad = room.messages.send("bad")
    const worse = room.messages.send("bad too")
    room.messages.send("good")
    await clock.run(1_000)
    expect(await bad.settled.catch((error) => error.code)).toBe("forbidden")
    expect(room.messages.get().messages.map((message) => `${message.content} ${message.delivery}`)).toEqual([
      "good sent",
      "bad failed",
      "bad too failed",
    ])
    expect(room.messages.get().messages[1]?.error?.code).toBe("forbidden")
    refuses = false
    room.messages.discard(worse.clientId)
    room.messages.retry(bad.clientId)
    await clock.run(1_000)
    expect(contents(room)).toEqual(["good", "bad"])
    expect(stored(server)).toEqual(["good", "bad"])
    expect(room.messages.get().messages[1]).toMatchObject({ client_id: bad.clientId, delivery: "sent" })
  })

  test("[K12] a message at which the server always fails does not hold up those behind it for ever", async () => {
    const { clock, server, room } = await openRoom()
    server.intercept = (socket, frame) => {
      if (frame.type !== "message" || frame.content !== "poison") return false
      socket.deliver({ type: "error", ref: frame.ref ?? "", code: "internal", message: "oops" })
      return true
    }
    const poison = room.messages.send("poison")
    room.messages.send("next")
    await clock.run(300_000)
    expect(await poison.settled.catch((error) => error.code)).toBe("internal")
    expect(stored(server)).toEqual(["next"])
  })

  test("[K12] the outbox is bounded: past it a message fails at once", async () => {
    const { clock, server, newClient } = scene()
    server.isDown = true
    const room = newClient("ann").room("general")
    const sent = Array.from({ length: outboxMax + 1 }, (_, n) => room.messages.send(`${n}`))
    await clock.run(10)
    expect(await sent.at(-1)?.settled.catch((error) => error.code)).toBe("rate_limited")
    expect(room.messages.get().messages.filter((message) => message.delivery === "sending").length).toBe(
      outboxMax,
    )
  })

  test("content that no server would take fails here, before it costs the connection", async () => {
    const { clock, server, room } = await openRoom()
    const long = room.messages.send("x".repeat(contract.contentCharsMax + 1))
    const empty = room.messages.send("  \n ")
    expect(await long.settled.catch((error) => error.code)).toBe("too_large")
    expect(await empty.settled.catch((error) => error.code)).toBe("invalid_field")
    const huge = await room.messages.edit(1, "\u{1f600}".repeat(20_000)).catch((error) => error.code)
    expect(huge).toBe("too_large")
    await clock.run(100)
    expect(server.frames.some((frame) => frame.type === "message" || frame.type === "edit")).toBe(false)
  })

  test("closing the client fails what was not acked; connected again it can be sent again, once", async () => {
    const { clock, server, client, room } = await openRoom()
    server.intercept = (socket, frame) => {
      if (frame.type !== "message") return false
      server.room("general").post(socket.user, frame.content, frame.client_id)
      return true
    }
    const { settled, clientId } = room.messages.send("hello")
    await clock.run(100)
    client.close()
    expect(await settled.catch((error) => error.code)).toBe("closed")
    server.intercept = () => false
    room.messages.retry(clientId)
    client.connect()
    await clock.run(5_000)
    expect(stored(server)).toEqual(["hello"])
    expect(room.messages.get().messages).toMatchObject([{ content: "hello", delivery: "sent" }])
  })

  test("a broadcast resolves with its ack", async () => {
    const { clock, server, newClient } = scene()
    server.intercept = (socket, frame) => {
      if (frame.type !== "broadcast") return false
      socket.deliver({ type: "ack", ref: frame.ref ?? "", seq: 1, message_id: 1 })
      return true
    }
    const sent = newClient("ann").broadcast("all hands")
    await clock.run(100)
    expect(await sent).toMatchObject({ seq: 1 })
  })
})

test("[K11] under cuts, losses and doublings each message is stored exactly once, in order of sending", async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1 }), async (seed) => {
      const { clock, server, random, newClient } = scene(seed)
      const chance = seeded(seed + 1)
      const room = newClient("ann").room("general")
      room.open()
      server.faults = {
        copies: () => (chance() < 0.1 ? 0 : chance() < 0.1 ? 2 : 1),
        delayMs: () => 5 + 200 * random(),
      }
      const texts = Array.from({ length: 12 }, (_, n) => `${n}`)
      for (const text of texts) {
        room.messages.send(text)
        await clock.run(1_000 * chance())
        if (chance() < 0.3) server.cut()
      }
      server.faults = { copies: () => 1, delayMs: () => 5 }
      const isDone = await clock.runUntil(() => stored(server).length >= 12)
      expect(isDone).toBe(true)
      await clock.run(60_000)
      expect(stored(server)).toEqual(texts)
      expect(contents(room)).toEqual(texts)
    }),
    { numRuns: 200 },
  )
}, 60_000)
