import { parseArgs } from "node:util"
import { delay, systemClock } from "../../packages/server/src/lib/clock.ts"
import { seededRandom } from "../../packages/server/src/lib/random.ts"
import { check, type Verdict } from "./checker.ts"
import { Crowd } from "./crowd.ts"
import { readFinalLog, readHeads } from "./final-log.ts"
import { makeRoom } from "./make-room.ts"
import { PlainClient } from "./plain-client.ts"
import { RawSocket } from "./raw-socket.ts"
import { Victim } from "./victim.ts"

export interface SlowReaderOptions {
  readonly seconds: number
  readonly perSecond: number
  readonly contentChars: number
  /** False: the same run, in which everyone reads. */
  readonly isSlow: boolean
}

export interface SlowReaderOutcome {
  readonly verdict: Verdict
  /** Deliveries to the others, and how late they were. */
  readonly deliveries: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly troubles: readonly string[]
  readonly rssKb: { readonly before: number; readonly peak: number; readonly after: number }
  /** How the slow one lost its connections. */
  readonly closeCodes: readonly number[]
  /** Its view is the log after it came back. */
  readonly caughtUp: boolean
  readonly paged: number
  readonly gaps: number
}

const WARM_UP_S = 2
const RSS_EVERY_MS = 200
const CATCH_UP_MAX_MS = 60_000

/** A room at a steady rate in which one reader stops reading, and comes back. */
export async function slowReader(options: SlowReaderOptions): Promise<SlowReaderOutcome> {
  const { seconds, perSecond, contentChars, isSlow } = options
  await using victim = await Victim.open({ random: seededRandom(1) })
  const room = await makeRoom(victim.url, "busy")
  const crowd = new Crowd({ wsUrl: victim.wsUrl, room, perSecond, contentChars })
  let socket: RawSocket | undefined
  const reader = new PlainClient({
    name: "reader",
    wsUrls: [victim.wsUrl],
    rooms: [room],
    random: seededRandom(2),
    dial: (url) => {
      socket = new RawSocket(url)
      return socket
    },
  })
  await crowd.gather()
  reader.connect()
  while (!reader.isLive) await delay(systemClock, 10)
  await crowd.talk(WARM_UP_S)
  crowd.latenciesMs.length = 0

  const before = victim.rssKb()
  let peak = before
  const cancelRss = systemClock.every(RSS_EVERY_MS, () => {
    peak = Math.max(peak, victim.rssKb())
  })
  if (isSlow) socket?.pause()
  await crowd.talk(seconds)
  cancelRss()
  if (isSlow) socket?.resume()
  const caughtUp = await catchesUp(victim, reader, room)
  const after = victim.rssKb()
  const views = reader.shown()
  crowd.leave()
  reader.leave()
  const latencies = crowd.latenciesMs.toSorted((a, b) => a - b)
  const at = (share: number) => latencies[Math.ceil(share * latencies.length) - 1] ?? Number.NaN
  const verdict = check({
    sends: crowd.sends,
    changes: [],
    connections: reader.connections,
    views,
    log: await readFinalLog(victim.dataDir),
  })
  return {
    verdict,
    deliveries: latencies.length,
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    troubles: crowd.troubles,
    rssKb: { before, peak, after },
    closeCodes: reader.closeCodes,
    caughtUp,
    paged: reader.paged,
    gaps: reader.gaps,
  }
}

/** Resolves whether the reader stands at the room's head in time. */
async function catchesUp(victim: Victim, reader: PlainClient, room: string): Promise<boolean> {
  const endMs = performance.now() + CATCH_UP_MAX_MS
  const head = (await readHeads(victim.dataDir)).get(room)
  while (performance.now() < endMs) {
    if (reader.isLive && reader.headOf(room) === head) return true
    await delay(systemClock, 50)
  }
  return false
}

if (import.meta.main) {
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(130))
  const { values } = parseArgs({
    options: {
      seconds: { type: "string", default: "60" },
      rate: { type: "string", default: "1000" },
      chars: { type: "string", default: "500" },
    },
  })
  const options = {
    seconds: Number(values.seconds),
    perSecond: Number(values.rate),
    contentChars: Number(values.chars),
  }
  const p99s: number[] = []
  for (const isSlow of [false, true]) {
    const outcome = await slowReader({ ...options, isSlow })
    const { rssKb, p50Ms, p99Ms, verdict, ...rest } = outcome
    p99s.push(p99Ms)
    console.log(`${isSlow ? "one stops reading" : "everyone reads"}: ${JSON.stringify(rest)}`)
    console.log(`  p50 ${p50Ms.toFixed(1)} ms, p99 ${p99Ms.toFixed(1)} ms`)
    console.log(`  RSS ${rssKb.before} KB, peak ${rssKb.peak} KB, after ${rssKb.after} KB`)
    console.log(`  ${JSON.stringify(verdict.faults)} ${verdict.samples.join("; ")}`)
  }
  console.log(`p99 with over without: ${(p99s[1]! / p99s[0]!).toFixed(2)}`)
  process.exit(0)
}
