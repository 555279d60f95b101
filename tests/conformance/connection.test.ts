import { describe, expect, setDefaultTimeout, test } from "bun:test"
import { limits, room } from "@klatch/protocol"
import { ask, expectError, got } from "./answer.ts"
import { Caller } from "./caller.ts"
import { target, testMs, unique } from "./target.ts"

setDefaultTimeout(testMs)

/** An upgrade as a plain request, so that its refusal can be read. */
const upgrade = (path: string, headers: Record<string, string> = {}) =>
  ask(`GET ${path}`, {
    headers: {
      connection: "Upgrade",
      upgrade: "websocket",
      "sec-websocket-version": "13",
      "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
      ...headers,
    },
  })

describe("who is asking", () => {
  test("[C1] the first frame is hello, with session, user, heartbeat, time and limits", async () => {
    const name = unique("ann")
    await using ann = await Caller.as(name)
    expect(ann.heard[0]).toMatchObject({
      type: "hello",
      user: { username: name, display_name: name },
      heartbeat_ms: limits.heartbeatMs,
      limits: { frame_bytes_max: 65_536, content_chars_max: 8_000, page_max: 100 },
    })
  })

  test("[C2] a name is one user, however it is spelled and whichever key brings it", async () => {
    const name = unique("Ann")
    await using first = await Caller.as(name)
    await using shouted = await Caller.as(name.toUpperCase())
    await using short = await Caller.open(`/ws?u=${name.toLowerCase()}`)
    await using chat = await Caller.open(`/chat?u=${name}`)
    const everyone = [first, shouted, short, chat]
    expect(new Set(everyone.map((c) => c.user.id)).size).toBe(1)
    expect(new Set(everyone.map((c) => c.user.username))).toEqual(new Set([name]))
    expect(new Set(everyone.map((c) => c.heard[0]?.session_id)).size).toBe(4)
  })

  test("[C2] a name that several take at the same moment is one user", async () => {
    const name = unique("rush")
    const callers = await Promise.all(Array.from({ length: 12 }, () => Caller.as(name)))
    expect(new Set(callers.map((c) => c.user.id)).size).toBe(1)
    await Promise.all(callers.map((c) => c.close()))
  })

  test("[C3] without a name everyone is a guest of a name of their own", async () => {
    await using one = await Caller.open("/ws")
    await using other = await Caller.open("/ws")
    expect(one.user.username).toMatch(/^guest-/)
    expect(one.user.id).not.toBe(other.user.id)
  })

  test.each([
    ["one letter", "a"],
    ["33 letters", "a".repeat(33)],
    ["a blank", "a%20b"],
    ["other letters", "%C3%A4nne"],
    ["NUL", "ab%00c"],
    ["a broken escape", "ab%ff"],
    ["nothing", ""],
    ["a slash", "a%2Fb"],
    ["a line feed", "ab%0A"],
  ])("[C4] a name with %s is refused before the upgrade", async (_, name) => {
    expectError(await upgrade(`/ws?user=${name}`), "invalid_field")
    expectError(await upgrade(`/chat?u=${name}`), "invalid_field")
  })

  test("[C4] the shortest and the longest name are taken", async () => {
    const long = unique("l").padEnd(32, "x")
    await using longest = await Caller.as(long)
    expect(longest.user.username).toBe(long)
    await using shortest = await Caller.as(`${"._-Zq9".charAt(Math.floor(Math.random() * 6))}b`)
    expect(shortest.user.username.length).toBe(2)
  })

  test("[C5] a token that is not good is refused in open mode, too, not ignored", async () => {
    expectError(await upgrade("/ws?token=abc.def.ghi"), "unauthorized")
    expectError(await upgrade("/ws?ticket=abc"), "unauthorized")
    expectError(await upgrade("/ws?user=ann", { authorization: "Bearer abc" }), "unauthorized")
  })
})

describe("the door", () => {
  test("[C6] a page of another origin is refused, our own and no origin are not", async () => {
    const { url } = await target()
    const { host } = new URL(url)
    for (const origin of ["https://evil.example", "null", `http://${host}.evil.example`, "", `ftp://${host}`])
      expectError(await upgrade("/ws", { origin }), "origin_refused")
    await using own = await Caller.open("/ws", { headers: { origin: `http://${host}` } })
    await using secure = await Caller.open("/ws", { headers: { origin: `https://${host}` } })
    expect([own.heard[0]?.type, secure.heard[0]?.type]).toEqual(["hello", "hello"])
  })

  test("[C7] the subprotocol klatch.v1 is chosen when it is offered, and only then", async () => {
    await using plain = await Caller.open("/ws")
    expect(plain.socket.protocol).toBe("")
    await using chosen = await Caller.open("/ws", { protocols: ["other", "klatch.v1"] })
    expect(chosen.socket.protocol).toBe("klatch.v1")
  })

  test("[C8] without an upgrade the answer says what is missing", async () => {
    for (const path of ["/ws", "/chat"]) {
      const answer = await ask(`GET ${path}`)
      expectError(answer, "upgrade_required")
      expect(answer.headers.get("upgrade")).toBe("websocket")
    }
    const incomplete = await ask("GET /ws", { headers: { upgrade: "websocket" } })
    expect(incomplete.status).toBeGreaterThanOrEqual(400)
    expect(incomplete.status).toBeLessThan(500)
  })

  test.each(["room_id", "room", "r"])("[C9] a room in ?%s= is joined as if by a join frame", async (key) => {
    const slug = unique("room")
    await using ann = await Caller.open(`/ws?user=${unique("ann")}&${key}=${slug}`)
    const ack = await ann.hears("the ack", (f) => f.type === "ack")
    expect(ack).toMatchObject({ room: slug, role: "owner" })
    expect(ack.ref).toBeUndefined()
    expect(await got(room, `GET /rooms/${slug}?user=${ann.user.username}`)).toMatchObject({
      id: ann.roomId,
      kind: "public",
      role: "owner",
    })
  })

  test("[C9] a room given at connect by its id, in capitals or with a blank is the same room", async () => {
    const slug = unique("our-room")
    await using ann = await Caller.in(slug)
    await using byId = await Caller.in(ann.roomId)
    await using capitals = await Caller.in(slug.toUpperCase())
    await using blank = await Caller.in(slug.replace("our-room", "Our%20Room"))
    expect([byId.roomId, capitals.roomId, blank.roomId]).toEqual(Array(3).fill(ann.roomId))
  })

  test("[C9] a room name that cannot be is refused before the upgrade", async () => {
    for (const name of ["a".repeat(65), "caf%C3%A9", "a/b", "%00", "a.b"])
      expectError(await upgrade(`/ws?room=${name}`), "invalid_field")
  })

  test("[C9] an unknown room id at connect is answered not_found, and the connection stays", async () => {
    await using ann = await Caller.open("/ws?room_id=01900000-0000-7000-8000-000000000000")
    await ann.hears("the error", (f) => f.type === "error" && f.code === "not_found")
    await ann.settled()
  })
})

describe("frames", () => {
  test("[C10] ping is answered with pong and its ref", async () => {
    await using ann = await Caller.open("/ws")
    expect(await ann.ask({ type: "ping" })).toMatchObject({ type: "pong" })
    ann.send({ type: "ping" })
    await ann.hears("a pong without ref", (f) => f.type === "pong" && f.ref === undefined)
  })

  test("[C12] frames of one connection take effect in the order they were sent", async () => {
    const room = unique("order")
    await using ann = await Caller.open("/ws")
    ann.send({ type: "join", room_id: room, ref: "a" })
    for (let i = 0; i < 30; i++) ann.send({ type: "message", room_id: room, content: `${i}` })
    ann.send({ type: "leave", room_id: room, ref: "z" })
    const left = await ann.hears("the ack of leave", (f) => f.ref === "z")
    await ann.hears("the acks", () => ann.heard.filter((f) => f.type === "ack" && f.message_id).length === 30)
    const page = await ann.acked({ type: "history", room_id: left.room_id })
    expect((page.messages as { content: string }[]).map((m) => m.content)).toEqual(
      Array.from({ length: 30 }, (_, i) => `${i}`),
    )
  })

  test("[C15] a frame over 64 KiB ends the connection with 1009, one of 64 KiB does not", async () => {
    await using ann = await Caller.open("/ws")
    const frame = (bytes: number) => {
      const bare = JSON.stringify({ type: "ping", ref: "full", pad: "" })
      return bare.replace(`"pad":""`, `"pad":"${"x".repeat(bytes - bare.length)}"`)
    }
    ann.send(frame(limits.frameBytesMax))
    await ann.hears("the answer to a full frame", (f) => f.ref === "full")
    ann.send(frame(limits.frameBytesMax + 1))
    expect(await ann.ends()).toBe(1009)
  })

  test.each([129 * 1024, 1024 * 1024])("[C15] a frame of %d bytes ends it with 1009 too", async (bytes) => {
    await using ann = await Caller.open("/ws")
    ann.socket.send("x".repeat(bytes))
    expect(await ann.ends()).toBe(1009)
  })

  test("[C15] bytes count, not characters", async () => {
    await using ann = await Caller.open("/ws")
    ann.socket.send(JSON.stringify({ type: "ping", pad: "ä".repeat(40_000) }))
    expect(await ann.ends()).toBe(1009)
  })

  test("[C16] a binary frame is answered with an error, and the connection stays", async () => {
    await using ann = await Caller.open("/ws")
    ann.socket.send(new TextEncoder().encode(JSON.stringify({ type: "ping" })))
    await ann.hears("the error", (f) => f.type === "error" && f.code === "bad_json")
    await ann.settled()
  })

  test("[C17] on /chat, text that is no JSON object is a message to the connection's room", async () => {
    const room = unique("plain")
    await using ann = await Caller.open(`/chat?r=${room}&u=${unique("ann")}`)
    await ann.hears("the ack", (f) => f.type === "ack")
    const texts = ["hello there", "42", `"quoted"`, "[1,2]", "null", "{broken", "true"]
    for (const text of texts) ann.send(text)
    await ann.hears("the last", (f) => f.content === texts.at(-1))
    expect(ann.entries(ann.roomId).flatMap((f) => (f.type === "message" ? [f.content] : []))).toEqual(texts)
    expect(ann.heard.filter((f) => f.type === "ack").length).toBe(1)
    ann.send({ type: "ping", ref: "object" })
    expect(await ann.hears("pong", (f) => f.ref === "object")).toMatchObject({ type: "pong" })
  })

  test("[C17] plain text that is blank or too long is answered with an error", async () => {
    await using ann = await Caller.open(`/chat?r=${unique("plain")}&u=${unique("ann")}`)
    for (const text of ["   ", "x".repeat(limits.contentCharsMax + 1)]) {
      const before = ann.heard.filter((f) => f.type === "error").length
      ann.send(text)
      await ann.hears("the error", () => ann.heard.filter((f) => f.type === "error").length > before)
    }
    expect(ann.heard.filter((f) => f.type === "error").map((f) => f.code)).toEqual([
      "invalid_field",
      "invalid_field",
    ])
  })
})
