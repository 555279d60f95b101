import { existsSync, readdirSync } from "node:fs"
import { join } from "node:path"
import { root } from "./root.mjs"

/**
 * All steps together; the slowest are cut short rather than the whole be late. A quiet machine of two cores needs less
 * than ten minutes; one that is busy with others gets half as much again.
 */
export const budgetS = 900

/** So many test files at once: each has servers and pages of its own, and waits for them much of the time. */
export const filesAtOnce = 2

/**
 * What `npm test` runs, the cheap first. `tool` steps pass by exit code; `tests` steps run `bun test` on those of the
 * folders that hold tests, and one without any test is a fault: a step never passes by being empty.
 * `needs` names programs of prerequisites.mjs. `limitS` ends a step that hangs.
 */
export const steps = [
  { name: "types", limitS: 120, tool: ["tsc", "--noEmit"] },
  { name: "lint", limitS: 60, tool: ["biome", "ci", "."] },
  { name: "tools", limitS: 150, tests: ["tools"] },
  {
    name: "unit",
    limitS: 240,
    tests: ["packages", "apps", "bench", "tests/harness", "tests/sim"],
    needs: ["redis"],
  },
  { name: "contract", limitS: 300, tests: ["tests/contract"], needs: ["redis"] },
  { name: "conformance", limitS: 240, tests: ["tests/conformance"], needs: ["redis"] },
  { name: "e2e", limitS: 540, tests: ["tests/e2e"], needs: ["chromium", "redis"] },
  { name: "docs", limitS: 240, tests: ["tests/docs"], needs: ["chromium"] },
  { name: "chaos", limitS: 240, tests: ["tests/chaos", "tests/verify"], needs: ["redis"] },
]

/** Those of a step's folders that hold at least one test file. */
export function foldersWithTests(step) {
  return step.tests.filter((folder) => holdsTests(join(root, folder)))
}

function holdsTests(folder) {
  if (!existsSync(folder)) return false
  return readdirSync(folder, { withFileTypes: true }).some((entry) => {
    if (entry.isDirectory()) return entry.name !== "node_modules" && holdsTests(join(folder, entry.name))
    return /\.test\.tsx?$/.test(entry.name)
  })
}
