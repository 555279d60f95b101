import type { Database } from "../../db/sql.ts"
import { AppError } from "../../lib/app-error.ts"
import type { Clock } from "../../lib/clock.ts"
import type { GroupCommit } from "../../log/group-commit.ts"
import type { Events } from "../../observe/events.ts"

const PROBE_MS = 1_000

/** Answers why this node cannot serve; undefined when it can. Never rejects, and takes a second at most. */
export function readinessOf(parts: {
  readonly db: Database
  readonly log: GroupCommit
  readonly clock: Clock
  readonly isDraining: () => boolean
}): () => Promise<string | undefined> {
  const { db, log, clock, isDraining } = parts
  return async () => {
    if (isDraining()) return "This node is shutting down."
    const probe = (log.isFailing ? db.pingWrite() : db.ping()).then(
      () => {
        log.isFailing = false
        return undefined
      },
      () => "The database is away, or does not take writes.",
    )
    const late = new Promise<string>((resolve) =>
      clock.after(PROBE_MS, () => resolve("The database is slow.")),
    )
    return Promise.race([probe, late])
  }
}

/** The AppError to tell of a failure of a request; what is ours is logged. */
export const toldBy =
  (events: Events, isOutage: (error: unknown) => boolean) =>
  (error: unknown): AppError => {
    if (error instanceof AppError) return error
    if (isOutage(error)) {
      events.databaseAway(error)
      return new AppError("unavailable", "The database is away.", { retryAfterMs: 1_000 })
    }
    events.broke("http", error)
    return new AppError("internal")
  }
