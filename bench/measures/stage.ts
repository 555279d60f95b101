import { rmSync } from "node:fs"
import { Crew } from "../crew.ts"
import type { Settings } from "../settings.ts"
import type { Seat } from "../swarm.ts"
import type { RunningTarget, Target } from "../targets/target.ts"

/** A started target and a crew of generators connected to it; both end with the stage. */
export interface Stage extends AsyncDisposable {
  server: RunningTarget
  crew: Crew
  /** True when the target acks, so that a missing ack is a figure and not its nature. */
  acks: boolean
}

/** Sets a stage on a fresh home. Throws when the target does not start. */
export async function setStage(
  target: Target,
  settings: Settings,
  resume: string | null = null,
): Promise<Stage> {
  const home = target.makeHome()
  const forget = () => {
    if (home !== null) rmSync(home, { recursive: true, force: true })
  }
  let server: RunningTarget
  try {
    server = await target.start(home)
  } catch (error) {
    forget()
    throw error
  }
  const crew = new Crew(settings.generators)
  const { hostname, port } = server
  await crew.askEach("connect", (source) => ({ wire: target.wire, hostname, port, source, resume }))
  return {
    server,
    crew,
    acks: target.wire.acks,
    async [Symbol.asyncDispose]() {
      await crew[Symbol.asyncDispose]()
      await server.stop()
      forget()
    },
  }
}

/** `count` seats from number `from` on, every user another, `perRoom` to a room; names of one width. */
export function makeSeats(from: number, count: number, perRoom: number): Seat[] {
  return Array.from({ length: count }, (_, i) => ({
    user: `u${String(from + i).padStart(5, "0")}`,
    room: `r${String(Math.floor((from + i) / perRoom)).padStart(3, "0")}`,
  }))
}

/** Opens seats on a stage. Throws when one could not join, with what the server said. */
export async function openSeats(stage: Stage, seats: Seat[], settings: Settings): Promise<void> {
  const failed = await stage.crew.open(seats, settings.connectInFlightMax)
  const lastWords = stage.server.lastWords()
  if (lastWords !== null) throw new Error(`the server ended: ${lastWords}`)
  if (failed === 0) return
  const health = await stage.crew.askEach("health", () => null)
  const said = health.flatMap((one) => one.errors).join(" | ")
  throw new Error(`${failed} of ${seats.length} connections did not join: ${said || "no answer"}`)
}
