import { closeTable, type ErrorCode } from "@klatch/protocol"
import { faultOf, placesOf } from "./fault.ts"
import type { Logger } from "./logger.ts"
import type { Metrics } from "./metrics.ts"

const countedCodes = new Set<number>([...Object.values(closeTable).map(({ code }) => code), 1005, 1006])

const AWAY_TOLD_EVERY = 100

/** One function a business event: it is counted, and where someone would want to read it, written to the log. */
export class Events {
  readonly #log: Logger
  readonly #metrics: Metrics
  #awayTold = 0

  constructor(log: Logger, metrics: Metrics) {
    this.#log = log
    this.#metrics = metrics
  }

  flushed(count: number, ms: number): void {
    this.#metrics.flushSize.observe(count)
    this.#metrics.writeMs.observe(ms)
  }

  flushFailed(error: unknown, willRetry: boolean): void {
    this.#metrics.outages.inc()
    this.#log.warn(
      { event: "flush_failed", willRetry, ...faultOf(error) },
      "the database did not take a flush",
    )
  }

  /** Someone was told `unavailable`. Counted each time; written once in a while, since it comes in crowds. */
  databaseAway(error: unknown): void {
    this.#metrics.outages.inc()
    if (this.#awayTold++ % AWAY_TOLD_EVERY === 0)
      this.#log.warn({ event: "database_away", ...faultOf(error) }, "the database could not answer a request")
  }

  queried(_ms: number, lane: string): void {
    this.#metrics.queries.inc({ lane })
  }

  healed(roomId: string, count: number): void {
    this.#metrics.heals.inc(count)
    this.#log.info({ event: "delivery_healed", room_id: roomId, count }, "delivery read what it had missed")
  }

  deliveryFailed(error: unknown): void {
    this.#log.warn(
      { event: "delivery_failed", ...faultOf(error) },
      "delivery could not read the log and tries again",
    )
  }

  /** The way to the other nodes. While it is down, what they store is looked for in the database. */
  busIs(isUp: boolean, why: string | undefined): void {
    this.#metrics.busUp.set(isUp ? 1 : 0)
    if (isUp) this.#log.info({ event: "bus_up" }, "the bus is up: nodes hear each other")
    else
      this.#log.warn(
        { event: "bus_down", reason: why },
        "the bus is down: what other nodes store is looked for four times a second",
      )
  }

  retired(roomId: string, count: number): void {
    this.#metrics.retired.inc(count)
    this.#log.info({ event: "retention", room_id: roomId, count }, "retention removed entries")
  }

  retentionFailed(error: unknown): void {
    this.#log.warn({ event: "retention_failed", ...faultOf(error) }, "retention failed and tries again later")
  }

  /** What had expired could not be removed; it is tried again. */
  sweepFailed(error: unknown): void {
    this.#log.warn({ event: "sweep_failed", ...faultOf(error) }, "expired sign-ins could not be removed")
  }

  /** All that someone wrote is emptied, and all their memberships are over. */
  deleted(userId: string): void {
    this.#log.info({ event: "user_deleted", user_id: userId }, "a user's data are taken out")
  }

  deletionFailed(error: unknown): void {
    this.#log.warn(
      { event: "deletion_failed", ...faultOf(error) },
      "a user's data could not be taken out and it is tried again",
    )
  }

  /** Row-level security binds nobody: the database's role could not make the one that it would bind. */
  wallIsDown(): void {
    this.#log.warn(
      { event: "row_security_off" },
      "row-level security is off: the database's role may not make roles. As a superuser: CREATE ROLE klatch_reader; " +
        "GRANT klatch_reader TO the role, then the grants of migration 3",
    )
  }

  /** The provider that people sign in by was away, or said what it should not. Never with what it said. */
  providerFailed(error: unknown): void {
    const told = (error as { error?: unknown } | null)?.error
    this.#log.warn(
      { event: "provider_failed", ...faultOf(error), ...(typeof told === "string" && { told }) },
      "the OpenID provider did not answer as it should",
    )
  }

  connected(userId: string): void {
    this.#log.debug({ event: "connected", user_id: userId }, "connected")
  }

  disconnected(userId: string, code: number): void {
    // A client may choose any code: only the contract's, and those of a connection that just broke, are counted apart.
    this.#metrics.closes.inc({ code: countedCodes.has(code) ? String(code) : "other" })
    this.#log.debug({ event: "disconnected", user_id: userId, code }, "disconnected")
  }

  /** Frames since the last word of them: told once a sweep, since one a frame would be felt. */
  received(count: number): void {
    this.#metrics.frames.inc(count)
  }

  answeredError(code: ErrorCode): void {
    this.#metrics.errors.inc({ code })
  }

  /** Something of ours broke; whoever asked was told `internal`. */
  broke(where: string, error: unknown): void {
    this.#log.error(
      { event: "broke", where, ...faultOf(error), at: placesOf(error) },
      "a request failed by our fault",
    )
  }

  requested(status: number): void {
    this.#metrics.requests.inc({ status: `${Math.floor(status / 100)}xx` })
  }
}
