import type { Measure, Outcome } from "./measure.ts"
import { makeSeats, openSeats, setStage } from "./stage.ts"
import { takeWindow } from "./window.ts"

/** Durable acks: the most in a closed loop over several windows, and their latency at an open rate. */
export const acks: Measure = {
  name: "acks",
  rounds: (settings) => settings.acks.rounds,
  fits: (target) => target.wire.acks,
  async take(target, settings) {
    const { connections, rooms, windowsMax, closedMs, openRatePerSec, openMs } = settings.acks
    await using stage = await setStage(target, settings)
    await openSeats(stage, makeSeats(0, connections, connections / rooms), settings)
    const open = { kind: "open", ratePerSec: openRatePerSec } as const
    const outcomes: Outcome[] = await takeWindow(stage, settings, `open ${openRatePerSec}/s`, open, openMs)
    for (const windowMax of windowsMax) {
      const pace = { kind: "closed", windowMax } as const
      outcomes.push(...(await takeWindow(stage, settings, `closed, window ${windowMax}`, pace, closedMs)))
    }
    return outcomes
  },
}
