import { expect, test } from "bun:test"
import { type MeasureName, measureNames, type Results } from "./results.ts"
import { quick } from "./settings.ts"
import { placeTables, writeTables } from "./table.ts"

type Given = [measure: MeasureName, name: string, figures: Record<string, number>, failure?: string]

function resultsOf(given: Given[]): Results {
  return {
    at: "2026-11-21T00:00:00.000Z",
    commit: "abc",
    quick: true,
    machine: { cpu: "a cpu", cores: 2, memoryMb: 1_000, kernel: "1", dataFileSystem: "xfs" },
    versions: { chromium: "1" },
    settings: quick,
    runs: given.map(([measure, name, figures, failure], round) => ({
      measure,
      round,
      case: name,
      figures,
      failure: failure ?? null,
      machineIdleShare: 0.5,
    })),
  }
}

test("one bad round of five misses a budget, though the median is good", () => {
  const rounds = [0, 0, 3, 0, 0].map((longTasks): Given => ["typing", "100 messages/s", { longTasks }])
  expect(writeTables(resultsOf(rounds), "raw")).toContain(
    "| typing: tasks over 50 ms | <= 0 | 0 (0..3, n 5) | MISSED |",
  )
  expect(writeTables(resultsOf([...rounds.slice(0, 2)]), "raw")).toContain("| 0 (0..0, n 2) | met |")
})

test("a round that failed is told and misses its budget; what was not measured is not met", () => {
  const text = writeTables(
    resultsOf([
      ["typing", "100 messages/s", { longTasks: 0 }],
      ["typing", "failed", {}, "Error: no page\n  at"],
    ]),
    "raw",
  )
  expect(text).toContain("- typing, round 2, FAILED: Error: no page")
  expect(text).toContain("| typing: tasks over 50 ms | <= 0 | 0 (0..0, n 1) | MISSED |")
  expect(text).toContain("| widget, gzip KB | <= 40 | - | not measured |")
})

test("sizes are held to their bounds", () => {
  const text = writeTables(
    resultsOf([
      ["bundles", "SDK (packages/client)", { rawKb: 44, gzipKb: 15.01 }],
      ["bundles", "widget.js", { rawKb: 100, gzipKb: 40 }],
    ]),
    "raw",
  )
  expect(text).toContain("| SDK, gzip KB | <= 15 | 15.01 (15.01..15.01, n 1) | MISSED |")
  expect(text).toContain("| widget, gzip KB | <= 40 | 40 (40..40, n 1) | met |")
  expect(text).toContain("| SDK (packages/client) | 44.0 | 15.0 |")
})

test("tables go between their marks, every time, and nowhere else", async () => {
  const document = await Bun.file(`${import.meta.dir}/../../BENCHMARKS.md`).text()
  const once = placeTables(document, "first")
  expect(placeTables(once, "second")).toBe(placeTables(document, "second"))
  expect(once.slice(0, once.indexOf("<!-- web"))).toBe(document.slice(0, document.indexOf("<!-- web")))
  expect(() => placeTables("no marks", "x")).toThrow("no marks")
  expect(new Set(measureNames).size).toBe(measureNames.length)
})
