import type { Measure, Outcome } from "./measure.ts"
import { makeSeats, openSeats, setStage } from "./stage.ts"
import { takeWindow } from "./window.ts"

/** What a delivery costs the server, at rising rates on the same connections. */
export const fanOut: Measure = {
  name: "fan-out",
  rounds: (settings) => settings.fanOut.rounds,
  fits: () => true,
  async take(target, settings) {
    const { connections, rooms, ratesPerSec, windowMs } = settings.fanOut
    await using stage = await setStage(target, settings)
    await openSeats(stage, makeSeats(0, connections, connections / rooms), settings)
    const outcomes: Outcome[] = []
    for (const ratePerSec of ratesPerSec) {
      const pace = { kind: "open", ratePerSec } as const
      outcomes.push(...(await takeWindow(stage, settings, `${ratePerSec}/s`, pace, windowMs)))
    }
    return outcomes
  },
}
