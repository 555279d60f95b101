import { readCpuUs } from "../process-stat.ts"
import { spread } from "../quantile.ts"
import type { Measure } from "./measure.ts"
import { makeSeats, openSeats, setStage } from "./stage.ts"

const resumeFrame = '{"type":"resume","rooms":{"{room}":{seq}}}'
const burstFrame = '{"type":"message","room_id":"{room}","content":"while you were away","ref":"b"}'
const quietMs = 2_000

/** All connections reset at once: how long until each is back and caught up, and what it cost the database. */
export const reset: Measure = {
  name: "reset",
  rounds: (settings) => settings.reset.rounds,
  fits: (target) => target.wire.acks,
  async take(target, settings) {
    const { connections, perRoom, burstPerRoom, timeoutMs } = settings.reset
    await using stage = await setStage(target, settings, resumeFrame)
    // One more a room: it stays, and writes while the others are away.
    const seats = makeSeats(0, connections + Math.ceil(connections / perRoom), perRoom + 1)
    await openSeats(stage, seats, settings)
    await Bun.sleep(quietMs)
    const { server, crew } = stage
    const queriesBefore = await readQueries(server.hostname, server.port)
    const cpuBeforeUs = readCpuUs(server.pid)
    const burst = Array.from({ length: burstPerRoom }, () => burstFrame)
    const parts = await crew.askEach("reset", () => ({ burst, timeoutMs }))
    const queriesAfter = await readQueries(server.hostname, server.port)
    const back = spread(Float64Array.from(parts.flatMap((part) => [...part.backMs])))
    const queries: Record<string, number> = {}
    for (const [labels, count] of queriesAfter) queries[labels] = count - (queriesBefore.get(labels) ?? 0)
    const all = Object.values(queries).reduce((sum, count) => sum + count, 0)
    const health = await crew.askEach("health", () => null)
    const figures = {
      connections: back.n,
      backP50Ms: Math.round(back.p50),
      backP99Ms: Math.round(back.p99),
      backMaxMs: Math.round(back.max),
      retries: parts.reduce((sum, part) => sum + part.retries, 0),
      notWhole: parts.reduce((sum, part) => sum + part.notWhole, 0),
      queriesPerClient: queriesAfter.size === 0 ? Number.NaN : Math.round((all / back.n) * 10_000) / 10_000,
      queriesByLabel: Object.entries(queries).map(([labels, count]) => `${labels} ${count}`),
      serverCpuMs: Math.round((readCpuUs(server.pid) - cpuBeforeUs) / 1000),
      errorTexts: health.flatMap((one) => one.errors),
    }
    return [{ case: `${connections} at once`, attempt: 0, void: null, figures }]
  },
}

// Every series of the counter, by its labels; writes are in it too, so what is told is an upper bound on reads.
async function readQueries(hostname: string, port: number): Promise<Map<string, number>> {
  const response = await fetch(`http://${hostname}:${port}/metrics`)
  const series = new Map<string, number>()
  for (const line of (await response.text()).split("\n")) {
    const match = /^klatch_db_queries_total(\{.*\})?\s+(\S+)/.exec(line)
    if (match !== null) series.set(match[1] ?? "", Number(match[2]))
  }
  return series
}
