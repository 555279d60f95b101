import { rmSync } from "node:fs"
import { Swarm } from "../swarm.ts"
import type { Target } from "../targets/target.ts"
import type { Measure, Outcome } from "./measure.ts"

/** From the start of the process to the first connection that is upgraded and joined. */
export const coldStart: Measure = {
  name: "cold-start",
  rounds: (settings) => settings.coldStart.rounds,
  fits: () => true,
  async take(target) {
    const home = target.makeHome()
    try {
      const outcomes: Outcome[] = []
      if (home !== null) outcomes.push(await takeStart(target, home, "first"))
      outcomes.push(await takeStart(target, home, "next"))
      return outcomes
    } finally {
      if (home !== null) rmSync(home, { recursive: true, force: true })
    }
  },
}

async function takeStart(target: Target, home: string | null, name: string): Promise<Outcome> {
  const beganMs = performance.now()
  const server = await target.start(home)
  const listenMs = performance.now() - beganMs
  const swarm = new Swarm(target.wire, server, 0)
  const { joined } = await swarm.open([{ user: "u00000", room: "r000" }], 1)
  const joinedMs = joined === 1 ? performance.now() - beganMs : Number.POSITIVE_INFINITY
  swarm.close()
  const lastWords = server.lastWords()
  await server.stop()
  if (lastWords !== null) throw new Error(`the server ended: ${lastWords}`)
  return {
    case: name,
    attempt: 0,
    void: null,
    figures: { joinedMs: Math.round(joinedMs), listenMs: Math.round(listenMs) },
  }
}
