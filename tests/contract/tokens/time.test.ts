import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test"
import { frameSchemas, limits } from "@klatch/protocol"
import { ask, expectError } from "../../conformance/answer.ts"
import { until } from "../../harness/until.ts"
import { knock } from "./door.ts"
import { Issuer } from "./issuer.ts"
import { Line } from "./line.ts"
import { Person, signInOf } from "./person.ts"
import { type SteppedServer, startStepped } from "./stepped-server.ts"

setDefaultTimeout(60_000)

const issuer = new Issuer()
const minuteMs = 60_000
const dayMs = 24 * 60 * minuteMs
let server: SteppedServer

beforeAll(async () => {
  server = await startStepped({
    JWT_SECRET: issuer.secret,
    JWT_ISSUER: issuer.name,
    JWT_AUDIENCE: issuer.audience,
    JWT_CLOCK_TOLERANCE_S: "0",
  })
})
afterAll(() => server[Symbol.asyncDispose]())

/** Lets time pass in steps small enough for a socket that talks to stay. */
async function pass(ms: number, lines: readonly Line[] = []): Promise<void> {
  for (let left = ms; left > 0; left -= 20_000) {
    server.clock.step(Math.min(left, 20_000))
    for (const line of lines) if (!line.end) await line.ask({ type: "ping" })
  }
}

describe("in time,", () => {
  test("[A4] a ticket is good for 30 s and no longer", async () => {
    const [person, { access }] = await Person.at(server.at)
    const [early, late] = [await person.ticket(access), await person.ticket(access)]
    server.clock.step(limits.ticketMs - 1)
    expect(await knock(server.at, `ticket=${early}`)).toEqual({ username: person.username })
    server.clock.step(1)
    expect(await knock(server.at, `ticket=${late}`)).toEqual({ refused: "401" })
  })

  test("an access token is good for 15 minutes, and its socket ends with it unless it was renewed", async () => {
    const [person, { access, refresh }] = await Person.at(server.at)
    await using line = await person.line(access)
    await using renewed = await person.line(access)
    await pass(15 * minuteMs - 1_000, [line, renewed])
    expect(await person.statusOf(access)).toBe(200)
    const next = signInOf(await person.post("/auth/refresh", { refresh_token: refresh }))
    expect(await renewed.ask({ type: "auth", token: next.access })).toMatchObject({ type: "ack" })
    expect(line.isOpen).toBe(true)
    server.clock.step(1_000)
    expect(await person.statusOf(access)).toBe(401)
    server.clock.step(250)
    expect((await line.ends()).code).toBe(4401)
    expect(await renewed.ask({ type: "ping" })).toMatchObject({ type: "pong" })
    expect(await person.statusOf(next.access)).toBe(200)
  })

  test("a ticket's socket ends with the token it was bought with", async () => {
    const [person, { access }] = await Person.at(server.at)
    await pass(15 * minuteMs - 10_000)
    await using line = await Line.of(server.at, `ticket=${await person.ticket(access)}`)
    await pass(9_000, [line])
    expect(line.isOpen).toBe(true)
    server.clock.step(2_000)
    expect((await line.ends()).code).toBe(4401)
  })

  test("a sign-in lives for as long as it is refreshed within 30 days each time", async () => {
    const [person, first] = await Person.at(server.at)
    let { refresh } = first
    for (let i = 0; i < 3; i++) {
      server.clock.leap(29 * dayMs)
      const answer = await person.post("/auth/refresh", { refresh_token: refresh })
      expect([i, answer.status]).toEqual([i, 200])
      refresh = signInOf(answer).refresh
    }
    server.clock.leap(30 * dayMs + 1)
    expectError(await person.post("/auth/refresh", { refresh_token: refresh }), "unauthorized")
  })

  test("[A3] a refresh token is good once more for 10 s, while the next was not used", async () => {
    const refresh = (person: Person, refresh_token: string) => person.post("/auth/refresh", { refresh_token })
    const lost = async (ms: number) => {
      const [person, first] = await Person.at(server.at)
      const unseen = signInOf(await refresh(person, first.refresh))
      server.clock.step(ms)
      return { person, first, unseen, again: await refresh(person, first.refresh) }
    }
    const { person, first, unseen, again } = await lost(9_999)
    const seen = signInOf(again)
    expect(await person.statusOf(seen.access)).toBe(200)
    // The grace is from the first use on, and is not longer for having been used.
    server.clock.step(1)
    expectError(await refresh(person, first.refresh), "unauthorized")
    expectError(await refresh(person, seen.refresh), "unauthorized")
    const late = await lost(10_000)
    expectError(late.again, "unauthorized")
    expectError(await refresh(late.person, late.unseen.refresh), "unauthorized")
    const spent = await lost(5_000)
    expectError(await refresh(spent.person, spent.unseen.refresh), "unauthorized")
    expectError(await refresh(spent.person, signInOf(spent.again).refresh), "unauthorized")
    const used = await lost(0)
    const next = signInOf(await refresh(used.person, signInOf(used.again).refresh))
    expectError(await refresh(used.person, used.first.refresh), "unauthorized")
    expect(await used.person.statusOf(next.access)).toBe(401)
    expect(unseen.refresh).not.toBe(seen.refresh)
  })

  test("[A19] what was still on its way when someone was deleted is taken out ten seconds later", async () => {
    const [person, { access }] = await Person.at(server.at)
    const headers = { authorization: `Bearer ${access}` }
    const post = (path: string, body: object) => server.passWhile(person.post(path, body, access))
    await post("/rooms", { kind: "public", name: "Late", slug: "late" })
    const asked = ask(`DELETE /users/${person.username}?confirm=${person.username}`, {
      at: server.at,
      headers,
    })
    const { id } = (await server.passWhile(asked)).body as { id: string }
    const count = async (text: string) =>
      (await server.db.query<{ count: number }>({ name: "", text }, [id]))[0]?.count
    const rounds = () => count("SELECT rounds AS count FROM klatch.deletions WHERE user_id = $1")
    await server.passWhile(until("the first round", async () => (await rounds()) === 1))
    await server.db.query(
      {
        name: "",
        text: `WITH r AS (UPDATE klatch.rooms SET head_seq = head_seq + 1 WHERE slug = 'late' RETURNING id, head_seq)
          INSERT INTO klatch.entries (room_id, seq, kind, author_id, at, client_id, ordinal, content)
          SELECT id, head_seq, 'message', $1, now(), 'late', 1, 'too late' FROM r`,
      },
      [id],
    )
    const unsaid = () =>
      count("SELECT count(*)::int FROM klatch.entries WHERE author_id = $1 AND content = 'too late'")
    expect(await unsaid()).toBe(1)
    await server.passWhile(until("the second round", async () => (await unsaid()) === 0))
    const finished =
      "SELECT count(*)::int FROM klatch.deletions WHERE user_id = $1 AND finished_at IS NOT NULL"
    await server.passWhile(until("the end", async () => (await count(finished)) === 1))
    expect(await count("SELECT count(*)::int FROM klatch.rooms WHERE id = $1")).toBe(0)
    const traces = ["accounts", "token_families", "tickets", "members", "room_bans"]
    for (const table of traces)
      expect([table, await count(`SELECT count(*)::int FROM klatch.${table} WHERE user_id = $1`)]).toEqual([
        table,
        0,
      ])
  })

  test("[A5] an outside token ends at its `exp`, not before `nbf`, to the second", async () => {
    const atS = Math.ceil(server.clock.now() / 1_000)
    server.clock.step(atS * 1_000 - server.clock.now())
    const of = (more: object) => issuer.sign("HS256", issuer.claims({ iat: atS, exp: atS + 300, ...more }))
    const [person] = await Person.at(server.at)
    const edges = { ends: of({ exp: atS + 10 }), begins: of({ nbf: atS + 10 }) }
    const statuses = async () => [await person.statusOf(edges.ends), await person.statusOf(edges.begins)]
    expect(await statuses()).toEqual([200, 401])
    server.clock.step(9_999)
    expect(await statuses()).toEqual([200, 401])
    server.clock.step(1)
    expect(await statuses()).toEqual([401, 200])
  })
})

describe("a stranger", () => {
  const strangers = () =>
    Promise.all(["/ws", "/chat", "/ws?room_id=den", "/chat?r=den"].map((path) => Line.open(server.at, path)))

  test("[A6] has 10 s to say who they are", async () => {
    const lines = await strangers()
    await pass(limits.authFrameMs - 1_000)
    for (const line of lines) line.send({ type: "auth", token: "x.y.z" })
    for (const line of lines) await line.hears("an error", ({ code }) => code === "unauthorized")
    expect(lines.every(({ isOpen }) => isOpen)).toBe(true)
    await pass(2_000)
    for (const line of lines) expect((await line.ends()).code).toBe(4401)
  })

  test("is somebody once they have said so, in the room they came for", async () => {
    const token = issuer.sign("HS256", issuer.claims({ sub: "newcomer", exp: undefined }))
    const [person, { access }] = await Person.at(server.at)
    const made = person.post("/rooms", { kind: "public", name: "Den", slug: "den" }, access)
    expect((await server.passWhile(made)).status).toBe(201)
    await using line = await Line.open(server.at, "/ws?room_id=den")
    expect(await line.ask({ type: "auth", token })).toMatchObject({ user: { username: "newcomer" } })
    await server.passWhile(line.hears("the room", (f) => f.type === "ack" && f.room === "den"))
    await pass(limits.authFrameMs * 2, [line])
    expect(line.isOpen).toBe(true)
    expect(line.heard[0]?.type).toBe("hello")
  })

  test("[A6] can do nothing before, by any frame", async () => {
    await using line = await Line.open(server.at, "/ws?room_id=lobby")
    for (const type of Object.keys(frameSchemas)) {
      if (type === "auth") continue
      const frame = {
        type,
        room_id: "lobby",
        content: "x",
        body: "x",
        to: "ann",
        rooms: {},
        users: [],
        message_id: 1,
      }
      expect([type, await line.ask(frame)]).toEqual([type, expect.objectContaining({ code: "unauthorized" })])
    }
    expect(line.heard.every(({ type }) => type === "error")).toBe(true)
    await using plain = await Line.open(server.at, "/chat?r=lobby")
    plain.send("words without a frame")
    await plain.hears("an error", ({ code }) => code === "unauthorized")
  })

  test("hears nothing before, also not what is told to everyone", async () => {
    const chief = issuer.sign("HS256", issuer.claims({ sub: "chief", roles: ["admin"], exp: undefined }))
    await using speaker = await Line.of(server.at, `token=${chief}`)
    await using known = await Line.of(server.at, `token=${chief}`)
    const lines = await strangers()
    const told = speaker.ask({ type: "broadcast", content: "for all who are known" })
    expect(await server.passWhile(told)).toMatchObject({ type: "ack" })
    await known.hears("the broadcast", ({ content }) => content === "for all who are known")
    for (const line of lines) {
      expect(await line.ask({ type: "ping" })).toMatchObject({ code: "unauthorized" })
      expect(line.heard.map(({ type }) => type)).toEqual(["error"])
      await line[Symbol.asyncDispose]()
    }
  })
})
