import type { Mark, Pace } from "../load.ts"
import { readCoreTicks } from "../machine.ts"
import { readCpuUs, readTreeCpuUs, tickUs } from "../process-stat.ts"
import { spread } from "../quantile.ts"
import type { Figures } from "../results.ts"
import type { Settings } from "../settings.ts"
import type { Outcome } from "./measure.ts"
import type { Stage } from "./stage.ts"

interface Point {
  marks: Mark[]
  serverUs: number
  databaseUs: number
  cores: { all: number; idle: number }
}

/** Loads a stage, and tells what passed in a window of it; tried again while the generator was the bottleneck. */
export async function takeWindow(
  stage: Stage,
  settings: Settings,
  name: string,
  pace: Pace,
  windowMs: number,
): Promise<Outcome[]> {
  const outcomes: Outcome[] = []
  for (let attempt = 0; attempt <= settings.repeatsMax; attempt++) {
    const outcome = await tryWindow(stage, settings, pace, windowMs)
    outcomes.push({ ...outcome, case: name, attempt })
    if (outcome.void === null) break
  }
  return outcomes
}

async function tryWindow(stage: Stage, settings: Settings, pace: Pace, windowMs: number) {
  const { crew } = stage
  const share = (i: number): Pace =>
    pace.kind === "open" ? { ...pace, ratePerSec: pace.ratePerSec * crew.shareOf(i) } : pace
  await crew.askEach("start", (i) => ({ pace: share(i), contentBytes: settings.contentBytes }))
  await Bun.sleep(settings.warmMs)
  const from = await takePoint(stage)
  await Bun.sleep(windowMs)
  const to = await takePoint(stage)
  const { drainMs } = settings
  const samples = await crew.askEach("stop", (i) => ({ from: from.marks[i]!, to: to.marks[i]!, drainMs }))
  const health = await crew.askEach("health", () => null)
  const join = (key: "lastMs" | "ackMs" | "lateMs" | "lagMs") => joinArrays(samples.map((one) => one[key]))
  const acked = stage.acks
  const figures = {
    ...countFigures(from, to),
    ...spreadFigures("last", join("lastMs")),
    ...(acked ? spreadFigures("ack", join("ackMs")) : {}),
    ...spreadFigures("late", join("lateMs")),
    ...spreadFigures("lag", join("lagMs")),
    undelivered: samples.reduce((sum, one) => sum + one.undelivered, 0),
    ...(acked ? { unacked: samples.reduce((sum, one) => sum + one.unacked, 0) } : {}),
    lost: health.reduce((sum, one) => sum + one.lost, 0),
    errors: health.reduce((sum, one) => sum + one.errorCount, 0),
    errorTexts: health.flatMap((one) => one.errors),
  }
  return { figures: figures as Figures, void: judge(figures, settings, pace) }
}

async function takePoint({ crew, server }: Stage): Promise<Point> {
  const marks = await crew.askEach("mark", () => null)
  return {
    marks,
    serverUs: readCpuUs(server.pid),
    databaseUs: server.databasePid === null ? 0 : readTreeCpuUs(server.databasePid),
    cores: readCoreTicks(),
  }
}

function countFigures(from: Point, to: Point) {
  const total = (point: Point, key: "sent" | "deliveries" | "acks") =>
    point.marks.reduce((sum, mark) => sum + mark[key], 0)
  const passed = (key: "sent" | "deliveries" | "acks") => total(to, key) - total(from, key)
  const wallMs = to.marks[0]!.atMs - from.marks[0]!.atMs
  const serverUs = to.serverUs - from.serverUs
  const databaseUs = to.databaseUs - from.databaseUs
  const deliveries = passed("deliveries")
  const cores = to.cores.all - from.cores.all
  const idle = to.cores.idle - from.cores.idle
  const generatorsUs = to.marks.reduce((sum, mark, i) => sum + mark.cpuUs - from.marks[i]!.cpuUs, 0)
  const othersUs = Math.max(0, (cores - idle) * tickUs - serverUs - databaseUs - generatorsUs)
  return {
    wallMs: round(wallMs),
    sentPerSec: round((passed("sent") / wallMs) * 1000),
    deliveries,
    deliveriesPerSec: round((deliveries / wallMs) * 1000),
    acksPerSec: round((passed("acks") / wallMs) * 1000),
    cpuUsPerDelivery: round(serverUs / deliveries),
    cpuWithDatabaseUsPerDelivery: round((serverUs + databaseUs) / deliveries),
    serverCpuShare: round(serverUs / 1000 / wallMs),
    databaseCpuShare: round(databaseUs / 1000 / wallMs),
    generatorCpuShares: to.marks.map((mark, i) => {
      const before = from.marks[i]!
      return round((mark.cpuUs - before.cpuUs) / 1000 / (mark.atMs - before.atMs))
    }),
    othersCpuShare: round(othersUs / 1000 / wallMs),
    machineIdleShare: round(cores === 0 ? 0 : idle / cores),
  }
}

/** Says why a window tells of the generator, not of the server; null when it tells of the server. */
export function judge(
  figures: {
    generatorCpuShares: number[]
    serverCpuShare: number
    othersCpuShare: number
    lateP99Ms?: number
  },
  settings: Pick<Settings, "generatorCpuShareMax" | "othersCpuShareMax" | "latenessP99MsMax">,
  pace: Pace,
): string | null {
  const busiest = Math.max(...figures.generatorCpuShares)
  const { generatorCpuShareMax, latenessP99MsMax } = settings
  if (busiest > generatorCpuShareMax && figures.serverCpuShare < generatorCpuShareMax) {
    return `a generator used ${percent(busiest)} of its core, the server ${percent(figures.serverCpuShare)}`
  }
  if (figures.othersCpuShare > settings.othersCpuShareMax) {
    return `other processes used ${percent(figures.othersCpuShare)} of a core meanwhile`
  }
  if (pace.kind === "open" && (figures.lateP99Ms ?? 0) > latenessP99MsMax) {
    return `sends were late: p99 ${figures.lateP99Ms} ms`
  }
  return null
}

function spreadFigures<K extends string>(name: K, samples: Float64Array) {
  const { n, p50, p99, max } = spread(samples)
  return {
    [`${name}N`]: n,
    [`${name}P50Ms`]: round(p50),
    [`${name}P99Ms`]: round(p99),
    [`${name}MaxMs`]: round(max),
  }
}

function joinArrays(parts: Float64Array[]): Float64Array {
  const joined = new Float64Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    joined.set(part, at)
    at += part.length
  }
  return joined
}

function round(value: number): number {
  return Number.isFinite(value) ? Math.round(value * 1000) / 1000 : value
}

const percent = (share: number) => `${Math.round(share * 100)} %`
