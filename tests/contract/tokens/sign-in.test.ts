import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test"
import { ask, expectError } from "../../conformance/answer.ts"
import { unique } from "../../conformance/target.ts"
import { type ServerProcess, startServer } from "../../harness/server.ts"
import { until } from "../../harness/until.ts"
import { knock } from "./door.ts"
import { Issuer } from "./issuer.ts"
import { nowS } from "./jws.ts"
import { Line } from "./line.ts"
import { Person, type SignIn, signInOf } from "./person.ts"

setDefaultTimeout(60_000)

const issuer = new Issuer()
const aSecondMs = 1_000
let server: ServerProcess

beforeAll(async () => {
  const { JWKS_URL: _, ...env } = issuer.environment("")
  server = await startServer({ env })
})
afterAll(() => server[Symbol.asyncDispose]())

/** All that a sign-in opens: it must be shut by then, to a socket that was open and to all that might come. */
async function expectOver(person: Person, { access, refresh }: SignIn, line: Line, startMs: number) {
  const { code, atMs } = await line.ends()
  expect(code).toBe(4401)
  expect(atMs - startMs).toBeLessThan(aSecondMs)
  expect(await person.statusOf(access)).toBe(401)
  expectError(await person.post("/auth/refresh", { refresh_token: refresh }), "unauthorized")
  expect(await knock(person.at, `token=${access}`)).toEqual({ refused: "401" })
  const stranger = await Line.open(person.at, "/ws")
  expect(await stranger.ask({ type: "auth", token: access })).toMatchObject({ code: "unauthorized" })
  await stranger[Symbol.asyncDispose]()
}

describe("a sign-in", () => {
  test("[A3] goes on by its refresh token, which is of one use", async () => {
    const [person, first] = await Person.at(server)
    let last = first
    for (let i = 0; i < 3; i++) {
      const answer = await person.post("/auth/refresh", { refresh_token: last.refresh })
      expect(answer.status).toBe(200)
      const next = signInOf(answer)
      expect(next.refresh).not.toBe(last.refresh)
      expect(next.access).not.toBe(last.access)
      expect(await person.statusOf(next.access)).toBe(200)
      last = next
    }
    expect(await person.statusOf(first.access)).toBe(200)
  })

  test("[A3] ends, alone and at once, when a spent refresh token comes again", async () => {
    const [person, first] = await Person.at(server)
    const other = await person.logIn()
    await using line = await person.line(first.access)
    await using otherLine = await person.line(other.access)
    const second = signInOf(await person.post("/auth/refresh", { refresh_token: first.refresh }))
    await using secondLine = await person.line(second.access)
    const third = signInOf(await person.post("/auth/refresh", { refresh_token: second.refresh }))
    const startMs = Date.now()
    expectError(await person.post("/auth/refresh", { refresh_token: first.refresh }), "unauthorized")
    await expectOver(person, third, secondLine, startMs)
    await expectOver(person, first, line, startMs)
    expect(await person.statusOf(other.access)).toBe(200)
    expect(await otherLine.ask({ type: "ping" })).toMatchObject({ type: "pong" })
  })

  test("[A3] refreshed by one token many times at once goes on by one chain, and ends with any other", async () => {
    const [person, { refresh }] = await Person.at(server)
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => person.post("/auth/refresh", { refresh_token: refresh })),
    )
    expect(answers.map(({ status }) => status)).toEqual(Array(10).fill(200))
    const chains = answers.map(signInOf)
    const statuses: number[] = []
    for (const { refresh: next } of chains)
      statuses.push((await person.post("/auth/refresh", { refresh_token: next })).status)
    expect(statuses.filter((status) => status === 200).length).toBeLessThanOrEqual(1)
    for (const { access } of chains) expect(await person.statusOf(access)).toBe(401)
  })

  test("is not ended by a refresh token of somebody else's making", async () => {
    const [person, { access, refresh }] = await Person.at(server)
    const [, secret = ""] = refresh.split(".")
    for (const made of [
      "",
      "klr_",
      refresh.replace(secret, "A".repeat(42)),
      `klr_${"0".repeat(36)}.${secret}`,
    ])
      expectError(await person.post("/auth/refresh", { refresh_token: made }), "unauthorized")
    expect(await person.statusOf(access)).toBe(200)
  })

  const endings: Record<string, (person: Person, own: SignIn) => Promise<{ status: number }>> = {
    "logout with the access token": (person, { access }) => person.post("/auth/logout", {}, access),
    "logout with the refresh token": (person, { refresh }) =>
      person.post("/auth/logout", { refresh_token: refresh }),
    "logout with a spent refresh token": async (person, { refresh }) => {
      await person.post("/auth/refresh", { refresh_token: refresh })
      return person.post("/auth/logout", { refresh_token: refresh })
    },
    "logout with a made-up refresh token beside the access token": (person, { access }) =>
      person.post("/auth/logout", { refresh_token: "klr_made-up" }, access),
    "logout with another's refresh token beside the access token": async (person, { access }) => {
      const { refresh } = await person.logIn()
      return person.post("/auth/logout", { refresh_token: refresh }, access)
    },
    "logout everywhere": (person, { access }) => person.post("/auth/logout", { everywhere: true }, access),
    "a new password": (person, { access }) => {
      const old_password = person.password
      person.password = "another sentence"
      return person.post("/auth/password", { old_password, password: person.password }, access)
    },
  }

  test.each(Object.keys(endings))("ends at once by %s, with its tickets", async (name) => {
    const [person, own] = await Person.at(server)
    await using line = await person.line(own.access)
    const ticket = await person.ticket(own.access)
    expect((await endings[name]?.(person, own))?.status).toBe(204)
    // From the answer on: hashing a password may take long on a busy machine.
    const startMs = Date.now()
    await expectOver(person, own, line, startMs)
    expect(await knock(server, `ticket=${ticket}`)).toEqual({ refused: "401" })
    expect(await person.statusOf((await person.logIn()).access)).toBe(200)
  })

  test("[A3] that is over, or was never, is ended again without a word; what cannot be checked is not", async () => {
    const [person, { access, refresh }] = await Person.at(server)
    const out = (refresh_token: string, token?: string) =>
      person.post("/auth/logout", { refresh_token }, token)
    expect((await out("klr_made-up")).status).toBe(204)
    expectError(await out("klr_made-up", "x.y.z"), "unauthorized")
    expect((await out(refresh, "x.y.z")).status).toBe(204)
    expect((await out(refresh)).status).toBe(204)
    expect(await person.statusOf(access)).toBe(401)
  })

  test.each([
    ["logout with the access token", true],
    ["logout everywhere", false],
    ["a new password", false],
  ])("of another device after %s lives: %p", async (name, lives) => {
    const [person, own] = await Person.at(server)
    const other = await person.logIn()
    await using line = await person.line(other.access)
    await endings[name]?.(person, own)
    const startMs = Date.now()
    if (!lives) return expectOver(person, other, line, startMs)
    expect(await line.ask({ type: "ping" })).toMatchObject({ type: "pong" })
    expect(await person.statusOf(other.access)).toBe(200)
  })

  test("[A2] is refused in the same words for a wrong password and an unknown name", async () => {
    const [person] = await Person.at(server)
    const wrong = await person.post("/auth/login", { username: person.username, password: "not the word" })
    const unknown = await person.post("/auth/login", { username: unique("nobody"), password: "not the word" })
    const outside = issuer.sign("HS256", issuer.claims({ sub: "o", preferred_username: "o-u-t" }))
    expect(await person.statusOf(outside)).toBe(200)
    const ofIssuer = await person.post("/auth/login", { username: "o-u-t", password: "not the word" })
    expectError(wrong, "unauthorized")
    for (const other of [unknown, ofIssuer]) {
      expect([other.status, other.text]).toEqual([wrong.status, wrong.text])
      expect([...other.headers.keys()].sort()).toEqual([...wrong.headers.keys()].sort())
    }
  })

  test("[A2] a name is signed up once, however many want it at once", async () => {
    const username = unique("one")
    const body = { username, password: "a sentence of one's own" }
    const [person] = await Person.at(server)
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, i) =>
        person.post("/auth/signup", { ...body, username: i % 2 ? username : username.toUpperCase() }),
      ),
    )
    expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array(7).fill(409)])
  })
})

describe("a ticket", () => {
  test("[A4] opens one socket, however many try at once", async () => {
    const [person, { access }] = await Person.at(server)
    const ticket = await person.ticket(access)
    const lines = await Promise.all(
      Array.from({ length: 8 }, () => Line.open(server, `/ws?ticket=${ticket}`)),
    )
    await until("all to be let in or refused", () => lines.every((line) => line.username ?? line.end))
    expect(lines.filter(({ username }) => username === person.username).length).toBe(1)
    expect(await knock(server, `ticket=${ticket}`)).toEqual({ refused: "401" })
    for (const line of lines) await line[Symbol.asyncDispose]()
  })

  test("is not spent by asking why it was refused, nor by a page that may not connect", async () => {
    const [person, { access }] = await Person.at(server)
    const ticket = await person.ticket(access)
    expect((await fetch(`${server.url}/ws?ticket=${ticket}`)).status).toBe(426)
    expect((await fetch(`${server.url}/me?ticket=${ticket}`)).status).toBe(401)
    const headers = { upgrade: "websocket", connection: "upgrade", origin: "https://evil.example" }
    expect((await fetch(`${server.url}/ws?ticket=${ticket}`, { headers })).status).toBe(403)
    await using line = await Line.of(server, `ticket=${ticket}`)
    expect(line.username).toBe(person.username)
  })

  test("[A4] carries the rights of the outside token that bought it, and those of a key to nobody", async () => {
    const [person] = await Person.at(server)
    const may = async (ticket: string) => {
      await using line = await Line.of(server, `ticket=${ticket}`)
      return (await line.ask({ type: "broadcast", content: "to all" })).type
    }
    const of = (sub: string, roles: string[]) =>
      person.ticket(issuer.sign("HS256", issuer.claims({ sub, preferred_username: sub, roles })))
    expect(await may(await of("chief", ["admin"]))).toBe("ack")
    expect(await may(await of("clerk", ["editor"]))).toBe("error")
    const chief = issuer.sign("HS256", issuer.claims({ sub: "chief", roles: ["admin"] }))
    const made = await person.post("/admin/keys", { name: "shop" }, chief)
    const authorization = `Bearer ${(made.body as { key: string }).key}`
    const headers = { authorization, "klatch-as": person.username }
    const bought = await ask("POST /auth/ticket", { at: server, headers })
    expect(await may((bought.body as { ticket: string }).ticket)).toBe("error")
  })

  test("of an outside token is good also for who has signed out everywhere before", async () => {
    const claims = () => issuer.claims({ sub: "again", preferred_username: "again" })
    const [person] = await Person.at(server)
    const before = issuer.sign("HS256", { ...claims(), iat: nowS() - 5 })
    expect((await person.post("/auth/logout", { everywhere: true }, before)).status).toBe(204)
    const token = await until("a token of a later second to be good", async () => {
      const fresh = issuer.sign("HS256", claims())
      return (await person.statusOf(fresh)) === 200 && fresh
    })
    const ticket = await person.ticket(token)
    expect(await knock(server, `ticket=${ticket}`)).toEqual({ username: "again" })
  })
})

describe("an outside token", () => {
  const person = async () => (await Person.at(server))[0]
  const of = (sub: string, more: Record<string, unknown> = {}) =>
    issuer.sign("HS256", issuer.claims({ sub, preferred_username: sub, ...more }))

  test("[A7] closes its socket within a second of its end, and a renewed one lives on", async () => {
    const exp = nowS() + 2
    const lines = await Promise.all(
      Array.from({ length: 8 }, () => Line.of(server, `token=${of("short", { exp })}`)),
    )
    await using renewed = await Line.of(server, `token=${of("short", { exp })}`)
    const until_ = nowS() + 60
    expect(await renewed.ask({ type: "auth", token: of("short", { exp: until_ }) })).toMatchObject({
      type: "ack",
      user: { username: "short" },
      expires_at: new Date(until_ * 1_000).toISOString(),
    })
    const ends = await Promise.all(lines.map((line) => line.ends()))
    const lateMs = ends.map(({ atMs }) => atMs - exp * 1_000)
    console.log(`sockets closed ${Math.max(...lateMs)} ms after their token's end`)
    expect(ends.map(({ code }) => code)).toEqual(Array(8).fill(4401))
    expect(Math.min(...lateMs)).toBeGreaterThanOrEqual(0)
    expect(Math.max(...lateMs)).toBeLessThan(aSecondMs)
    expect(await renewed.ask({ type: "ping" })).toMatchObject({ type: "pong" })
    expect(renewed.heard.filter(({ type }) => type === "hello").length).toBe(1)
  })

  test("[A6] of somebody else is refused on an open socket, which stays who it is", async () => {
    await using line = await Line.of(server, `token=${of("first")}`)
    expect(await line.ask({ type: "auth", token: of("second") })).toMatchObject({ code: "forbidden" })
    expect(await line.ask({ type: "auth", token: "x.y.z" })).toMatchObject({ code: "unauthorized" })
    await line.ask({ type: "join", room_id: "lobby" })
    expect(await line.ask({ type: "chat", body: "still me" })).toMatchObject({ type: "ack" })
    const said = await line.hears("the message", (f) => f.type === "message" && f.content === "still me")
    expect(said.from).toBe("first")
  })

  test("is over once its user signed out everywhere with it", async () => {
    const someone = await person()
    const token = of("leaver")
    await using line = await Line.of(server, `token=${token}`)
    const startMs = Date.now()
    expect((await someone.post("/auth/logout", { everywhere: true }, token)).status).toBe(204)
    const { code, atMs } = await line.ends()
    expect([code, atMs - startMs < aSecondMs]).toEqual([4401, true])
    expect(await someone.statusOf(token)).toBe(401)
  })

  test("[A5] makes one user, however many come with it at once, and each a name of their own", async () => {
    const someone = await person()
    const same = await Promise.all(
      Array.from({ length: 20 }, (_, i) => Line.of(server, `token=${of("crowd", { jti: `${i}` })}`)),
    )
    const ids = same.map(({ userId }) => userId)
    expect(new Set(ids).size).toBe(1)
    const twins = await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        Line.of(server, `token=${of(`twin-${i}`, { preferred_username: "twin" })}`),
      ),
    )
    const names = twins.map(({ username }) => username as string)
    expect(new Set(names.map((name) => name.toLowerCase())).size).toBe(20)
    expect(names.every((name) => /^twin(-[0-9a-f]{6})?$/.test(name))).toBe(true)
    const taken = of("thief", { preferred_username: someone.username })
    await using thief = await Line.of(server, `token=${taken}`)
    expect(thief.username).not.toBe(someone.username)
    for (const line of [...same, ...twins]) await line[Symbol.asyncDispose]()
  })
})
