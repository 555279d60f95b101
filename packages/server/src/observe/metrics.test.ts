import { describe, expect, test } from "bun:test"
import { ManualClock } from "../lib/clock.ts"
import { Events } from "./events.ts"
import { makeLogger } from "./logger.ts"
import { Metrics } from "./metrics.ts"

function bench() {
  const clock = new ManualClock(0)
  const gauges = { connections: 3, waiting: 5, liveRooms: 2, isReady: true }
  const metrics = new Metrics(
    {
      connections: () => gauges.connections,
      waiting: () => gauges.waiting,
      liveRooms: () => gauges.liveRooms,
      ready: () => gauges.isReady,
    },
    clock.monotonicMs,
  )
  const events = new Events(makeLogger({ level: "silent", readable: false }), metrics)
  /** The value of a series that has no labels. */
  const read = async (name: string) => {
    const line = new RegExp(`^${name} (\\S+)$`, "m").exec(await metrics.text())
    return line === null ? undefined : Number(line[1])
  }
  return { clock, gauges, metrics, events, read }
}

describe("the metrics", () => {
  test("hold the four that dashboards of the chat system know by name", async () => {
    const text = await bench().metrics.text()
    for (const name of ["websocket_connections_total", "messages_per_second", "redis_pubsub_lag"])
      expect(text).toMatch(new RegExp(`^# TYPE ${name} gauge\\n${name} \\d`, "m"))
    expect(text).toContain("# TYPE db_write_latency_ms histogram")
    expect(text).toMatch(/^db_write_latency_ms_count \d/m)
  })

  test("tell messages a second over the time since they were last read", async () => {
    const { clock, metrics, read } = bench()
    metrics.stored(30)
    clock.step(10_000)
    expect(await read("messages_per_second")).toBe(3)
    clock.step(5_000)
    expect(await read("messages_per_second")).toBe(0)
    for (let i = 0; i < 100; i++) metrics.stored(2)
    clock.step(2_000)
    expect(await read("messages_per_second")).toBe(100)
    expect(await read("klatch_messages_total")).toBe(230)
    expect(await read("klatch_messages_total")).toBe(230)
  })

  test("tell a finite rate when they are read twice at once", async () => {
    const { metrics, read } = bench()
    metrics.stored(1)
    expect(await read("messages_per_second")).toBe(1_000)
    expect(await read("messages_per_second")).toBe(0)
  })

  test("tell what is true at the time they are read", async () => {
    const { gauges, read } = bench()
    const names = ["websocket_connections_total", "klatch_log_waiting", "klatch_live_rooms", "klatch_ready"]
    expect(await Promise.all(names.map(read))).toEqual([3, 5, 2, 1])
    Object.assign(gauges, { connections: 4, waiting: 0, liveRooms: 1, isReady: false })
    expect(await Promise.all(names.map(read))).toEqual([4, 0, 1, 0])
  })

  test("name no user and no room, whatever has happened to them", async () => {
    const { events, metrics } = bench()
    const id = "0190a000-0000-7000-8000-0000000000a1"
    events.connected(id)
    events.disconnected(id, 1_001)
    events.healed(id, 2)
    events.retired(id, 3)
    events.flushed(4, 1.5)
    events.flushFailed(new Error(id), true)
    events.deliveryFailed(new Error(id))
    events.retentionFailed(new Error(id))
    events.broke(id, new Error(id))
    events.answeredError("not_found")
    events.requested(404)
    events.queried(1, "read")
    const text = await metrics.text()
    expect(text).not.toContain(id)
    const ours = text
      .split("\n")
      .filter((line) => /^(?:klatch|websocket|messages|db_write|redis)_/.test(line))
    const labels = new Set(
      ours.flatMap((line) => [...line.matchAll(/[{,](\w+)="/g)].map((match) => match[1])),
    )
    expect([...labels].sort()).toEqual(["code", "lane", "le", "status"])
    expect(ours).toContain('klatch_connection_closes_total{code="1001"} 1')
    expect(ours).toContain('klatch_http_requests_total{status="4xx"} 1')
    expect(ours).toContain('db_write_latency_ms_bucket{le="2"} 1')
  })

  test("hold none that needs a walk of the heap", async () => {
    expect(await bench().metrics.text()).not.toContain("heap_space")
  })
})
