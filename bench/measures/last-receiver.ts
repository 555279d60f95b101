import type { Measure } from "./measure.ts"
import { makeSeats, openSeats, setStage } from "./stage.ts"
import { takeWindow } from "./window.ts"

/** From the intended send to the last of a room's receivers. */
export const lastReceiver: Measure = {
  name: "last-receiver",
  rounds: (settings) => settings.lastReceiver.rounds,
  fits: () => true,
  async take(target, settings) {
    const { receivers, ratePerSec, windowMs } = settings.lastReceiver
    await using stage = await setStage(target, settings)
    await openSeats(stage, makeSeats(0, receivers, receivers), settings)
    // `await`, or the stage would be gone before the window begins.
    return await takeWindow(
      stage,
      settings,
      `${ratePerSec}/s x ${receivers}`,
      { kind: "open", ratePerSec },
      windowMs,
    )
  },
}
