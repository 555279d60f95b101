/**
 * Which SQL client survives PostgreSQL's faults, and what each costs.
 *   SQL_CANDIDATE_PATH=/tmp/x/node_modules/postgres \
 *     bun bench/sql-client/restarts.ts [--faults 120] [--seed 1] [--only pg]
 * Prints one JSON object. Ends with 1 when pg, the client in use, showed any fault.
 */
import { parseArgs } from "node:util"
import { type CandidateName, candidateNames } from "./candidates.ts"
import { type Chance, seededChance } from "./chance.ts"
import { Database } from "./database.ts"
import { batchRows, type LoadReport, newRoomSql } from "./load.ts"

const faultKinds = [
  "restart-fast",
  "restart-immediate",
  "kill-postmaster",
  "terminate-backend",
  "kill-backend",
] as const
type FaultKind = (typeof faultKinds)[number]

const hangMs = 5_000
/** The first hangs are watched this long, to tell a slow recovery from none. */
const freedMs = 30_000
const hangsWatchedMax = 3
const downMaxMs = 300
const settleMs = 30
const moduleDir = process.env.SQL_CANDIDATE_PATH ?? "<unset>"

/** The parent's view of one candidate under load. Replaces the child when it died or hangs. */
class Load {
  counts: number[] = [0]
  recoveredAtMs = new Map<number, number>()
  done: Extract<LoadReport, { kind: "done" }> | undefined
  crashCount = 0
  reportAtMs = 0
  readCount = 0
  rejectedCount = 0
  committedThoughRejectedCount = 0
  readonly rejections: Record<string, number> = {}
  readonly uncaught: string[] = []
  readonly wrongResult: string[] = []
  readonly #name: CandidateName
  readonly #socketDir: string
  #last: Extract<LoadReport, { kind: "progress" | "done" }> | undefined
  #child: ReturnType<Load["spawn"]>

  constructor(name: CandidateName, socketDir: string) {
    this.#name = name
    this.#socketDir = socketDir
    this.#child = this.spawn()
  }

  spawn() {
    const args = [`${import.meta.dir}/load.ts`, this.#name, this.#socketDir, String(this.counts[0])]
    return Bun.spawn([process.execPath, ...args], {
      stdio: ["ignore", "inherit", "inherit"],
      ipc: (report: LoadReport) => this.#receive(report),
    })
  }

  reads = () => this.counts.slice(1).reduce((sum, count) => sum + count, 0)
  isAlive = () => this.#child.exitCode === null

  async replace(): Promise<void> {
    this.#child.kill("SIGKILL")
    await this.#child.exited
    this.#keepFaults()
    this.readCount += this.reads()
    this.#last = undefined
    this.counts = [this.counts[0]!]
    this.#child = this.spawn()
  }

  /** Ends the load; `done` stays undefined when the child did not end within 5 s. */
  async stop(): Promise<void> {
    this.#child.send("stop")
    await waitFor(() => this.done !== undefined, hangMs)
    this.#child.kill("SIGKILL")
    await this.#child.exited
    this.#keepFaults()
  }

  #receive(report: LoadReport): void {
    if (report.kind === "recovered") return void this.recoveredAtMs.set(report.loop, report.atMs)
    this.counts = report.counts
    this.#last = report
    if (report.kind === "progress") this.reportAtMs = report.atMs
    else this.done = report
  }

  #keepFaults(): void {
    const faults = this.#last?.faults
    if (!faults) return
    const pathless = (text: string) =>
      text.replaceAll(this.#socketDir, "<dir>").replaceAll(moduleDir, "postgres")
    this.uncaught.push(...faults.uncaught.map(pathless))
    this.wrongResult.push(...faults.wrongResult)
    this.rejectedCount += faults.rejectedCount
    this.committedThoughRejectedCount += faults.committedThoughRejectedCount
    for (const [text, count] of Object.entries(faults.rejections))
      this.rejections[pathless(text)] = (this.rejections[pathless(text)] ?? 0) + count
  }
}

async function runCandidate(name: CandidateName, faultsMax: number, seed: number) {
  await using database = await Database.create()
  database.query(newRoomSql)
  const random = seededChance(seed)
  const load = new Load(name, database.socketDir)
  const kinds = shuffled(
    Array.from({ length: faultsMax }, (_, i) => faultKinds[i % faultKinds.length]!),
    random,
  )
  const hangs: { fault: number; kind: FaultKind; stuckLoops: number[]; freedAfterMs?: number | null }[] = []
  const writerMs = Object.fromEntries(faultKinds.map((kind) => [kind, []])) as unknown as Record<
    FaultKind,
    number[]
  >
  const slowestLoopMs: number[] = []
  if (!(await waitFor(() => load.counts.every((count) => count > 5) && load.counts.length > 1, hangMs)))
    throw new Error(`${name} never began`)

  for (const [fault, kind] of kinds.entries()) {
    await Bun.sleep(20 + random(180))
    load.recoveredAtMs.clear()
    const backAtMs = await inflict(database, kind, random)
    // What was counted before the fault took hold must not pass for progress after it.
    await waitFor(() => load.reportAtMs > backAtMs + settleMs || !load.isAlive(), hangMs)
    const before = [...load.counts]
    const hasMoved = () => load.counts.every((count, loop) => count >= (before[loop] ?? 0) + 2)
    const isWell = await waitFor(() => !load.isAlive() || hasMoved(), hangMs)
    if (!load.isAlive()) load.crashCount++
    else if (!isWell) {
      const stuckLoops = before.flatMap((count, loop) => (load.counts[loop]! < count + 2 ? [loop] : []))
      const hang: (typeof hangs)[number] = { fault, kind, stuckLoops }
      if (hangs.length < hangsWatchedMax) {
        const isFreed = await waitFor(hasMoved, freedMs - hangMs)
        hang.freedAfterMs = isFreed ? Date.now() - backAtMs : null
      }
      hangs.push(hang)
    }
    const tookMs = (atMs: number) => Math.max(0, atMs - backAtMs)
    const writerAtMs = load.recoveredAtMs.get(0)
    if (writerAtMs !== undefined) writerMs[kind].push(tookMs(writerAtMs))
    if (load.recoveredAtMs.size > 0) slowestLoopMs.push(tookMs(Math.max(...load.recoveredAtMs.values())))
    if (!isWell || !load.isAlive()) {
      await load.replace()
      await waitFor(() => load.counts.length > 1 && load.counts.slice(1).every((count) => count > 1), hangMs)
    }
  }
  await load.stop()
  const ackedBatches = load.counts[0]!
  return {
    name,
    faults: kinds.length,
    uncaught: load.uncaught.length,
    uncaughtTexts: tally(load.uncaught),
    crashes: load.crashCount,
    hangs: hangs.length,
    hangTexts: hangs,
    wrongResults: load.wrongResult.length,
    wrongResultTexts: load.wrongResult.slice(0, 5),
    ackedRows: ackedBatches * batchRows,
    ackedRowsMissing: Number(database.query(missingSql(ackedBatches))),
    reads: load.readCount + load.reads(),
    rejected: load.rejectedCount,
    committedThoughRejected: load.committedThoughRejectedCount,
    errorEvents: load.done?.errorEventCount,
    poolHeldMs: load.done?.poolHeldMs,
    writerReconnectMs: Object.fromEntries(
      Object.entries(writerMs).map(([kind, list]) => [kind, spread(list)]),
    ),
    slowestLoopReconnectMs: spread(slowestLoopMs),
    rejections: load.rejections,
  }
}

/** Does one fault and returns the time from which the database answers again. */
async function inflict(database: Database, kind: FaultKind, random: Chance): Promise<number> {
  if (kind === "terminate-backend" || kind === "kill-backend") {
    const pids = shuffled(database.backends("candidate"), random)
    const chosen = kind === "kill-backend" ? pids.slice(0, 1) : pids.slice(0, 1 + random(5))
    const atMs = Date.now()
    if (kind === "terminate-backend") {
      database.query(`SELECT pg_terminate_backend(pid) FROM unnest('{${chosen.join()}}'::int[]) AS pid`)
      return atMs
    }
    for (const pid of chosen) process.kill(pid, "SIGKILL")
    await Bun.sleep(10)
    await database.waitReady()
    return Date.now()
  }
  await database.stop(
    kind === "restart-fast" ? "SIGINT" : kind === "restart-immediate" ? "SIGQUIT" : "SIGKILL",
  )
  await Bun.sleep(random(downMaxMs))
  await database.start()
  return Date.now()
}

async function waitFor(condition: () => boolean, maxMs: number): Promise<boolean> {
  const deadlineMs = performance.now() + maxMs
  while (!condition()) {
    if (performance.now() > deadlineMs) return false
    await Bun.sleep(5)
  }
  return true
}

const missingSql = (batches: number) => `
  SELECT count(*) FROM generate_series(0, ${batches - 1}) AS b, generate_series(1, ${batchRows}) AS o
  WHERE NOT EXISTS (SELECT 1 FROM entries e WHERE e.batch = b AND e.ordinal = o AND e.client_id = b || '-' || o
    AND starts_with(e.payload->>'text', b || ':' || o || ' '))`

function shuffled<T>(list: readonly T[], random: Chance): T[] {
  const result = [...list]
  for (let i = result.length - 1; i > 0; i--) {
    const j = random(i + 1)
    ;[result[i], result[j]] = [result[j]!, result[i]!]
  }
  return result
}

function tally(texts: string[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const text of texts) counts[text] = (counts[text] ?? 0) + 1
  return counts
}

function spread(list: number[]) {
  const sorted = [...list].sort((a, b) => a - b)
  return { n: sorted.length, p50: sorted[Math.floor(sorted.length / 2)] ?? null, max: sorted.at(-1) ?? null }
}

const { values } = parseArgs({
  options: { faults: { type: "string" }, seed: { type: "string" }, only: { type: "string" } },
})
const results: Awaited<ReturnType<typeof runCandidate>>[] = []
for (const name of candidateNames) {
  if (values.only && values.only !== name) continue
  if (name === "postgres" && !process.env.SQL_CANDIDATE_PATH) {
    console.error("postgres.js is left out: SQL_CANDIDATE_PATH is not set")
    continue
  }
  const startMs = performance.now()
  const result = await runCandidate(name, Number(values.faults ?? 120), Number(values.seed ?? 1))
  results.push(result)
  console.error(`${name}: ${((performance.now() - startMs) / 1000).toFixed(0)} s`)
}
console.log(JSON.stringify({ bun: Bun.version, seed: Number(values.seed ?? 1), results }, null, 2))
const ours = results.filter((result) => result.name.startsWith("pg"))
process.exitCode = ours.some(
  (r) => r.uncaught + r.crashes + r.hangs + r.wrongResults + r.ackedRowsMissing > 0,
)
  ? 1
  : 0
