import { describe, expect, test } from "bun:test"
import { findBestClosed, holdBudgets } from "./budgets.ts"
import { judge } from "./measures/window.ts"
import { type Results, type Run, readJson, writeJson } from "./results.ts"
import { full } from "./settings.ts"
import { placeTables, writeTables } from "./table.ts"

function makeResults(runs: Partial<Run>[]): Results {
  return {
    at: "2026-01-02T03:04:05.000Z",
    commit: "abc1234",
    quick: false,
    machine: { cpu: "a cpu", cores: 2, memoryMb: 1024, kernel: "6", dataFileSystem: "ext2/3/4" },
    targets: [
      { name: "klatch", note: "ours", missing: null, versions: {} },
      { name: "bun-publish", note: "theirs", missing: null, versions: {} },
      { name: "gorilla", note: "theirs", missing: "not installed: no go on PATH", versions: {} },
    ],
    settings: full,
    runs: runs.map((run) => ({
      measure: "fan-out",
      target: "klatch",
      round: 0,
      case: "1000/s",
      attempt: 0,
      void: null,
      figures: {},
      ...run,
    })),
  }
}

function fanOutVerdict(runs: Partial<Run>[]) {
  return holdBudgets(makeResults(runs)).find((one) => one.measure.includes("bare Bun"))
}

describe("a budget", () => {
  const peer = { target: "bun-publish", figures: { cpuUsPerDelivery: 2 } }

  test("is held against the median of the rounds", () => {
    const ours = [1, 2.4, 9].map((cpuUsPerDelivery, round) => ({ round, figures: { cpuUsPerDelivery } }))
    expect(fanOutVerdict([...ours, peer])).toMatchObject({
      measured: "1.20x (2.40 / 2.00 us)",
      verdict: "met",
    })
  })

  test("that is missed is told as missed", () => {
    expect(fanOutVerdict([{ figures: { cpuUsPerDelivery: 2.6 } }, peer])?.verdict).toBe("MISSED")
  })

  test("takes a later try for a void one, and is void when all tries were", () => {
    const late = { void: "sends were late", figures: { cpuUsPerDelivery: 9 } }
    const good = { attempt: 1, figures: { cpuUsPerDelivery: 2 } }
    expect(fanOutVerdict([late, good, peer])?.verdict).toBe("met")
    expect(fanOutVerdict([late, { ...late, attempt: 1 }, peer])?.verdict).toBe("void")
  })

  test("without figures is not measured", () => {
    expect(fanOutVerdict([{ figures: { cpuUsPerDelivery: 2 } }])?.verdict).toBe("not measured")
  })

  test("of latency is missed by a message that never came, also after a round trip through JSON", () => {
    const figures = { lastP50Ms: 1, lastP99Ms: Number.POSITIVE_INFINITY }
    const results = makeResults([{ measure: "last-receiver", case: "1000/s x 100", figures }])
    const verdicts = holdBudgets(readJson(writeJson(results)))
    expect(
      verdicts.find((one) => one.measure.includes("last receiver") && one.measure.includes("p99")),
    ).toMatchObject({
      measured: "never (never..never, n 1)",
      verdict: "MISSED",
    })
  })

  test("of acks a second is held by the best window that is not void", () => {
    const run = (windowMax: number, acksPerSec: number, reason: string | null): Partial<Run> => ({
      measure: "acks",
      case: `closed, window ${windowMax}`,
      void: reason,
      figures: { acksPerSec },
    })
    expect(
      findBestClosed(makeResults([run(8, 9_000, null), run(16, 16_000, null), run(32, 20_000, "busy")])),
    ).toBe("closed, window 16")
  })
})

describe("a run is void", () => {
  const fine = { generatorCpuShares: [0.5, 0.6], serverCpuShare: 0.8, othersCpuShare: 0.02, lateP99Ms: 3 }
  const open = { kind: "open", ratePerSec: 1000 } as const

  test("not when only the server was busy", () => {
    expect(judge({ ...fine, serverCpuShare: 1 }, full, open)).toBeNull()
    expect(judge({ ...fine, serverCpuShare: 1, generatorCpuShares: [0.95, 0.2] }, full, open)).toBeNull()
  })

  test("when a generator was busy and the server was not", () => {
    expect(judge({ ...fine, generatorCpuShares: [0.95, 0.2] }, full, open)).toContain("95 %")
  })

  test("when sends at an open rate were late; a closed loop has no schedule to miss", () => {
    expect(judge({ ...fine, lateP99Ms: 21 }, full, open)).toContain("21 ms")
    expect(judge({ ...fine, lateP99Ms: 21 }, full, { kind: "closed", windowMax: 8 })).toBeNull()
  })

  test("when other processes ran", () => {
    expect(judge({ ...fine, othersCpuShare: 0.6 }, full, open)).toContain("60 % of a core")
  })
})

describe("tables", () => {
  const results = makeResults([
    { figures: { cpuUsPerDelivery: 2 } },
    { target: "bun-publish", void: "sends were late: p99 30 ms", figures: { cpuUsPerDelivery: 2 } },
  ])

  test("name what is not installed, what is void, and why", () => {
    const text = writeTables(results, "bench/results/x.json")
    expect(text).toContain("| 2 (2..2, n 1) | 2 (2..2, n 1) void | not installed |")
    expect(text).toContain("- fan-out, bun-publish, 1000/s, round 1: sends were late: p99 30 ms")
    expect(text).toContain("- gorilla: not installed: no go on PATH")
  })

  test("replace only what stands between the marks", () => {
    const begin = "<!-- results: begin, written by the benchmark -->"
    const end = "<!-- results: end -->"
    const document = `before\n${begin}\nold\n${end}\nafter`
    const placed = placeTables(document, "new")
    expect(placed).toBe(`before\n${begin}\n\nnew\n\n${end}\nafter`)
    expect(placeTables(placed, "new")).toBe(placed)
    expect(() => placeTables("no marks", "new")).toThrow("no marks")
  })

  test("the document in the repository has the marks", async () => {
    const document = await Bun.file(new URL("../BENCHMARKS.md", import.meta.url)).text()
    expect(() => placeTables(document, "new")).not.toThrow()
  })
})
