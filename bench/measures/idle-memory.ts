import { readRssKb, readSlabKb } from "../process-stat.ts"
import { slope } from "../quantile.ts"
import type { Measure } from "./measure.ts"
import { makeSeats, openSeats, setStage } from "./stage.ts"

const samplesPerSettle = 5

/** What an idle, joined connection keeps resident, as a slope over many; the kernel's slab beside it. */
export const idleMemory: Measure = {
  name: "idle-memory",
  rounds: (settings) => settings.idleMemory.rounds,
  fits: () => true,
  async take(target, settings) {
    const { stepsConnections, perRoom, settleMs } = settings.idleMemory
    await using stage = await setStage(target, settings)
    const points: number[][] = []
    let open = 0
    for (const connections of stepsConnections) {
      await openSeats(stage, makeSeats(open, connections - open, perRoom), settings)
      open = connections
      points.push([connections, ...(await readSettled(stage.server.pid, settleMs))])
    }
    const health = await stage.crew.askEach("health", () => null)
    const figures = {
      pointsConnectionsRssKbSlabKb: points,
      slopeKb: roundKb(slope(points.map(([x, rss]) => [x!, rss!] as const))),
      slabSlopeKb: roundKb(slope(points.map(([x, , slab]) => [x!, slab!] as const))),
      baseRssKb: points[0]![1]!,
      lost: health.reduce((sum, one) => sum + one.lost, 0),
    }
    const lost = figures.lost > 0 ? `${figures.lost} connections were lost on the way` : null
    return [{ case: `0..${open}`, attempt: 0, void: lost, figures }]
  },
}

// The least of several readings: a heap about to be collected is not what a connection needs.
async function readSettled(pid: number, settleMs: number): Promise<[rssKb: number, slabKb: number]> {
  let rssKb = Number.POSITIVE_INFINITY
  let slabKb = Number.POSITIVE_INFINITY
  for (let i = 0; i < samplesPerSettle; i++) {
    await Bun.sleep(settleMs / samplesPerSettle)
    rssKb = Math.min(rssKb, readRssKb(pid))
    slabKb = Math.min(slabKb, readSlabKb())
  }
  return [rssKb, slabKb]
}

function roundKb(value: number): number {
  return Math.round(value * 100) / 100
}
