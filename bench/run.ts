import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { basename, join } from "node:path"
import { parseArgs } from "node:util"
import { readCommit, readMachine } from "./machine.ts"
import { acks } from "./measures/acks.ts"
import { coldStart } from "./measures/cold-start.ts"
import { fanOut } from "./measures/fan-out.ts"
import { idleMemory } from "./measures/idle-memory.ts"
import { lastReceiver } from "./measures/last-receiver.ts"
import type { Measure } from "./measures/measure.ts"
import { reset } from "./measures/reset.ts"
import { type MeasureName, type Results, readJson, writeJson } from "./results.ts"
import { full, quick, type Settings } from "./settings.ts"
import { failedCase } from "./summary.ts"
import { placeTables, writeTables } from "./table.ts"
import { bunPublish } from "./targets/bun-publish.ts"
import { gorilla } from "./targets/gorilla.ts"
import { klatch, klatchHome } from "./targets/klatch.ts"
import { socketIo } from "./targets/socket-io.ts"
import type { Target } from "./targets/target.ts"
import { wsHub } from "./targets/ws-hub.ts"

const help = `npm run bench -- [options]
  --quick               a smoke of everything with small numbers; no measurement, never published
  --only a,b            only these measures: fan-out last-receiver idle-memory acks cold-start reset (not published)
  --targets a,b         only these servers: klatch bun-publish ws-hub socket-io gorilla (not published)
  --rounds n            so many rounds of every measure instead of its own number
  --data directory      where Klatch's data lies meanwhile; default: the system's temporary directory
  --publish file        measure nothing: write BENCHMARKS.md's tables from a kept raw file`

const allMeasures: Measure[] = [fanOut, lastReceiver, acks, coldStart, reset, idleMemory]
const allTargets: Target[] = [klatch, bunPublish, wsHub, socketIo, gorilla]
const benchDirectory = import.meta.dir
const documentPath = join(benchDirectory, "..", "BENCHMARKS.md")
const pauseMs = 300

interface Plan {
  measures: Measure[]
  targets: Target[]
  settings: Settings
  roundsOf(measure: Measure): number
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      quick: { type: "boolean", default: false },
      only: { type: "string" },
      targets: { type: "string" },
      rounds: { type: "string" },
      data: { type: "string" },
      publish: { type: "string" },
      help: { type: "boolean", default: false },
    },
  })
  if (values.help) {
    console.log(help)
    return 0
  }
  if (values.publish !== undefined) return publish(values.publish)
  if (values.data !== undefined) klatchHome.parent = values.data
  const settings = values.quick ? quick : full
  const rounds = values.rounds === undefined ? null : Number(values.rounds)
  const plan: Plan = {
    measures: choose(allMeasures, values.only, "measure"),
    targets: choose(allTargets, values.targets, "server"),
    settings,
    roundsOf: (measure) => rounds ?? measure.rounds(settings),
  }
  const results = await takeAll(plan, values.quick)
  const whole =
    !values.quick && plan.measures.length === allMeasures.length && plan.targets.length === allTargets.length
  const path = keep(results, values.quick ? "quick" : whole ? "whole" : "part")
  console.log(`\n${writeTables(results, path)}\n`)
  if (values.quick)
    console.log("QUICK RUN: small numbers, short windows. Not a measurement; nothing was published.")
  console.log(`raw figures: ${path}`)
  if (whole) publish(path)
  return results.runs.some((run) => run.case === failedCase) ? 1 : 0
}

async function takeAll(plan: Plan, isQuick: boolean): Promise<Results> {
  const machine = readMachine(klatchHome.parent)
  if (machine.dataFileSystem === "tmpfs")
    throw new Error("the data would lie in memory: choose a disk with --data")
  const results: Results = {
    at: new Date().toISOString(),
    commit: readCommit(benchDirectory),
    quick: isQuick,
    machine,
    targets: await Promise.all(
      plan.targets.map(async (target) => {
        const missing = await target.missing()
        const versions = missing === null ? await target.versions() : {}
        return { name: target.name, note: target.note, missing, versions }
      }),
    ),
    settings: plan.settings,
    runs: [],
  }
  for (const { name, missing } of results.targets) if (missing !== null) console.log(`${name}: ${missing}`)
  const present = plan.targets.filter((_, i) => results.targets[i]!.missing === null)
  for (const measure of plan.measures) {
    for (let round = 0; round < plan.roundsOf(measure); round++) {
      for (const target of present.filter((one) => measure.fits(one))) {
        await takeOne(measure, target, round, plan.settings, results)
        await Bun.sleep(isQuick ? 0 : pauseMs)
      }
    }
  }
  return results
}

async function takeOne(
  measure: Measure,
  target: Target,
  round: number,
  settings: Settings,
  results: Results,
) {
  const common = { measure: measure.name, target: target.name, round }
  const beganMs = performance.now()
  try {
    // A target whose tries were all void in the round before is not worth three more tries a case.
    const wasVoid = results.runs.some(
      (run) => sameTarget(run, common) && run.round === round - 1 && run.void !== null,
    )
    const outcomes = await measure.take(target, wasVoid ? { ...settings, repeatsMax: 0 } : settings)
    for (const outcome of outcomes) results.runs.push({ ...common, ...outcome })
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    results.runs.push({ ...common, case: failedCase, attempt: 0, void: reason.slice(0, 500), figures: {} })
  }
  const seconds = ((performance.now() - beganMs) / 1000).toFixed(1)
  console.log(`${measure.name} round ${round + 1} ${target.name} (${seconds} s)`)
  for (const run of results.runs.filter((one) => sameTarget(one, common) && one.round === round)) {
    console.log(`  ${run.case}${run.void === null ? "" : ` VOID: ${run.void}`} ${tell(run.figures)}`)
  }
}

function sameTarget(
  a: { measure: MeasureName; target: string },
  b: { measure: MeasureName; target: string },
): boolean {
  return a.measure === b.measure && a.target === b.target
}

const told = [
  "cpuUsPerDelivery",
  "cpuWithDatabaseUsPerDelivery",
  "deliveriesPerSec",
  "acksPerSec",
  "lastP50Ms",
  "lastP99Ms",
  "ackP50Ms",
  "ackP99Ms",
  "lateP99Ms",
  "serverCpuShare",
  "databaseCpuShare",
  "generatorCpuShares",
  "othersCpuShare",
  "undelivered",
  "unacked",
  "lost",
  "slopeKb",
  "slabSlopeKb",
  "baseRssKb",
  "joinedMs",
  "backP50Ms",
  "backP99Ms",
  "backMaxMs",
  "retries",
  "queriesPerClient",
  "notWhole",
  "errorTexts",
]

function tell(figures: Results["runs"][number]["figures"]): string {
  return told
    .filter((key) => figures[key] !== undefined && String(figures[key]) !== "")
    .map((key) => `${key}=${String(figures[key])}`)
    .join(" ")
}

// Only whole runs are kept: nothing in the temporary directory can be taken for a measurement.
function keep(results: Results, kind: "quick" | "part" | "whole"): string {
  const directory =
    kind === "whole" ? join(benchDirectory, "results") : mkdtempSync(join(tmpdir(), "klatch-bench-raw-"))
  mkdirSync(directory, { recursive: true })
  const stamp = results.at.slice(0, 16).replaceAll(":", "")
  const path = join(directory, `${stamp}-${results.commit}${kind === "whole" ? "" : `-${kind}`}.json`)
  writeFileSync(path, `${writeJson(results)}\n`)
  return path
}

function publish(path: string): number {
  const results = readJson(readFileSync(path, "utf8"))
  if (results.quick) throw new Error(`${path} is of a quick run, which measures nothing`)
  const tables = writeTables(results, `bench/results/${basename(path)}`)
  writeFileSync(documentPath, placeTables(readFileSync(documentPath, "utf8"), tables))
  console.log("BENCHMARKS.md written")
  return 0
}

function choose<T extends { name: string }>(all: T[], names: string | undefined, what: string): T[] {
  if (names === undefined) return all
  return names.split(",").map((name) => {
    const found = all.find((one) => one.name === name)
    if (found === undefined)
      throw new Error(`no ${what} "${name}"; there are ${all.map((one) => one.name).join(" ")}`)
    return found
  })
}

process.exit(await main())
