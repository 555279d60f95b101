import type { Mark, Pace } from "./load.ts"
import type { Recovery } from "./recovery.ts"
import type { Seat } from "./swarm.ts"
import type { Samples } from "./tally.ts"
import type { Wire } from "./wire.ts"

/** What the runner asks of a generator process, and what it answers. */
export interface Orders {
  connect: {
    ask: { wire: Wire; hostname: string; port: number; source: number; resume: string | null }
    answer: null
  }
  open: { ask: { seats: Seat[]; inFlightMax: number }; answer: { joined: number; failed: number } }
  start: { ask: { pace: Pace; contentBytes: number }; answer: null }
  mark: { ask: null; answer: Mark }
  stop: {
    ask: { from: Mark; to: Mark; drainMs: number }
    answer: Samples & { lagMs: Float64Array }
  }
  reset: { ask: { burst: string[]; timeoutMs: number }; answer: Recovery }
  health: { ask: null; answer: { lost: number; errorCount: number; errors: string[] } }
  close: { ask: null; answer: null }
}

export type OrderName = keyof Orders

/** An order on its way to a generator process. */
export interface Order<N extends OrderName = OrderName> {
  id: number
  name: N
  ask: Orders[N]["ask"]
}

/** Its answer, or why there is none. */
export interface Answer {
  id: number
  answer?: unknown
  error?: string
}
