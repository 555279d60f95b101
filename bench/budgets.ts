import type { Results } from "./results.ts"
import { countedRuns, listCases, type Summary, summarize } from "./summary.ts"

/** One budget and what was measured against it. */
export interface Verdict {
  measure: string
  budget: string
  measured: string
  verdict: "met" | "MISSED" | "void" | "not measured"
}

/** Holds results against every budget one node can show. */
export function holdBudgets(results: Results): Verdict[] {
  return [...fanOutVerdicts(results), ...oneNodeVerdicts(results)]
}

const fanOutBudgets = [
  { peer: "bun-publish", factorMax: 1.25, label: "a bare Bun publish server" },
  { peer: "ws-hub", factorMax: 0.5, label: "a `ws` hub" },
  { peer: "gorilla", factorMax: 0.4, label: "a gorilla hub" },
]

function fanOutVerdicts(results: Results): Verdict[] {
  return fanOutBudgets.flatMap(({ peer, factorMax, label }) =>
    listCases(results, "fan-out").map((rate): Verdict => {
      const measure = `fan-out at ${rate}: server CPU per delivery, of ${label}'s`
      const budget = `<= ${factorMax}x`
      const ours = summarize(results, "fan-out", "klatch", rate, "cpuUsPerDelivery")
      const theirs = summarize(results, "fan-out", peer, rate, "cpuUsPerDelivery")
      if (ours === null || theirs === null) return { measure, budget, measured: "-", verdict: "not measured" }
      const factor = ours.median / theirs.median
      const measured = `${factor.toFixed(2)}x (${ours.median.toFixed(2)} / ${theirs.median.toFixed(2)} us)`
      return {
        measure,
        budget,
        measured,
        verdict: ours.void || theirs.void ? "void" : say(factor <= factorMax),
      }
    }),
  )
}

function oneNodeVerdicts(results: Results): Verdict[] {
  const closed = findBestClosed(results)
  const openCase = listCases(results, "acks").find((name) => name.startsWith("open")) ?? ""
  const lastCase = listCases(results, "last-receiver")[0] ?? ""
  const idleCase = listCases(results, "idle-memory")[0] ?? ""
  const resetCase = listCases(results, "reset")[0] ?? ""
  const get = (measure: Parameters<typeof summarize>[1], name: string, figure: string) =>
    summarize(results, measure, "klatch", name, figure)
  return [
    atMost("idle memory: KB RSS per connection", 2.0, get("idle-memory", idleCase, "slopeKb")),
    atLeast(`durable acks/s (${closed})`, 15_000, get("acks", closed, "acksPerSec")),
    atMost(`durable acks, ${openCase}: p99 ms`, 30, get("acks", openCase, "ackP99Ms")),
    atMost(`send to last receiver, ${lastCase}: p50 ms`, 5, get("last-receiver", lastCase, "lastP50Ms")),
    atMost(`send to last receiver, ${lastCase}: p99 ms`, 25, get("last-receiver", lastCase, "lastP99Ms")),
    atMost(`reset, ${resetCase}: back and caught up, p99 ms`, 5_000, get("reset", resetCase, "backP99Ms")),
    atMost(
      `reset, ${resetCase}: database queries per client`,
      0.02,
      get("reset", resetCase, "queriesPerClient"),
    ),
    atMost(
      `reset, ${resetCase}: connections with a hole or a repeat`,
      0,
      get("reset", resetCase, "notWhole"),
    ),
    atMost(
      "start, first ever: ms to the first joined connection",
      2_000,
      get("cold-start", "first", "joinedMs"),
    ),
    atMost("start, next: ms to the first joined connection", 500, get("cold-start", "next", "joinedMs")),
  ]
}

/** The closed-loop case with the most acks a second, by the medians of rounds that are not void; "" when none. */
export function findBestClosed(results: Results): string {
  let best = ""
  let most = -1
  for (const name of listCases(results, "acks").filter((one) => one.startsWith("closed"))) {
    const summary = summarize(results, "acks", "klatch", name, "acksPerSec")
    const weight = summary === null ? -1 : summary.void ? summary.median / 1e6 : summary.median
    if (weight > most) [best, most] = [name, weight]
  }
  return best
}

/** Connections the server ended while it was loaded, over all runs that count. */
export function countLost(results: Results, target: string): number {
  let lost = 0
  for (const measure of ["fan-out", "last-receiver", "acks"] as const) {
    for (const name of listCases(results, measure)) {
      for (const run of countedRuns(results, measure, target, name)) lost += Number(run.figures.lost ?? 0)
    }
  }
  return lost
}

function atMost(measure: string, max: number, summary: Summary | null): Verdict {
  return hold(measure, `<= ${max.toLocaleString("en")}`, summary, (value) => value <= max)
}

function atLeast(measure: string, min: number, summary: Summary | null): Verdict {
  return hold(measure, `>= ${min.toLocaleString("en")}`, summary, (value) => value >= min)
}

function hold(
  measure: string,
  budget: string,
  summary: Summary | null,
  holds: (value: number) => boolean,
): Verdict {
  if (summary === null || Number.isNaN(summary.median)) {
    return { measure, budget, measured: "-", verdict: "not measured" }
  }
  return {
    measure,
    budget,
    measured: writeSummary(summary),
    verdict: summary.void ? "void" : say(holds(summary.median)),
  }
}

function say(holds: boolean): Verdict["verdict"] {
  return holds ? "met" : "MISSED"
}

/** A summary as a table's cell: median, least to greatest, number. */
export function writeSummary({ median, n, min, max, void: isVoid }: Summary): string {
  return `${writeNumber(median)} (${writeNumber(min)}..${writeNumber(max)}, n ${n})${isVoid ? " void" : ""}`
}

function writeNumber(value: number): string {
  if (!Number.isFinite(value)) return "never"
  if (Number.isInteger(value) || Math.abs(value) >= 100) return Math.round(value).toLocaleString("en")
  return value.toFixed(Math.abs(value) < 0.1 ? 4 : 2)
}
