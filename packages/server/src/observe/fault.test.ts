import { expect, test } from "bun:test"
import pg from "pg"
import pino from "pino"
import { AssertionError } from "../lib/assert.ts"
import { Events } from "./events.ts"
import { Metrics } from "./metrics.ts"

const canary = "the words of somebody"

/** An error as PostgreSQL's driver makes it, with someone's words wherever it may hold some. */
function databaseError(code: string): pg.DatabaseError {
  const error = new pg.DatabaseError(`invalid input syntax for type uuid: "${canary}"`, 1, "error")
  const detail = `Key (name)=(${canary}) already exists.`
  return Object.assign(error, {
    ...{ code, detail, hint: canary, where: `unnamed portal parameter $1 = '${canary}'` },
    ...{
      internalQuery: canary,
      severity: "ERROR",
      constraint: "users_key",
      table: "users",
      routine: "uuid_in",
    },
  })
}

function invalid(make: () => unknown): unknown {
  try {
    return make()
  } catch (error) {
    return error
  }
}

test("nobody's words get into the log by an error, and where it was thrown does", () => {
  const lines: string[] = []
  const log = pino({ level: "trace" }, { write: (line: string) => lines.push(line) })
  const gauges = { connections: () => 0, waiting: () => 0, liveRooms: () => 0, ready: () => true }
  const events = new Events(log, new Metrics(gauges, () => 0))
  const outage = new Error(`Key (name)=(${canary})`, { cause: databaseError("40001") })
  const faults: unknown[] = [
    databaseError("22P02"),
    outage,
    new Error("a change failed", { cause: databaseError("23505") }),
    invalid(() => JSON.parse(`{"a": ${canary}}`)),
    invalid(() => new URL(canary)),
    canary,
    { message: canary },
  ]
  for (const fault of faults) {
    events.broke("http", fault)
    events.flushFailed(fault, false)
    events.databaseAway(fault)
    events.deliveryFailed(fault)
    events.retentionFailed(fault)
    events.sweepFailed(fault)
  }
  expect(lines.filter((line) => line.includes(canary) || line.includes("words"))).toEqual([])
  const [first = ""] = lines
  const { code, constraint, table, routine, at } = JSON.parse(first)
  expect({ code, constraint, table, routine }).toEqual({
    ...{ code: "22P02", constraint: "users_key", table: "users", routine: "uuid_in" },
  })
  expect(at.join("\n")).toContain("fault.test.ts")
  events.broke("frame", new AssertionError("one flush at a time"))
  expect(JSON.parse(lines.at(-1) as string)).toMatchObject({
    name: "AssertionError",
    reason: "one flush at a time",
  })
})
