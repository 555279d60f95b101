import { mkdtempSync, readFileSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { basename, join } from "node:path"
import { parseArgs } from "node:util"
import { readCommit, readCoreTicks, readMachine } from "../machine.ts"
import { klatchHome } from "../targets/klatch.ts"
import { bundles } from "./measures/bundles.ts"
import { firstPaint } from "./measures/first-paint.ts"
import { openRoom } from "./measures/open-room.ts"
import { scrollBack } from "./measures/scroll-back.ts"
import { typing } from "./measures/typing.ts"
import { cpuProfiler, noProfiler, type Profiler } from "./profile.ts"
import { type MeasureName, measureNames, type Outcome, type Results } from "./results.ts"
import { full, quick, type Settings } from "./settings.ts"
import { openStage, type Stage } from "./stage.ts"
import { placeTables, writeTables } from "./table.ts"

const help = `npm run bench:web -- [options]
  --quick               a smoke of everything with small numbers; no measurement, never published
  --only a,b            only these measures: ${measureNames.join(" ")} (not published)
  --rounds n            so many rounds instead of ${full.rounds}
  --profile directory   keep a CPU profile of scrolling and typing, and say what long tasks did (not published)
  --publish file        measure nothing: write BENCHMARKS.md's tables from a kept raw file`

type Take = (stage: Stage, profiler: Profiler, round: number) => Promise<Outcome[]>

const measures: Readonly<Record<MeasureName, Take>> = {
  bundles,
  "first-paint": firstPaint,
  "open-room": openRoom,
  "scroll-back": scrollBack,
  typing,
}

const benchDirectory = join(import.meta.dirname, "..")
const documentPath = join(benchDirectory, "..", "BENCHMARKS.md")

interface Plan {
  names: readonly MeasureName[]
  settings: Settings
  profiler: Profiler
  isQuick: boolean
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      quick: { type: "boolean", default: false },
      only: { type: "string" },
      rounds: { type: "string" },
      profile: { type: "string" },
      publish: { type: "string" },
      help: { type: "boolean", default: false },
    },
  })
  if (values.help) {
    console.log(help)
    return 0
  }
  if (values.publish !== undefined) return publish(values.publish)
  const settings = values.quick ? quick : full
  const rounds = values.rounds === undefined ? settings.rounds : Number(values.rounds)
  if (!Number.isSafeInteger(rounds) || rounds < 1)
    throw new Error(`--rounds ${values.rounds} is no number of rounds`)
  const results = await takeAll({
    names: choose(values.only),
    settings: { ...settings, rounds },
    profiler: values.profile === undefined ? noProfiler : cpuProfiler(values.profile, console.log),
    isQuick: values.quick,
  })
  const isWhole = !values.quick && values.only === undefined && values.profile === undefined
  const path = keep(results, isWhole)
  console.log(`\n${writeTables(results, path)}\n`)
  if (values.quick) console.log("QUICK RUN: small numbers. Not a measurement; nothing was published.")
  console.log(`raw figures: ${path}`)
  if (isWhole) publish(path)
  return results.runs.some((run) => run.failure !== null) ? 1 : 0
}

async function takeAll(plan: Plan): Promise<Results> {
  const at = new Date().toISOString()
  const commit = readCommit(benchDirectory)
  await using stage = await openStage(plan.settings, console.log)
  const results: Results = {
    at,
    commit,
    quick: plan.isQuick,
    machine: readMachine(klatchHome.parent),
    versions: { chromium: stage.browser.version(), bun: Bun.version },
    settings: plan.settings,
    runs: [],
  }
  for (let round = 0; round < plan.settings.rounds; round++)
    for (const name of plan.names) await takeOne(stage, plan, name, round, results)
  return results
}

async function takeOne(stage: Stage, plan: Plan, measure: MeasureName, round: number, results: Results) {
  const before = readCoreTicks()
  let outcomes: Outcome[] = []
  let failure: string | null = null
  try {
    outcomes = await measures[measure](stage, plan.profiler, round)
  } catch (error) {
    failure = String(error).slice(0, 500)
    outcomes = [{ case: "failed", figures: {} }]
  }
  const after = readCoreTicks()
  const machineIdleShare = (after.idle - before.idle) / Math.max(1, after.all - before.all)
  console.log(`${measure} round ${round + 1}, ${(machineIdleShare * 100).toFixed(0)} % of the cores idle`)
  for (const outcome of outcomes) {
    results.runs.push({ measure, round, failure, machineIdleShare, ...outcome })
    const told = Object.entries(outcome.figures).map(([key, value]) => `${key}=${tell(value)}`)
    console.log(`  ${outcome.case}: ${failure ?? told.join(" ")}`)
  }
}

const tell = (value: unknown): string =>
  typeof value === "number" && !Number.isInteger(value) ? value.toFixed(2) : String(value)

// Only whole runs are kept: nothing in the temporary directory can be taken for a measurement.
function keep(results: Results, isWhole: boolean): string {
  const directory = isWhole
    ? join(benchDirectory, "results")
    : mkdtempSync(join(tmpdir(), "klatch-bench-raw-"))
  const stamp = results.at.slice(0, 16).replaceAll(":", "")
  const path = join(directory, `${stamp}-${results.commit}-web${isWhole ? "" : "-part"}.json`)
  writeFileSync(path, `${JSON.stringify(results, null, 1)}\n`)
  return path
}

function publish(path: string): number {
  const results = JSON.parse(readFileSync(path, "utf8")) as Results
  if (results.quick) throw new Error(`${path} is of a quick run, which measures nothing`)
  const tables = writeTables(results, `bench/results/${basename(path)}`)
  writeFileSync(documentPath, placeTables(readFileSync(documentPath, "utf8"), tables))
  console.log("BENCHMARKS.md written")
  return 0
}

function choose(names: string | undefined): readonly MeasureName[] {
  if (names === undefined) return measureNames
  return names.split(",").map((name) => {
    const found = measureNames.find((one) => one === name)
    if (found === undefined) throw new Error(`no measure "${name}"; there are ${measureNames.join(" ")}`)
    return found
  })
}

process.exit(await main())
