import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test"
import { type Answer, ask, expectError } from "../conformance/answer.ts"
import { Person, signInOf } from "./tokens/person.ts"
import { type SteppedServer, startStepped } from "./tokens/stepped-server.ts"

setDefaultTimeout(60_000)

let behind: SteppedServer
let bare: SteppedServer
beforeAll(async () => {
  ;[behind, bare] = await Promise.all([
    startStepped({ LIMITS: "default", TRUST_PROXY: "2" }),
    startStepped({ LIMITS: "default" }),
  ])
})
afterAll(async () => {
  await behind?.[Symbol.asyncDispose]()
  await bare?.[Symbol.asyncDispose]()
})

const home = "198.51.100.7"
/** What two proxies of ours make of a request from `address`, whose sender wrote something there before. */
const via = (address: string, i = 0) => ({ "x-forwarded-for": `203.0.113.${i % 250}, ${address}, 10.0.0.1` })

/** Asks until it is told to wait; answers how often it was let through, and the refusal. */
async function untilRefused(
  line: string,
  { at }: SteppedServer,
  headersOf: (i: number) => Record<string, string>,
): Promise<{ passed: number; refused: Answer }> {
  for (let passed = 0; ; passed += 50) {
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, i) => ask(line, { at, headers: headersOf(passed + i) })),
    )
    const refused = answers.filter(({ status }) => status === 429)
    if (refused[0]) return { passed: passed + 50 - refused.length, refused: refused[0] }
    if (passed > 5_000) throw new Error("never refused")
  }
}

function expectWait(answer: Answer, waitMs: number): void {
  expectError(answer, "rate_limited")
  expect((answer.body as { error: { retry_after_ms: number } }).error.retry_after_ms).toBe(waitMs)
  expect(answer.headers.get("retry-after")).toBe(String(Math.ceil(waitMs / 1_000)))
}

test("[A20] strangers have a budget by the address that trusted proxies tell, whatever they write", async () => {
  const discover = "GET /rooms/discover"
  const { passed, refused } = await untilRefused(discover, behind, (i) => via(home, i))
  expect(passed).toBe(2_000)
  expectWait(refused, 5)
  const at = behind.at
  expectWait(await ask(discover, { at, headers: { ...via(home), authorization: "Bearer x.y.z" } }), 5)
  for (const line of ["POST /uploads", "GET /search"])
    expectWait(await ask(line, { at, headers: via(home) }), 5)
  expectError(await ask(discover, { at, headers: via("198.51.100.8") }), "unauthorized")
  expect((await ask("GET /healthz", { at, headers: via(home) })).status).toBe(200)
  behind.clock.step(5)
  expectError(await ask(discover, { at, headers: via(home) }), "unauthorized")
  expectWait(await ask(discover, { at, headers: via(home) }), 5)
})

test("[A20] without a trusted proxy all come from where they come from", async () => {
  const connect = await untilRefused("GET /ws", bare, (i) => via(`198.51.100.${i % 250}`, i))
  expect(connect.passed).toBe(2_000)
  expectWait(connect.refused, 10)
  bare.clock.step(10)
  expect((await ask("GET /ws", { at: bare.at })).status).toBe(426)
})

test("[A20] a user has one budget over sockets and HTTP; who is only there is not counted", async () => {
  const [ann, { access }] = await Person.at(bare.at)
  bare.clock.step(1_000)
  const lines = [await ann.line(access), await ann.line(access)]
  const authorization = `Bearer ${access}`
  for (let i = 0; i < 400; i += 50) await Promise.all(Array.from({ length: 50 }, () => ann.statusOf(access)))
  const history = { type: "history", room_id: "nowhere" }
  const answers = await Promise.all(
    lines.flatMap((line) => Array.from({ length: 60 }, () => line.ask(history))),
  )
  const refused = answers.filter(({ code }) => code === "rate_limited")
  expect(refused.length).toBe(20)
  expect(refused.every(({ retry_after_ms }) => retry_after_ms === 10)).toBe(true)
  expectWait(await ask("GET /me", { at: bare.at, headers: { authorization } }), 10)
  for (const line of lines) expect(await line.ask({ type: "ping" })).toMatchObject({ type: "pong" })
  const [bob, { access: other }] = await Person.at(bare.at)
  expect(await bob.statusOf(other)).toBe(200)
  for (const line of lines) await line[Symbol.asyncDispose]()
})

test("[A2] wrong passwords are counted by account and address, and lock nobody else out", async () => {
  const at = behind.at
  const headers = via(home)
  const body = { username: "victim", password: "the right sentence" }
  const made = await ask("POST /auth/signup", { at, body, headers: via("192.0.2.1") })
  expect(made.status).toBe(201)
  const guess = (username: string, from: string) =>
    ask("POST /auth/login", { at, body: { username, password: "a guess" }, headers: via(from) })
  behind.clock.step(1_000)
  for (const username of ["victim", "nobody"]) {
    const answers: Answer[] = []
    for (let i = 0; i < 11; i++) answers.push(await guess(username, home))
    expect(answers.map(({ status }) => status)).toEqual([...Array(10).fill(401), 429])
    expectWait(answers[10] as Answer, 30_000)
  }
  expectWait(await ask("POST /auth/login", { at, body, headers }), 30_000)
  const own = await ask("POST /auth/login", { at, body, headers: via("192.0.2.2") })
  expect(signInOf(own).access).toBeString()
})
