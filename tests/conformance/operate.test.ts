import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test"
import { mkdtempSync, readdirSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { historyPage } from "@klatch/protocol"
import { startServer } from "../harness/server.ts"
import { until } from "../harness/until.ts"
import { ask, got } from "./answer.ts"
import { Caller } from "./caller.ts"
import { RawSocket } from "./raw-socket.ts"
import { targetAt, testMs, unique } from "./target.ts"

setDefaultTimeout(testMs)

const scratch: { dir: string } = { dir: "" }
beforeAll(() => {
  scratch.dir = mkdtempSync(join(tmpdir(), "klatch-operate-"))
})
afterAll(() => rmSync(scratch.dir, { recursive: true, force: true }))

/** What a server says that will not start. */
async function refusal(env: Record<string, string>): Promise<string> {
  const started = await startServer({ env, dataDir: join(scratch.dir, "unused") }).catch(String)
  if (typeof started === "string") return started
  await started.stop()
  throw new Error(`it started, with ${JSON.stringify(env)}`)
}

describe("probes", () => {
  test("[O1] /healthz says ok, /readyz says ready, HEAD answers without a body", async () => {
    expect((await ask("GET /healthz")).body).toEqual({ status: "ok" })
    expect((await ask("GET /readyz")).body).toEqual({ status: "ready" })
    const head = await ask("HEAD /healthz")
    expect([head.status, head.text]).toEqual([200, ""])
  })

  test("[O2] /metrics tells the four metrics of S3 and ours, without a name of a user or room", async () => {
    const slug = unique("measured")
    const count = async (name: string) =>
      Number(new RegExp(`^${name} (.+)$`, "m").exec((await ask("GET /metrics")).text)?.[1] ?? "0")
    const before = await count("klatch_messages_total")
    const framesBefore = await count("klatch_frames_total")
    await using ann = await Caller.in(slug)
    const { message_id } = await ann.acked({ type: "message", room_id: slug, content: "counted" })
    await ann.acked({ type: "edit", room_id: slug, message_id, content: "a change is no message" })
    expect((await count("klatch_messages_total")) - before).toBe(1)
    await until(
      "the frames are counted",
      async () => (await count("klatch_frames_total")) >= framesBefore + 2,
    )
    const { text, headers } = await ask("GET /metrics")
    expect(headers.get("content-type")).toStartWith("text/plain")
    for (const name of [
      "websocket_connections_total",
      "messages_per_second",
      "db_write_latency_ms",
      "redis_pubsub_lag",
      "klatch_messages_total",
      "process_resident_memory_bytes",
    ])
      expect(text).toMatch(new RegExp(`^${name}(_count)?(\\{[^}]*\\})? [0-9.e+-]+$`, "m"))
    expect(text).toMatch(/^websocket_connections_total [1-9]/m)
    expect(text).not.toContain(slug)
    expect(text).not.toContain(ann.user.username)
  })
})

describe("the end of a node", () => {
  test("[O3] SIGTERM: everyone is told to come back, closed with 1012, and the exit code is 0", async () => {
    await using server = await startServer()
    const at = targetAt(server.url)
    const callers = await Promise.all(
      Array.from({ length: 10 }, (_, i) => Caller.as(`user${i}`, "room_id=lobby", { at })),
    )
    // Frames that wait for the join of the address are no pending sends: a busy machine may close before it is done.
    await Promise.all(callers.map((c) => c.hears("the ack of the join", (f) => f.type === "ack")))
    const probe = await RawSocket.open(at)
    const askReady = () => probe.write("GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n")
    askReady()
    await until("ready", () => probe.text.includes("HTTP/1.1 200"))
    const acks = callers.map((c, i) => c.acked({ type: "message", room_id: "lobby", content: `${i}` }))
    await acks[0]
    const exit = server.stop()
    await Promise.all(callers.map((c) => c.hears("drain", (f) => f.type === "drain")))
    askReady()
    await until("not ready any more", () => probe.text.includes("HTTP/1.1 503") || probe.isEnded)
    expect(probe.text).toContain("HTTP/1.1 503")
    expect(await Promise.all(callers.map((c) => c.ends()))).toEqual(Array(10).fill(1012))
    expect(await exit).toBe(0)
    const hints = callers.map((c) => c.heard.find((f) => f.type === "drain")?.reconnect_after_ms as number)
    expect(Math.max(...hints)).toBeGreaterThan(Math.min(...hints))
    expect((await Promise.all(acks)).length).toBe(10)
  })

  test("[O3] without connections the end comes at once", async () => {
    await using server = await startServer()
    const startMs = performance.now()
    expect(await server.stop()).toBe(0)
    expect(performance.now() - startMs).toBeLessThan(5_000)
  })

  test("[O4] kill -9 and start again: everything acked is there, once, in its place", async () => {
    const dataDir = join(scratch.dir, "killed")
    const acked: { seq: number; content: string }[] = []
    for (let round = 0; round < 2; round++) {
      await using server = await startServer({ dataDir })
      const at = targetAt(server.url)
      const ann = await Caller.as("ann", "room_id=lobby", { at })
      const sending = Array.from({ length: 60 }, async (_, i) => {
        const content = `${round}.${i}`
        const ack = await ann.acked({ type: "message", room_id: "lobby", content }).catch(() => undefined)
        if (ack) acked.push({ seq: ack.seq as number, content })
      })
      await until("some acks", () => acked.length > round * 20 + 10)
      await server.kill()
      await Promise.all(sending)
    }
    await using server = await startServer({ dataDir })
    const page = await got(historyPage, "GET /rooms/lobby/messages?limit=100", { at: targetAt(server.url) })
    const found = new Map(page.messages.map((m) => [m.seq, m.content]))
    expect(page.has_more || acked.length <= 100).toBe(true)
    for (const { seq, content } of acked.slice(-100)) expect(found.get(seq) ?? content).toBe(content)
    expect(new Set(page.messages.map((m) => m.content)).size).toBe(page.messages.length)
    expect(acked.filter(({ seq }) => seq >= (page.messages[0]?.seq ?? 0) && !found.has(seq))).toEqual([])
  })
})

describe("the environment", () => {
  test("[O5] production with no secret and no AUTH=open refuses to start and says why", async () => {
    const said = await refusal({ APP_ENV: "production", AUTH: "" })
    expect(said).toContain("production")
    expect(said).toContain("JWT_SECRET")
    expect(said).toContain("AUTH=open")
  })

  test("[O5] production with AUTH=open starts, and warns", async () => {
    await using server = await startServer({ env: { APP_ENV: "production", AUTH: "open" } })
    await until("the warning", () => server.lines.some((line) => line.includes(`"event":"open_mode"`)))
    for (const line of server.lines) expect(() => JSON.parse(line)).not.toThrow()
  })

  test("[O6] every fault of the environment is told at once, and none of its values", async () => {
    const secret = "hunter2secret"
    const said = await refusal({
      APP_ENV: `staging-${secret}`,
      PORT: `http-${secret}`,
      DATABASE_URL: `mysql://root:${secret}@db/x`,
      POSTGRES_DSN: secret,
      ENABLE_PERSISTENCE: `maybe-${secret}`,
      AUTH: `none-${secret}`,
      JWT_SECRET: "short",
      JWKS_URL: `not a url ${secret}`,
      CORS_ORIGINS: `example.com/${secret}`,
      TRUST_PROXY: secret,
      RETENTION_DAYS: `-1${secret}`,
      LIMITS: secret,
      LOG_LEVEL: secret,
    })
    for (const name of [
      "APP_ENV",
      "PORT",
      "DATABASE_URL",
      "POSTGRES_DSN",
      "ENABLE_PERSISTENCE",
      "AUTH",
      "JWT_SECRET",
      "JWKS_URL",
      "CORS_ORIGINS",
      "TRUST_PROXY",
      "RETENTION_DAYS",
      "LIMITS",
      "LOG_LEVEL",
    ])
      expect(said).toContain(`- ${name}`)
    expect(said).not.toContain(secret)
    expect(said).not.toContain("short")
    expect(said).toContain("ended with 1")
  })

  test("[O6] faults of a value and contradictions between values are told together", async () => {
    const said = await refusal({
      LOG_LEVEL: "loud",
      DATABASE_URL: "postgres://localhost/a",
      POSTGRES_DSN: "postgres://localhost/b",
      REDIS_ADDR: "redis:6379",
    })
    expect(said).toContain("- LOG_LEVEL")
    expect(said).toContain("- DATABASE_URL and POSTGRES_DSN")
    expect(said).not.toContain("- REDIS_URL")
  })

  test("[O6] a port that is taken is said in a sentence", async () => {
    await using server = await startServer()
    expect(await refusal({ PORT: String(server.port) })).toContain(`Port ${server.port} is taken`)
  })

  test("[O7] ENABLE_PERSISTENCE=false works as always, and leaves nothing behind", async () => {
    const dataDir = join(scratch.dir, "empty")
    await using server = await startServer({ env: { ENABLE_PERSISTENCE: "false" }, dataDir })
    const at = targetAt(server.url)
    const ann = await Caller.as("ann", "room_id=lobby", { at })
    await ann.acked({ type: "message", room_id: "lobby", content: "gone tomorrow" })
    expect((await got(historyPage, "GET /rooms/lobby/messages", { at })).messages.length).toBe(1)
    expect(await server.stop()).toBe(0)
    expect(() => readdirSync(dataDir)).toThrow()
  })
})
