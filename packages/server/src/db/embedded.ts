import { join } from "node:path"
import { backoffMs } from "../lib/backoff.ts"
import { type Clock, delay, holdProcess, systemClock } from "../lib/clock.ts"
import { chooseAccount } from "./embedded/account.ts"
import { findBinaries } from "./embedded/binaries.ts"
import { prepareCluster, superuser } from "./embedded/cluster.ts"
import { failureOf } from "./embedded/failure.ts"
import { closeThrowAway, type Home, openHome, openThrowAway, sweepThrowAways } from "./embedded/home.ts"
import { Postmaster, type PostmasterPlan } from "./embedded/postmaster.ts"
import { retire } from "./embedded/retire.ts"
import { ServerLog } from "./embedded/server-log.ts"
import { port, serverArgs } from "./embedded/settings.ts"
import { SocketDoor } from "./embedded/socket-door.ts"

export { EmbeddedError, type EmbeddedReason } from "./embedded/failure.ts"

export interface EmbeddedPostgresOptions {
  /** DATA_DIR: everything is kept in its sub-directory `postgres`. */
  dataDir: string
  /** ENABLE_PERSISTENCE=false: a temporary directory instead, without fsync, removed at stop. */
  throwAway?: boolean
  clock?: Clock
  /** Told what happens, in order; the caller logs it. */
  onEvent?: (event: EmbeddedEvent) => void
}

export type EmbeddedEvent =
  /** A PostgreSQL that a killed owner left running was shut down. */
  | { type: "retired"; pid: number }
  | { type: "started"; ms: number; firstEver: boolean; pid: number }
  | { type: "crashed"; code: number | null; signal: string | null }
  /** `cause` says why the attempt before this one failed. */
  | { type: "restarting"; attempt: number; cause: string | null }
  /** `ms` since the crash. */
  | { type: "restarted"; ms: number; pid: number }
  | { type: "stopped" }

export interface EmbeddedConnection {
  /** The directory of the unix socket; it stays the same over restarts. */
  host: string
  port: number
  user: string
  database: string
  password?: string
}

/**
 * A real PostgreSQL under DATA_DIR, ours alone while this lives, and supervised: however it ends, it is started
 * again at the same socket with growing pauses, for ever, until `stop`. Clients only wait. It holds that a commit
 * that was answered is on disk, and that never two postmasters run on one directory.
 */
export class EmbeddedPostgres {
  readonly connection: EmbeddedConnection
  readonly #parts: Parts
  readonly #stopping = new AbortController()
  readonly #supervision: Promise<void>
  readonly #cancelUpkeep: () => void
  #postmaster: Postmaster
  #stopped: Promise<void> | null = null

  private constructor(parts: Parts, postmaster: Postmaster) {
    this.#parts = parts
    this.#postmaster = postmaster
    this.connection = { host: parts.door.host, port, user: superuser, database: "postgres" }
    this.#cancelUpkeep = parts.plan.clock.every(upkeepMs, () => {
      parts.plan.log.bound()
      parts.door.keep()
    })
    this.#supervision = this.#supervise()
    endWithUs(this)
  }

  /** Resolves when it accepts connections. Throws EmbeddedError; nothing is left running or locked then. */
  static start(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
    return held(async () => {
      const clock = options.clock ?? systemClock
      const startMs = clock.monotonicMs()
      const emit = emitter(options.onEvent)
      const home = options.throwAway ? openThrowAway() : openHome(options.dataDir)
      let door: SocketDoor | null = null
      try {
        if (options.throwAway) await sweepThrowAways(clock)
        const { plan, firstEver } = await prepare(home, options.throwAway ?? false, clock)
        door = SocketDoor.open(home.path, plan.data)
        const retired = await retire(plan.data, door.host, clock)
        if (retired !== null) emit({ type: "retired", pid: retired })
        const postmaster = await Postmaster.start(plan)
        const parts: Parts = { home, door, plan, emit, throwAway: options.throwAway ?? false }
        emit({ type: "started", ms: clock.monotonicMs() - startMs, firstEver, pid: postmaster.pid })
        return new EmbeddedPostgres(parts, postmaster)
      } catch (error) {
        door?.close()
        if (options.throwAway) closeThrowAway(home)
        else home.lock.release()
        throw failureOf(error, home.path)
      }
    })
  }

  /** The postmaster's pid; another one after a restart. */
  get pid(): number {
    return this.#postmaster.pid
  }

  /** Fast shutdown, then the lock is released. Never rejects; a second call waits for the first. */
  stop(): Promise<void> {
    this.#stopped ??= held(async () => {
      this.#stopping.abort()
      this.#cancelUpkeep()
      await this.#postmaster.stop()
      await this.#supervision
      this.#leave()
      this.#parts.emit({ type: "stopped" })
    })
    return this.#stopped
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }

  /** For a process that is exiting and cannot wait: the shutdown goes on without us. */
  abandon(): void {
    this.#stopping.abort()
    this.#postmaster.abandon(this.#parts.throwAway ? "SIGKILL" : "SIGINT")
    if (this.#parts.throwAway) this.#leave()
  }

  #leave(): void {
    running.delete(this)
    this.#parts.door.close()
    if (this.#parts.throwAway) closeThrowAway(this.#parts.home)
    else this.#parts.home.lock.release()
  }

  async #supervise(): Promise<void> {
    const { plan, door, emit } = this.#parts
    const { signal } = this.#stopping
    let attempt = 0
    for (;;) {
      const upMs = plan.clock.monotonicMs()
      const exit = await this.#postmaster.exited
      if (signal.aborted) return
      const downMs = plan.clock.monotonicMs()
      emit({ type: "crashed", ...exit })
      // One that dies soon after every start is not worth a tight loop either.
      if (downMs - upMs > steadyMs) attempt = 0
      for (let cause: string | null = null; ; ) {
        await pause(plan.clock, attempt, signal)
        if (signal.aborted) return
        emit({ type: "restarting", attempt, cause })
        attempt += 1
        try {
          await retire(plan.data, door.host, plan.clock)
          this.#postmaster = await Postmaster.start(plan, signal)
          break
        } catch (error) {
          cause = failureOf(error, plan.home).message
        }
      }
      if (signal.aborted) return this.#postmaster.stop()
      emit({ type: "restarted", ms: plan.clock.monotonicMs() - downMs, pid: this.#postmaster.pid })
    }
  }
}

interface Parts {
  home: Home
  door: SocketDoor
  plan: PostmasterPlan
  emit: (event: EmbeddedEvent) => void
  throwAway: boolean
}

/** How often the log's size and the socket's door are looked after. */
const upkeepMs = 10_000
/** A life longer than this forgets the failures before it. */
const steadyMs = 10_000
const restartBaseMs = 100
const restartMaxMs = 5_000

async function prepare(
  home: Home,
  throwAway: boolean,
  clock: Clock,
): Promise<{ plan: PostmasterPlan; firstEver: boolean }> {
  const data = join(home.path, "data")
  const account = chooseAccount(data)
  const binaries = await findBinaries(account)
  const firstEver = await prepareCluster({ home: home.path, data, binaries, account, throwAway })
  const log = new ServerLog(join(home.path, "postgres.log"))
  log.bound()
  const args = serverArgs(throwAway)
  return { plan: { home: home.path, data, program: binaries.postgres, account, args, log, clock }, firstEver }
}

/** No pause before the first attempt: a crash of PostgreSQL itself is mended at once. */
async function pause(clock: Clock, attempt: number, signal: AbortSignal): Promise<void> {
  if (attempt === 0 || signal.aborted) return
  const aborted = new Promise<void>((resolve) =>
    signal.addEventListener("abort", () => resolve(), { once: true }),
  )
  await Promise.race([
    delay(clock, restartBaseMs / 2 + backoffMs(attempt, restartBaseMs, restartMaxMs)),
    aborted,
  ])
}

/** A listener that throws is its own problem: it is reported, and PostgreSQL stays supervised. */
function emitter(onEvent: EmbeddedPostgresOptions["onEvent"]): (event: EmbeddedEvent) => void {
  return (event) => {
    try {
      onEvent?.(event)
    } catch (error) {
      reportError(error)
    }
  }
}

/** Keeps the process alive until `work` is done: the clock's timers and the postmaster do not. */
async function held<T>(work: () => Promise<T>): Promise<T> {
  const release = holdProcess()
  try {
    return await work()
  } finally {
    release()
  }
}

const running = new Set<EmbeddedPostgres>()
let isHooked = false

function endWithUs(postgres: EmbeddedPostgres): void {
  running.add(postgres)
  if (isHooked) return
  isHooked = true
  process.on("exit", () => {
    for (const each of running) each.abandon()
  })
}
