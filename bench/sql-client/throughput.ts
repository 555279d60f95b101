/**
 * What one group commit costs through each client: batches of 100 rows, one in flight, fsync on.
 *   SQL_CANDIDATE_PATH=/tmp/x/node_modules/postgres bun bench/sql-client/throughput.ts [--rounds 5] [--ms 3000]
 * Rounds are interleaved, each in a process of its own. Prints one JSON object.
 */
import { parseArgs } from "node:util"
import { type AppendResult, type Batch, batchOf } from "./candidate.ts"
import { candidateNames, openCandidate } from "./candidates.ts"
import { cpuMsOf, Database } from "./database.ts"
import { newRoomSql } from "./load.ts"

const rows = 100
const warmBatches = 200
const ways = ["append", "appendOnce"] as const

interface Round {
  batchesPerSecond: number
  clientCpuUs: number
  p50Ms: number
  p99Ms: number
}

async function measure(
  name: string,
  way: string,
  socketDir: string,
  firstBatch: number,
  ms: number,
): Promise<Round> {
  const candidate = await openCandidate(name, socketDir)
  const run = (batch: Batch): Promise<AppendResult> =>
    way === "append" ? candidate.append(batch, "n") : candidate.appendOnce(batch, "n")
  const template = batchOf(firstBatch, rows)
  let batch = firstBatch
  for (let i = 0; i < warmBatches; i++) await run({ ...template, batch: batch++ })

  const tookMs: number[] = []
  const cpu = process.cpuUsage()
  const startMs = performance.now()
  let nowMs = startMs
  while (nowMs - startMs < ms) {
    const result = await run({ ...template, batch: batch++ })
    if (result.insertedCount !== rows) throw new Error(`${name}: ${result.insertedCount} rows`)
    const endMs = performance.now()
    tookMs.push(endMs - nowMs)
    nowMs = endMs
  }
  const { user, system } = process.cpuUsage(cpu)
  tookMs.sort((a, b) => a - b)
  return {
    batchesPerSecond: (tookMs.length * 1000) / (nowMs - startMs),
    clientCpuUs: (user + system) / tookMs.length,
    p50Ms: tookMs[Math.floor(tookMs.length * 0.5)]!,
    p99Ms: tookMs[Math.floor(tookMs.length * 0.99)]!,
  }
}

async function compare(rounds: number, ms: number) {
  await using database = await Database.create()
  database.query(newRoomSql)
  const names = candidateNames.filter((name) => name !== "postgres" || process.env.SQL_CANDIDATE_PATH)
  const variants = names.flatMap((name) =>
    ways.map((way) => ({ name, way, rounds: [] as Round[], serverCpuUs: [] as number[] })),
  )
  let firstBatch = 0
  for (let round = 0; round < rounds; round++) {
    for (const variant of variants) {
      const args = [
        import.meta.path,
        "--child",
        variant.name,
        "--way",
        variant.way,
        "--first",
        String(firstBatch),
      ]
      const child = Bun.spawn([process.execPath, ...args, "--dir", database.socketDir, "--ms", String(ms)], {
        stdout: "pipe",
        stderr: "inherit",
      })
      await Bun.sleep(ms / 2)
      const [pid] = database.backends("candidate")
      const before = { cpuMs: cpuMsOf(pid!), batch: Number(database.query("SELECT max(batch) FROM entries")) }
      await Bun.sleep(ms / 4)
      const after = { cpuMs: cpuMsOf(pid!), batch: Number(database.query("SELECT max(batch) FROM entries")) }
      variant.serverCpuUs.push(((after.cpuMs - before.cpuMs) * 1000) / (after.batch - before.batch))
      const text = await new Response(child.stdout).text()
      if ((await child.exited) !== 0) throw new Error(`${variant.name} failed`)
      variant.rounds.push(JSON.parse(text) as Round)
      firstBatch += 1_000_000
    }
  }
  return variants.map(({ name, way, rounds: list, serverCpuUs }) => ({
    name,
    way,
    rounds: list.length,
    batchesPerSecond: spread(list.map((round) => round.batchesPerSecond)),
    clientCpuUs: spread(list.map((round) => round.clientCpuUs)),
    serverCpuUs: spread(serverCpuUs),
    p50Ms: spread(list.map((round) => round.p50Ms)),
    p99Ms: spread(list.map((round) => round.p99Ms)),
  }))
}

function spread(list: number[]) {
  const sorted = [...list].sort((a, b) => a - b)
  const round = (value: number) => Number(value.toPrecision(4))
  return {
    p50: round(sorted[Math.floor(sorted.length / 2)]!),
    min: round(sorted[0]!),
    max: round(sorted.at(-1)!),
  }
}

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "5" },
    ms: { type: "string", default: "3000" },
    child: { type: "string" },
    way: { type: "string", default: "" },
    first: { type: "string", default: "0" },
    dir: { type: "string", default: "" },
  },
})
if (values.child) {
  console.log(
    JSON.stringify(
      await measure(values.child, values.way, values.dir, Number(values.first), Number(values.ms)),
    ),
  )
  process.exit(0)
}
console.log(
  JSON.stringify(
    { bun: Bun.version, rows, results: await compare(Number(values.rounds), Number(values.ms)) },
    null,
    2,
  ),
)
