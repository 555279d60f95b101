import { spawn } from "node:child_process"
import { randomUUID } from "node:crypto"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { Failures } from "./failures.mjs"
import { endLeftovers } from "./leftovers.mjs"
import { findPrerequisites } from "./prerequisites.mjs"
import { launch, root } from "./root.mjs"
import { setUp } from "./setup.mjs"
import { budgetS, filesAtOnce, foldersWithTests, steps } from "./steps.mjs"
import { tools } from "./tools.mjs"

const leftoverGraceMs = 3_000
/** Ends a test that hangs, also on a machine that is busy with others; no measure of speed. */
const testMs = 30_000
let interrupted
let endRunning = () => {}

async function main() {
  const names = process.argv.slice(2)
  if (names.includes("--list")) {
    for (const { name, tool, tests } of steps)
      console.log(name.padEnd(12), (tool ?? ["bun", "test", ...tests]).join(" "))
    return 0
  }
  const unknown = names.filter((name) => !steps.some((step) => step.name === name))
  if (unknown.length > 0) {
    console.error(
      `no such step: ${unknown.join(", ")}. There are: ${steps.map(({ name }) => name).join(", ")}`,
    )
    return 2
  }
  return await runSteps(steps.filter(({ name }) => names.length === 0 || names.includes(name)))
}

/** Runs every chosen step, also after one failed, and ends with the line that CI reads. */
async function runSteps(chosen) {
  const bun = await setUp()
  const { env, faults } = findPrerequisites(new Set(chosen.flatMap(({ needs = [] }) => needs)))
  const scratch = mkdtempSync(join(tmpdir(), "klatch-test-"))
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    process.once(signal, () => {
      interrupted = `ended by ${signal}`
      endRunning(interrupted)
    })
  }
  const deadlineMs = performance.now() + budgetS * 1_000
  const results = []
  try {
    for (const step of chosen) {
      console.log(`\n── ${step.name}`)
      const startMs = performance.now()
      const fault = (step.needs ?? []).map((name) => faults[name]).find(Boolean)
      const limitMs = Math.min(step.limitS * 1_000, deadlineMs - startMs)
      const result = fault
        ? { passed: 0, failed: 1, fault }
        : await runStep(step, { bun, env, limitMs, report: join(scratch, `${step.name}.xml`) })
      const seconds = ((performance.now() - startMs) / 1_000).toFixed(1)
      results.push({ name: step.name, seconds, ...result })
      console.log(`── ${line(results.at(-1))}`)
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
  return summary(results)
}

/** What was skipped is told: a test may be for some machines only, but it never stays away in silence. */
const line = ({ name, seconds, passed, failed, skipped, fault }) =>
  [
    name.padEnd(12),
    failed ? "FAILED" : "ok    ",
    `${seconds} s`.padStart(8),
    ` ${passed} passed, ${failed} failed${skipped ? `, ${skipped} skipped here` : ""}${fault ? `: ${fault}` : ""}`,
  ].join(" ")

function summary(results) {
  const sum = (key) => results.reduce((total, result) => total + result[key], 0)
  console.log("\n── summary")
  for (const result of results) console.log(line(result))
  for (const { name, failures = [] } of results)
    for (const text of failures) console.log(`\n── failed in ${name}\n${text}`)
  console.log(`${sum("passed")} passed, ${sum("failed")} failed`)
  return sum("failed") === 0 ? 0 : 1
}

/** A step that failed without any test saying so (a hang, a crash, a compiler's complaint) counts as one failed. */
async function runStep(step, { bun, env, limitMs, report }) {
  if (interrupted) return { passed: 0, failed: 1, fault: interrupted }
  if (limitMs <= 0)
    return { passed: 0, failed: 1, fault: `the ${budgetS} s of the whole run were used up before` }
  const folders = step.tests && foldersWithTests(step)
  if (folders?.length === 0)
    return { passed: 0, failed: 1, fault: `no *.test.ts under ${step.tests.join(", ")}` }
  const [command, args] = step.tool
    ? [process.execPath, [tools[step.tool[0]], ...step.tool.slice(1), ...plainWords(step.tool[0])]]
    : [
        bun,
        [
          "test",
          `--timeout=${testMs}`,
          `--parallel=${filesAtOnce}`,
          "--no-isolate",
          "--reporter=junit",
          `--reporter-outfile=${report}`,
          ...folders.map((folder) => `./${folder}/`),
        ],
      ]
  const mark = `KLATCH_TEST_STEP=${randomUUID()}`
  const failures = new Failures()
  const ending = await runLimited(
    command,
    args,
    { ...env, KLATCH_TEST_STEP: mark.split("=")[1] },
    limitMs,
    failures,
  )
  const left = await endLeftovers(mark, ending.fault ? 0 : leftoverGraceMs)
  await Promise.race([ending.drained, sleep(leftoverGraceMs, undefined, { ref: false })])
  const counts = step.tests ? readCounts(report) : { passed: 0, failed: 0 }
  const fault =
    ending.fault ??
    (left.length > 0 ? `left running: ${left.join(", ")}` : undefined) ??
    (ending.code !== 0 && counts.failed === 0 ? `exit code ${ending.code}` : undefined) ??
    (step.tests && counts.passed + counts.failed === 0 ? "ran no test" : undefined)
  const result = fault ? { ...counts, failed: counts.failed + 1, fault } : counts
  return result.failed > 0 ? { ...result, failures: failures.texts() } : result
}

/** Biome colours its words also where nobody sees colours. */
const plainWords = (tool) => (tool === "biome" && !process.stdout.isTTY ? ["--colors=off"] : [])

/** Runs a program in a process group of its own, which dies as a whole at `limitMs` or when we are told to end. */
function runLimited(command, args, env, limitMs, failures) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: root,
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, ...(process.stdout.isTTY ? { FORCE_COLOR: "1" } : {}), ...env },
    })
    for (const [stream, ours] of [
      [child.stdout, process.stdout],
      [child.stderr, process.stderr],
    ])
      stream.setEncoding("utf8").on("data", (chunk) => {
        ours.write(chunk)
        failures.take(chunk)
      })
    let fault
    endRunning = (reason) => {
      fault ??= reason
      killGroup(child)
    }
    const timer = setTimeout(() => endRunning(`did not end within ${Math.round(limitMs / 1_000)} s`), limitMs)
    const drained = new Promise((done) => child.on("close", done))
    const end = (code) => {
      clearTimeout(timer)
      endRunning = () => {}
      if (process.platform !== "linux") killGroup(child) // on Linux endLeftovers also tells what was left
      resolve({ code, fault, drained })
    }
    child.on("error", (error) => {
      fault = error.message
      end(127)
    })
    child.on("exit", (code, signal) => end(code ?? signal))
  })
}

function killGroup(child) {
  try {
    if (child.pid) process.kill(process.platform === "win32" ? child.pid : -child.pid, "SIGKILL")
  } catch {
    // nothing of it is left
  }
}

/** A report is missing when the run crashed or hung; then nothing is known to have passed. */
function readCounts(report) {
  let text
  try {
    text = readFileSync(report, "utf8")
  } catch {
    return { passed: 0, failed: 0 }
  }
  const head = /<testsuites [^>]*>/.exec(text)?.[0] ?? ""
  const count = (name) => Number(new RegExp(` ${name}="(\\d+)"`).exec(head)?.[1] ?? 0)
  const [failed, skipped] = [count("failures"), count("skipped")]
  return { passed: count("tests") - failed - skipped, failed, skipped }
}

launch(main)
