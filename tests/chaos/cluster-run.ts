import { delay, systemClock } from "../../packages/server/src/lib/clock.ts"
import { type Random, randomInt, seededRandom } from "../../packages/server/src/lib/random.ts"
import { check, type Verdict } from "./checker.ts"
import { Cluster } from "./cluster.ts"
import { clusterFaults, type FaultKind, faultKinds } from "./cluster-faults.ts"
import { Load } from "./load.ts"

export interface ClusterRunOptions {
  readonly seed: number
  readonly nodes: number
  readonly perSecond: number
  readonly plainCount: number
  readonly sdkCount: number
  readonly roomCount: number
  /** Ends after so many faults, or so many ms of them. */
  readonly faultsMax: number
  readonly forMs: number
  /** Between the end of one fault and the next. */
  readonly restMs: readonly [min: number, max: number]
  readonly settleMs: number
  readonly entry?: string
  readonly onLate?: (laggards: readonly string[]) => void
  readonly onFault?: (kind: FaultKind, count: number) => void
}

/** Everyone is back and at the log's heads so soon after the last fault. */
export const convergeMs = 10_000

export interface ClusterOutcome {
  readonly verdict: Verdict
  /** How often each happened. */
  readonly faults: Readonly<Partial<Record<FaultKind, number>>>
  readonly faultCount: number
  /** Faults that hit while a send was on its way. */
  readonly withUnacked: number
  readonly acks: number
  readonly stored: number
  readonly reconnects: number
  readonly replayed: number
  readonly gaps: number
  /** Everyone was back and at the log's heads in time, and how long after the last fault. */
  readonly settled: boolean
  readonly settledMs: number
  readonly seconds: number
  readonly complaints: readonly string[]
}

/** Load on several nodes, faults that the seed chooses, each kind once before any comes again, and the verdict. */
export async function runCluster(options: ClusterRunOptions): Promise<ClusterOutcome> {
  const { seed, perSecond, plainCount, sdkCount, roomCount, entry } = options
  const random = seededRandom(seed)
  await using cluster = await Cluster.open({
    count: options.nodes,
    random,
    ...(entry === undefined ? {} : { entry }),
  })
  const startMs = performance.now()
  const load = await Load.begin({
    target: { urls: cluster.urls, dataDir: cluster.dataDir },
    random: seededRandom(seed + 1),
    ...{ perSecond, plainCount, sdkCount, roomCount },
  })
  const faults: Partial<Record<FaultKind, number>> = {}
  let [faultCount, withUnacked] = [0, 0]
  for (const kind of inTurns(random)) {
    if (faultCount >= options.faultsMax || performance.now() - startMs >= options.forMs) break
    await delay(systemClock, options.restMs[0] + random.float() * (options.restMs[1] - options.restMs[0]))
    if (load.onTheWayCount > 0) withUnacked++
    await clusterFaults[kind](cluster, random)
    faults[kind] = (faults[kind] ?? 0) + 1
    faultCount++
    options.onFault?.(kind, faultCount)
  }
  const lastMs = performance.now()
  const settled = (await load.settle(convergeMs)) || (await late(load, options))
  const settledMs = performance.now() - lastMs
  const evidence = await load.evidence()
  return {
    verdict: check(evidence),
    ...{ faults, faultCount, withUnacked, settled, settledMs },
    acks: load.ackCount,
    stored: evidence.log.reduce((sum, room) => sum + room.entries.length, 0),
    reconnects: load.sum("reconnects"),
    replayed: load.sum("replayed"),
    gaps: load.sum("gaps"),
    seconds: (performance.now() - startMs) / 1_000,
    complaints: cluster.complaints,
  }
}

/** Says who is late, and waits for them. */
async function late(load: Load, { settleMs, onLate }: ClusterRunOptions): Promise<boolean> {
  onLate?.(await load.laggards())
  return load.settle(settleMs - convergeMs)
}

/** All kinds in an order of chance, again and again. */
function* inTurns(random: Random): Generator<FaultKind> {
  for (;;) {
    const kinds = [...faultKinds]
    while (kinds.length > 0) yield kinds.splice(randomInt(random, kinds.length), 1)[0]!
  }
}
