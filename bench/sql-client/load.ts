/** The child: a steady load on one candidate, which reports over IPC and never retries what was acked. */
import { batchOf, poolMax, reconnectDelayMs, roomId, textOf } from "./candidate.ts"
import { openCandidate } from "./candidates.ts"

/** What the child tells. `recovered`: the first success of a loop after it had failed (loop 0 writes). */
export type LoadReport =
  | { kind: "progress"; atMs: number; counts: number[]; faults: LoadFaults }
  | { kind: "recovered"; loop: number; atMs: number }
  | { kind: "done"; counts: number[]; faults: LoadFaults; errorEventCount: number; poolHeldMs: number }

export interface LoadFaults {
  /** Exceptions and rejections that nobody could have caught: each would have ended a server. */
  uncaught: string[]
  wrongResult: string[]
  rejectedCount: number
  committedThoughRejectedCount: number
  rejections: Record<string, number>
}

export const batchRows = 50
const readLoops = 8
const reportPeriodMs = 25
const textsMax = 50

async function main(name: string, socketDir: string, firstBatch: number): Promise<void> {
  const faults: LoadFaults = {
    uncaught: [],
    wrongResult: [],
    rejectedCount: 0,
    committedThoughRejectedCount: 0,
    rejections: {},
  }
  const keep = (list: string[], text: string) => void (list.length < textsMax && list.push(text))
  process.on("uncaughtException", (error) => keep(faults.uncaught, `exception: ${describe(error)}`))
  process.on("unhandledRejection", (error) => keep(faults.uncaught, `rejection: ${describe(error)}`))

  const candidate = await openCandidate(name, socketDir)
  const counts = [firstBatch, ...Array.from({ length: readLoops }, () => 0)]
  let stopping = false
  process.on("message", () => {
    stopping = true
  })

  process.on("disconnect", () => process.exit(1))

  const runLoop = async (loop: number, pauseMs: number, work: () => Promise<void>) => {
    let failing = false
    while (!stopping) {
      try {
        await work()
        counts[loop]!++
        if (failing) process.send?.({ kind: "recovered", loop, atMs: Date.now() } satisfies LoadReport)
        failing = false
        await Bun.sleep(pauseMs)
      } catch (error) {
        failing = true
        faults.rejectedCount++
        const text = describe(error).split("\n")[0]!.slice(0, 100)
        if (Object.keys(faults.rejections).length < textsMax)
          faults.rejections[text] = (faults.rejections[text] ?? 0) + 1
        await Bun.sleep(reconnectDelayMs)
      }
    }
  }

  let tried = -1
  // A child that replaces another may begin with batches whose acks were never reported.
  let isResuming = firstBatch > 0
  const write = async () => {
    const batch = counts[0]!
    const isRetry = tried === batch
    tried = batch
    const nonce = crypto.randomUUID()
    const result = await candidate.append(batchOf(batch, batchRows), nonce)
    if (result.nonce !== nonce) keep(faults.wrongResult, `write ${batch}: the nonce of another`)
    if (result.insertedCount === 0 && isRetry) faults.committedThoughRejectedCount++
    else if (result.insertedCount === 0 && isResuming) return
    else if (result.insertedCount !== batchRows)
      keep(faults.wrongResult, `write ${batch}: ${result.insertedCount} rows`)
    isResuming = false
  }
  const read = async () => {
    if (counts[0] === 0) return
    const batch = Math.floor(Math.random() * counts[0]!)
    const nonce = crypto.randomUUID()
    const rows = await candidate.read(batch, nonce)
    const isWhole = rows.length === batchRows
    const isOurs = rows.every(
      (row, i) => row.nonce === nonce && Number(row.ordinal) === i + 1 && row.text === textOf(batch, i + 1),
    )
    if (!isWhole || !isOurs) keep(faults.wrongResult, `read ${batch}: ${rows.length} rows, ours: ${isOurs}`)
  }

  const reports = setInterval(
    () => process.send?.({ kind: "progress", atMs: Date.now(), counts, faults } satisfies LoadReport),
    reportPeriodMs,
  )
  await Promise.all([
    runLoop(0, 1, write),
    ...Array.from({ length: readLoops }, (_, i) => runLoop(i + 1, 5, read)),
  ])
  clearInterval(reports)

  // With all connections alive this takes 200 ms; each one lost adds to it.
  const startMs = performance.now()
  await Promise.allSettled(Array.from({ length: poolMax }, () => candidate.occupy(200)))
  const poolHeldMs = Math.round(performance.now() - startMs)
  const { errorEventCount } = candidate
  process.send?.({ kind: "done", counts, faults, errorEventCount, poolHeldMs } satisfies LoadReport)
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const code = "code" in error ? ` [${String(error.code)}]` : ""
  return `${error.name}${code}: ${error.message}\n${error.stack ?? ""}`.slice(0, 1200)
}

if (import.meta.main) {
  const [name, socketDir, firstBatch] = process.argv.slice(2)
  await main(name!, socketDir!, Number(firstBatch))
}

export const newRoomSql = `INSERT INTO rooms (id) VALUES ('${roomId}') ON CONFLICT DO NOTHING`
