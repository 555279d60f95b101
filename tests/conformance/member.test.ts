import { describe, expect, setDefaultTimeout, test } from "bun:test"
import { historyPage, room } from "@klatch/protocol"
import { Peer } from "../harness/peer.ts"
import { ask, got } from "./answer.ts"
import { Caller } from "./caller.ts"
import { target, testMs, unique } from "./target.ts"

setDefaultTimeout(testMs)

describe("join and leave", () => {
  test("[R1] a membership is an entry once: coming back writes nothing", async () => {
    const slug = unique("once")
    const name = unique("ann")
    for (let i = 0; i < 3; i++) {
      await using ann = await Caller.as(name, `room_id=${slug}`)
      const ack = await ann.hears("the ack", (f) => f.type === "ack")
      expect(ack).toMatchObject({ head: 1, role: "owner", room: slug })
      expect(await ann.acked({ type: "join", room_id: slug })).toMatchObject({ head: 1, role: "owner" })
      await ann.acked({ type: "leave", room_id: slug })
    }
    expect((await got(historyPage, `GET /rooms/${slug}/messages`)).head).toBe(1)
  })

  test("[R1] join and leave are heard by the others, with who and when", async () => {
    const slug = unique("heard")
    await using ann = await Caller.in(slug)
    await using bob = await Caller.in(slug)
    const who = { user_id: bob.user.id, from: bob.user.username, room_id: ann.roomId }
    expect(await ann.hears("the join", (f) => f.type === "join" && f.seq === 2)).toMatchObject({
      ...who,
      role: "member",
    })
    await bob.acked({ type: "leave", room_id: slug, forget: true })
    expect(await ann.hears("the leave", (f) => f.type === "leave")).toMatchObject({ ...who, seq: 3 })
  })

  test("[R2] after leave nothing is received; the membership stays unless it is forgotten", async () => {
    const slug = unique("leave")
    const role = async () => (await got(room, `GET /rooms/${slug}?user=${bob.user.username}`)).role
    await using ann = await Caller.in(slug)
    await using bob = await Caller.in(slug)
    await bob.acked({ type: "leave", room_id: slug })
    await ann.acked({ type: "message", room_id: slug, content: "unheard" })
    await bob.settled()
    expect(bob.entries(ann.roomId).filter((f) => f.type === "message")).toEqual([])
    expect(await role()).toBe("member")
    await bob.acked({ type: "leave", room_id: slug, forget: true })
    expect(await role()).toBeNull()
    await bob.acked({ type: "leave", room_id: slug, forget: true })
  })

  test("[R2] a membership ended elsewhere ends what this connection receives", async () => {
    const slug = unique("elsewhere")
    await using ann = await Caller.in(slug)
    await using bob = await Caller.in(slug)
    expect((await ask(`POST /rooms/${slug}/leave?user=${bob.user.username}`)).status).toBe(204)
    await ann.hears("the leave", (f) => f.type === "leave")
    await bob.hears("the word in the inbox", (f) => f.type === "room_removed")
    await ann.acked({ type: "message", room_id: slug, content: "unheard" })
    await bob.settled()
    expect(bob.entries(ann.roomId).filter((f) => f.type === "message")).toEqual([])
  })

  test("[R3] join of a public room that is missing makes it; many at once make one", async () => {
    const slug = unique("made")
    const callers = await Promise.all(Array.from({ length: 8 }, () => Caller.as(unique("u"))))
    const acks = await Promise.all(callers.map((c) => c.acked({ type: "join", room_id: slug })))
    expect(new Set(acks.map((ack) => ack.room_id)).size).toBe(1)
    expect(acks.filter((ack) => ack.role === "owner").length).toBe(1)
    const head = (await got(historyPage, `GET /rooms/${slug}/messages`)).head
    expect(head).toBe(8)
    await Promise.all(callers.map((c) => c.close()))
  })

  test("[R3] live events begin right after the head that the ack of join tells", async () => {
    const slug = unique("live")
    await using writer = await Caller.in(slug)
    const callers: Caller[] = []
    let isDone = false
    const writing = (async () => {
      while (!isDone)
        await ask(`POST /rooms/${slug}/messages?user=${unique("w")}`, { body: { content: "x" } })
    })()
    for (let i = 0; i < 10; i++) callers.push(await Caller.in(slug))
    for (const caller of callers) {
      const { head } = caller.heard.find((f) => f.type === "ack") as unknown as { head: number }
      await caller.hears("the first live entry", (f) => f.room_id === writer.roomId && f.type === "message")
      expect(caller.entries(writer.roomId)[0]?.seq).toBe(head + 1)
    }
    isDone = true
    await writing
    for (const caller of callers) await caller[Symbol.asyncDispose]()
  })
})

describe("a room asked for again", () => {
  test("[R10] since in the address replays what followed, then goes on live", async () => {
    const slug = unique("back")
    await using ann = await Caller.in(slug)
    const { seq } = await ann.acked({ type: "message", room_id: slug, content: "seen" })
    for (const content of ["one", "two"]) await ann.acked({ type: "message", room_id: slug, content })
    await using bob = await Caller.as(ann.user.username, `room=${slug}&since=${seq}`)
    const ack = await bob.hears("the join", (f) => f.type === "ack" && f.room_id === ann.roomId)
    expect(ack.gap).toBeUndefined()
    await ann.acked({ type: "message", room_id: slug, content: "three" })
    await bob.hears("what is live", (f) => f.content === "three")
    const told = bob.heard.filter((f) => f.room_id === ann.roomId)
    expect(told.map((f) => f.content ?? f.type)).toEqual(["one", "two", "ack", "three"])
    for (const since of ["-1", "x", "1.5", "9007199254740993"])
      await expect(Caller.as(unique("u"), `room=${slug}&since=${since}`)).rejects.toThrow()
  })

  test("[R10] on one connection, from an older seq, it comes again, and then only live", async () => {
    const slug = unique("again")
    await using ann = await Caller.in(slug)
    const { seq } = await ann.acked({ type: "message", room_id: slug, content: "one" })
    await ann.acked({ type: "message", room_id: slug, content: "two" })
    // Not a `Caller`, for which a repeat is a fault.
    const { wsUrl } = await target()
    await using peer = await Peer.connect(wsUrl, `/ws?user=${ann.user.username}&room=${slug}`)
    await peer.hears("the join", (f) => f.type === "ack")
    await ann.acked({ type: "message", room_id: slug, content: "three" })
    await peer.hears("three", (f) => f.content === "three")
    peer.send({ type: "resume", rooms: { [ann.roomId]: seq } })
    await peer.hears("the end of the resume", (f) => f.type === "resumed")
    await ann.acked({ type: "message", room_id: slug, content: "four" })
    await peer.hears("four", (f) => f.content === "four")
    const told = peer.heard.filter((f) => f.type === "message").map((f) => f.content)
    expect(told).toEqual(["three", "two", "three", "four"])
  })
})

describe("typing", () => {
  test("[C30] typing reaches the others in the room, never the one who types, and is not stored", async () => {
    const slug = unique("typing")
    await using ann = await Caller.in(slug)
    await using bob = await Caller.in(slug)
    const before = (await got(historyPage, `GET /rooms/${slug}/messages`)).head
    await ann.acked({ type: "typing", room_id: slug })
    expect(await bob.hears("typing", (f) => f.type === "typing")).toEqual({
      type: "typing",
      room_id: ann.roomId,
      user_id: ann.user.id,
      from: ann.user.username,
      active: true,
    })
    await ann.acked({ type: "typing", room_id: slug, active: false })
    await bob.hears("the end of typing", (f) => f.type === "typing" && f.active === false)
    await ann.settled()
    expect(ann.heard.filter((f) => f.type === "typing")).toEqual([])
    expect((await got(historyPage, `GET /rooms/${slug}/messages`)).head).toBe(before)
  })

  test("[C30] going on typing is told at most once a second, stopping always", async () => {
    const slug = unique("throttle")
    await using ann = await Caller.in(slug)
    await using bob = await Caller.in(slug)
    const startMs = performance.now()
    for (let i = 0; i < 20; i++) await ann.acked({ type: "typing", room_id: slug })
    await ann.acked({ type: "typing", room_id: slug, active: false })
    await bob.hears("the end", (f) => f.type === "typing" && f.active === false)
    const told = bob.heard.filter((f) => f.type === "typing" && f.active === true).length
    expect(told).toBeGreaterThanOrEqual(1)
    expect(told).toBeLessThanOrEqual(1 + Math.floor((performance.now() - startMs) / 1_000))
  })

  test("[C30] typing in a room that this connection has not joined is not_found", async () => {
    const slug = unique("typing")
    await using ann = await Caller.in(slug)
    await using bob = await Caller.as(unique("bob"))
    expect(await bob.ask({ type: "typing", room_id: slug })).toMatchObject({ code: "not_found" })
    await ann.settled()
    expect(ann.heard.filter((f) => f.type === "typing")).toEqual([])
  })

  test("[R2] leaving while a join is under way leaves nothing behind that still hears or writes", async () => {
    const owner = await Caller.as(unique("owner"))
    const name = unique("eve")
    const path = `POST /rooms?user=${owner.user.username}`
    const { id } = await got(room, path, { body: { kind: "private", name: "vault" } })
    for (let i = 0; i < 40; i++)
      await owner.acked({ type: "message", room_id: id, content: "x".repeat(4_000) })
    await using eve = await Caller.as(name)
    for (let round = 0; round < 25; round++) {
      await ask(`POST /rooms/${id}/members?user=${owner.user.username}`, { body: { users: [name] } })
      eve.send({ type: "join", room_id: id, since: 0 })
      await ask(`POST /rooms/${id}/leave?user=${name}`)
      await eve.settled()
      const { seq } = await owner.acked({ type: "message", room_id: id, content: `round ${round}` })
      await eve.settled()
      expect(eve.heard.filter((f) => f.room_id === id && f.seq === seq)).toEqual([])
    }
    await owner.close()
  })

  test("[R8] nobody writes into an inbox, their own neither", async () => {
    await using ann = await Caller.as(unique("ann"))
    await ann.acked({ type: "join", room_id: ann.user.id })
    expect(await ann.ask({ type: "message", room_id: ann.user.id, content: "me" })).toMatchObject({
      code: "forbidden",
    })
  })
})
