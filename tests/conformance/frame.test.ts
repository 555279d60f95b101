import { describe, expect, setDefaultTimeout, test } from "bun:test"
import { closeTable, type FrameType, frameSchemas, limits } from "@klatch/protocol"
import { until } from "../harness/until.ts"
import { ask } from "./answer.ts"
import { Caller } from "./caller.ts"
import { testMs, unique } from "./target.ts"

setDefaultTimeout(testMs)

const id = "01900000-0000-7000-8000-000000000000"
/** One good frame of each type: a test makes one field wrong. */
const good: Record<FrameType, Record<string, unknown>> = {
  message: { room_id: "lobby", content: "x" },
  chat: { body: "x" },
  dm: { to: "someone", content: "x" },
  group: { to: "some-group", content: "x" },
  broadcast: { content: "x" },
  join: { room_id: "lobby" },
  leave: { room_id: "lobby" },
  resume: { rooms: {} },
  history: { room_id: "lobby" },
  edit: { room_id: "lobby", message_id: 1, content: "x" },
  delete: { room_id: "lobby", message_id: 1 },
  react: { room_id: "lobby", message_id: 1, emoji: "x" },
  unreact: { room_id: "lobby", message_id: 1, emoji: "x" },
  pin: { room_id: "lobby", message_id: 1 },
  unpin: { room_id: "lobby", message_id: 1 },
  typing: { room_id: "lobby" },
  read: { room_id: "lobby", message_id: 1 },
  presence: { users: [id] },
  auth: { token: "x" },
  ping: {},
}
const wrong: Record<string, unknown[]> = {
  room_id: [undefined, null, 7, "", "a b", "x".repeat(65), { $ne: 1 }, ["lobby"]],
  to: [undefined, null, 7, "", "a b", "x".repeat(65)],
  content: [undefined, null, 7, "", "   ", "x".repeat(8_001), "a\u0000b", "\ud800", ["x"], {}],
  body: [undefined, null, 7, "", "   ", "x".repeat(8_001), "a\u0000b", "\udc00"],
  message_id: [undefined, null, "1", 0, -1, 1.5, Number.POSITIVE_INFINITY, 2 ** 53, true],
  rooms: [undefined, null, [], "x", { lobby: 1 }, { [id]: -1 }, { [id]: "1" }, { [id]: 1.5 }],
  users: [undefined, null, "x", ["x"], [1], Array(501).fill(id)],
  token: [undefined, null, 1, ""],
  emoji: [undefined, null, 1, "", " ", "x".repeat(65)],
  ref: [7, null, "", "x".repeat(65), "a\nb", "\ud800", {}],
  client_id: [7, null, "", "x".repeat(65), "\u0001x", "\u0000"],
  since: [null, "1", -1, 1.5, 2 ** 53],
  limit: [null, "1", 0, 101, 1.5],
  active: [null, "true", 1],
}
/** The frame as text; JSON.stringify would write null where a number is too large. */
const textOf = (frame: object) =>
  JSON.stringify(frame, (_, value) => (value === Number.POSITIVE_INFINITY ? "~1e400~" : value)).replace(
    '"~1e400~"',
    "1e400",
  )
const cases = Object.entries(good).flatMap(([type, fields]) => {
  const shape = (frameSchemas[type as FrameType] as unknown as { shape: Record<string, unknown> }).shape
  return Object.keys(wrong)
    .filter((name) => Object.hasOwn(shape, name))
    .flatMap((name) =>
      (wrong[name] ?? [])
        .filter((value) => value !== undefined || Object.hasOwn(fields, name))
        .map((value) => ({ type, ...fields, [name]: value }) as object),
    )
})

describe("errors", () => {
  test("[C13] JSON that is no object, or no JSON, is answered bad_json, and the connection stays", async () => {
    await using ann = await Caller.open("/ws")
    const texts = ["", "{", "nope", "[]", "null", "42", `"text"`, "{}{}", "{'type':'ping'}", "\u0000"]
    for (const text of texts) ann.send(text)
    await ann.settled()
    const errors = ann.heard.filter((f) => f.type === "error")
    expect(errors.map((f) => f.code)).toEqual(texts.map(() => "bad_json"))
    expect(errors.every((f) => f.ref === undefined && String(f.message).length > 0)).toBe(true)
  })

  test("[C13] a first frame whose room is no text is invalid_field, though rooms are followed", async () => {
    const name = unique("ann")
    await ask(`POST /dm?user=${name}`, { body: { to: unique("bob") } })
    for (const room_id of [{ toString: 1 }, { toString: null, valueOf: 1 }, ["lobby"], 7]) {
      await using ann = await Caller.as(name)
      expect(await ann.ask({ type: "join", room_id })).toMatchObject({ code: "invalid_field" })
      expect(await ann.ask({ type: "resume", rooms: room_id })).toMatchObject({ code: "invalid_field" })
    }
  })

  test.each([
    "nope",
    "",
    "__proto__",
    "constructor",
    "toString",
    "hasOwnProperty",
    "PING",
    "hello",
    7,
    null,
    undefined,
    [["ping"]],
    {},
  ])("[C13] type %p is answered unknown_type with its ref, and the connection stays", async (type) => {
    await using ann = await Caller.open("/ws")
    expect(await ann.ask({ type })).toMatchObject({ type: "error", code: "unknown_type" })
    await ann.settled()
  })

  test(`[C13] each wrong field of each frame is answered invalid_field (${cases.length} of them)`, async () => {
    for (let i = 0; i < cases.length; i += 40) {
      const some = cases.slice(i, i + 40)
      await using ann = await Caller.open("/ws")
      for (const frame of some) ann.send(textOf(frame))
      await ann.settled()
      const codes = ann.heard.filter((f) => f.type === "error").map((f) => f.code)
      expect(codes).toEqual(some.map(() => "invalid_field"))
    }
  })

  test("[C13] a wrong field is named in the message, and the ref comes back", async () => {
    await using ann = await Caller.open("/ws")
    const answer = await ann.ask({ type: "message", room_id: "lobby", content: 7 })
    expect(answer).toMatchObject({ type: "error", code: "invalid_field" })
    expect(String(answer.message)).toStartWith("content")
  })

  test("[C13] keys that a frame does not have are ignored, also __proto__", async () => {
    await using ann = await Caller.in(unique("keys"))
    ann.send(
      `{"type":"ping","ref":"a","__proto__":{"type":"message"},"constructor":1,"from":"eve","user_id":"${id}"}`,
    )
    expect(await ann.hears("the answer", (f) => f.ref === "a")).toEqual({ type: "pong", ref: "a" })
  })

  test("[C13] frames of the contract that this version lacks are answered not_supported", async () => {
    await using ann = await Caller.in(unique("later"))
    for (const type of ["react", "unreact", "pin", "unpin", "presence"] as const)
      expect(await ann.ask({ type, ...good[type] })).toMatchObject({ code: "not_supported" })
  })

  test("[C14] a stream of garbage is closed with 4501, after each piece was answered", async () => {
    await using ann = await Caller.open("/ws")
    for (let i = 0; i < 80; i++) ann.send("garbage")
    expect(await ann.ends()).toBe(closeTable.broken_client.code)
    expect(ann.heard.filter((f) => f.code === "bad_json").length).toBeGreaterThanOrEqual(50)
  })
})

describe("budgets", () => {
  test("[C18] too many frames are answered rate_limited with the time to wait; whoever waits goes on", async () => {
    await using ann = await Caller.open("/ws")
    for (let i = 0; i < 130; i++) ann.send({ type: "ping", ref: `n${i}` })
    const limited = await ann.hears("the refusal", (f) => f.code === "rate_limited")
    expect(limited.retry_after_ms).toBeGreaterThan(0)
    await until("an answer to each", () => ann.heard.filter((f) => f.ref !== undefined).length === 130)
    expect(ann.heard.filter((f) => f.type === "pong").length).toBeGreaterThanOrEqual(100)
    const last = ann.heard.findLast((f) => f.code === "rate_limited")
    const startMs = performance.now()
    await until("the wait", () => performance.now() - startMs > Number(last?.retry_after_ms))
    expect(await ann.ask({ type: "ping" })).toMatchObject({ type: "pong" })
  })

  test("[C18] a burst of messages waits its turn: each is answered, and the connection stays", async () => {
    const room = unique("burst")
    await using ann = await Caller.in(room)
    const refs = Array.from({ length: 400 }, (_, i) => `m${i}`)
    for (const ref of refs) ann.send({ type: "message", room_id: room, content: ref, ref })
    await until("an answer to each", () => ann.heard.filter((f) => f.ref !== undefined).length >= refs.length)
    const answers = new Map(ann.heard.filter((f) => f.ref !== undefined).map((f) => [f.ref, f]))
    expect([...answers.keys()].toSorted()).toEqual(refs.toSorted())
    const codes = new Set([...answers.values()].map((f) => f.code ?? f.type))
    expect([...codes].toSorted()).toEqual(["ack", "rate_limited"])
    expect(await ann.ask({ type: "ping" })).toMatchObject({ ref: expect.any(String) })
  })

  test("[C18] one that does not care is closed with 4429", async () => {
    await using ann = await Caller.open("/ws")
    for (let i = 0; i < 1_500; i++) ann.send({ type: "ping" })
    expect(await ann.ends()).toBe(closeTable.too_fast.code)
  })

  test("[C18] a resume of more rooms than the limit is refused", async () => {
    await using ann = await Caller.open("/ws")
    const rooms = Object.fromEntries(
      Array.from({ length: limits.resumeRoomsMax + 1 }, (_, i) => [
        `01900000-0000-7000-8000-${String(i).padStart(12, "0")}`,
        0,
      ]),
    )
    expect(await ann.ask({ type: "resume", rooms })).toMatchObject({ code: "invalid_field" })
  })
})
