import { delay, systemClock } from "../../packages/server/src/lib/clock.ts"
import { type Random, randomInt, seededRandom } from "../../packages/server/src/lib/random.ts"
import { check, type Verdict } from "./checker.ts"
import { Load } from "./load.ts"
import { Victim } from "./victim.ts"

export interface RunOptions {
  readonly seed: number
  readonly perSecond: number
  /** kill -9 of the server. */
  readonly kills: number
  /** Of those, how many take PostgreSQL along. */
  readonly withPostgres: number
  /** Beside those: kill -9 of PostgreSQL alone, the server staying. */
  readonly postgresOnly: number
  /** From the moment the server listens to the next kill. */
  readonly lifeMs: readonly [min: number, max: number]
  readonly entry?: string
  readonly env?: Record<string, string>
  readonly settleMs?: number
  readonly sleeperCount?: number
  readonly sleepMs?: readonly [min: number, max: number]
  readonly onKill?: (count: number, figures: Figures) => void
}

export interface Figures {
  acks: number
  stored: number
  kills: number
  killsWithPostgres: number
  killsOfPostgres: number
  /** Kills of the server before it listened. */
  killsAtStart: number
  /** Kills that hit while a send was on its way. */
  killsWithUnacked: number
  reconnects: number
  /** Entries replayed to those who resumed. */
  replayed: number
  gaps: number
  paged: number
  /** Sends made again because their ack was lost. */
  resent: number
  /** From a kill to listening again. */
  downMs: number[]
  seconds: number
}

export interface Outcome {
  readonly verdict: Verdict
  readonly figures: Figures
  /** Everyone was back and at the log's heads in time. */
  readonly settled: boolean
  /** What the server logged as errors. */
  readonly complaints: readonly string[]
}

type Blow = "server" | "both" | "start" | "postgres"

/** Load, kills at moments that the seed chooses, and the verdict. Rejects when the server cannot be started again. */
export async function run(options: RunOptions): Promise<Outcome> {
  const random = seededRandom(options.seed)
  const { entry, env } = options
  await using victim = await Victim.open({
    random,
    ...(entry === undefined ? {} : { entry }),
    ...(env === undefined ? {} : { env }),
  })
  const startMs = performance.now()
  const { perSecond, sleeperCount, sleepMs } = options
  const load = await Load.begin({
    target: { urls: [victim.url], dataDir: victim.dataDir },
    random: seededRandom(options.seed + 1),
    perSecond,
    ...(sleeperCount === undefined ? {} : { sleeperCount }),
    ...(sleepMs === undefined ? {} : { sleepMs }),
  })
  const figures: Figures = {
    acks: 0,
    stored: 0,
    kills: 0,
    killsWithPostgres: 0,
    killsOfPostgres: 0,
    killsAtStart: 0,
    killsWithUnacked: 0,
    reconnects: 0,
    replayed: 0,
    gaps: 0,
    paged: 0,
    resent: 0,
    downMs: [],
    seconds: 0,
  }
  for (const blow of planOf(options, random)) {
    await delay(systemClock, between(random, options.lifeMs))
    await strike(blow, victim, load, figures, random)
    options.onKill?.(figures.kills + figures.killsOfPostgres, figures)
  }
  await delay(systemClock, options.lifeMs[1])
  const settled = await load.settle(options.settleMs ?? 30_000)
  const evidence = await load.evidence()
  figures.acks = load.ackCount
  figures.stored = evidence.log.reduce((sum, room) => sum + room.entries.length, 0)
  figures.reconnects = load.sum("reconnects")
  figures.replayed = load.sum("replayed")
  figures.gaps = load.sum("gaps")
  figures.paged = load.plain.reduce((sum, client) => sum + client.paged, 0)
  figures.resent = load.plain.reduce((sum, client) => sum + client.resent, 0)
  figures.seconds = (performance.now() - startMs) / 1_000
  return { verdict: check(evidence), figures, settled, complaints: victim.complaints }
}

/** One in twenty kills of the server alone comes while it is starting. */
function planOf({ kills, withPostgres, postgresOnly }: RunOptions, random: Random): Blow[] {
  const alone = kills - withPostgres
  const atStart = Math.floor(alone / 20)
  const plan: Blow[] = [
    ...Array<Blow>(alone - atStart).fill("server"),
    ...Array<Blow>(atStart).fill("start"),
    ...Array<Blow>(withPostgres).fill("both"),
    ...Array<Blow>(postgresOnly).fill("postgres"),
  ]
  for (let i = plan.length - 1; i > 0; i--) {
    const j = randomInt(random, i + 1)
    ;[plan[i], plan[j]] = [plan[j]!, plan[i]!]
  }
  return plan
}

async function strike(
  blow: Blow,
  victim: Victim,
  load: Load,
  figures: Figures,
  random: Random,
): Promise<void> {
  if (load.onTheWayCount > 0) figures.killsWithUnacked++
  const startMs = performance.now()
  if (blow === "postgres") {
    victim.killPostgres()
    figures.killsOfPostgres++
    return
  }
  await victim.kill(blow === "both")
  figures.kills++
  if (blow === "both") figures.killsWithPostgres++
  if (blow === "start") {
    // The life that is cut short counts as this kill; the one before it came with it.
    const started = victim.start()
    await delay(systemClock, between(random, [50, 700]))
    await victim.kill(random.float() < 0.5)
    await started
    figures.killsAtStart++
  }
  await victim.start()
  figures.downMs.push(performance.now() - startMs)
}

const between = (random: Random, [min, max]: readonly [number, number]) => min + random.float() * (max - min)
