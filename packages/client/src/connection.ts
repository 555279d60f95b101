import type { User } from "@klatch/protocol"
import type { KlatchError } from "./error.ts"

/** How the connection stands, for people to see. */
export interface ConnectionState {
  readonly phase: "idle" | "connecting" | "open" | "waiting" | "closed"
  /** Failed tries in a row; 0 again once a connection has held for some seconds. */
  readonly attempt: number
  /** While waiting: when the next try is made, in ms since the Unix epoch. */
  readonly retryAtMs?: number
  /** Why the last connection ended, or why no more are tried. */
  readonly lastError?: KlatchError
  readonly user?: User
}
