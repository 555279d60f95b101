import { AggregatorRegistry } from "prom-client"
import type { DatabaseAddress } from "./db/sql.ts"
import { backoffMs } from "./lib/backoff.ts"
import { type Clock, delay, systemClock } from "./lib/clock.ts"
import type { Logger } from "./observe/logger.ts"

/** What a worker is told by its environment, as JSON in `KLATCH_WORKER`. */
export interface WorkerOrder {
  /** Which of the workers it is, from 0. */
  readonly index: number
  /** Where to listen, together with the others. */
  readonly port: number
  /** The embedded database of all; undefined: that of DATABASE_URL. */
  readonly database: DatabaseAddress | undefined
  /** Where the others are heard; undefined: over Redis. */
  readonly hubPath: string | undefined
}

/** What a worker says to its supervisor. */
export type WorkerWord =
  | { readonly type: "listening"; readonly port: number; readonly firstAdminCode: string | undefined }
  /** Somebody asks it for the metrics of all. */
  | { readonly type: "page_wanted"; readonly id: number }
  | { readonly type: "metrics"; readonly id: number; readonly metrics: object[] }

/** What a supervisor says to a worker. */
export type SupervisorWord =
  | { readonly type: "metrics_wanted"; readonly id: number }
  | { readonly type: "page"; readonly id: number; readonly text: string }

export interface SupervisorOptions {
  readonly count: number
  /** 0: any that is free, which the first worker finds. */
  readonly port: number
  /** The program that a worker runs. */
  readonly entry: string
  /** What workers find in theirs, beside their order. */
  readonly environment: Record<string, string | undefined>
  readonly order: Pick<WorkerOrder, "database" | "hubPath">
  readonly logger: Logger
  readonly clock?: Clock
}

const START_MAX_MS = 60_000
const END_MAX_MS = 30_000
const METRICS_MAX_MS = 2_000
const RESTART_BASE_MS = 200
const RESTART_MAX_MS = 10_000
/** A worker that ran for so long did not fail at the start. */
const STEADY_MS = 30_000

interface Worker {
  readonly index: number
  readonly child: Bun.Subprocess
  readonly listening: Promise<Extract<WorkerWord, { type: "listening" }>>
  readonly startMs: number
  /** It is to end: nobody takes its place. */
  isLeaving: boolean
  /** Whoever started it waits for it to listen, and sees to it when it does not. */
  isOnTrial: boolean
}

/** Runs several workers on one port, starts those anew that end, and all of them, one after the other, on request. */
export class Supervisor {
  readonly #options: SupervisorOptions
  readonly #clock: Clock
  /** Whose turn it is to serve, by index. */
  readonly #workers = new Map<number, Worker>()
  /** All that have not ended, also those whose place is taken. */
  readonly #alive = new Set<Worker>()
  readonly #gatherings = new Map<number, (metrics: object[]) => void>()
  #port: number
  #ids = 0
  #failures = 0
  #isStopping = false
  #restarting: Promise<void> | undefined

  private constructor(options: SupervisorOptions) {
    this.#options = options
    this.#clock = options.clock ?? systemClock
    this.#port = options.port
  }

  /** Resolves when all listen. Rejects when the first does not. */
  static async start(options: SupervisorOptions): Promise<{
    readonly supervisor: Supervisor
    readonly port: number
    readonly firstAdminCode: string | undefined
  }> {
    const supervisor = new Supervisor(options)
    try {
      // Alone at first: it brings the database up to date, and finds the port.
      const { port, firstAdminCode } = await supervisor.#start(0, true).listening
      supervisor.#port = port
      const others = Array.from(
        { length: options.count - 1 },
        (_, i) => supervisor.#start(i + 1, true).listening,
      )
      await Promise.all(others)
      return { supervisor, port, firstAdminCode }
    } catch (error) {
      await supervisor.stop()
      throw error
    }
  }

  /** Each worker's place is taken by a new one before it goes. One restart at a time. */
  restart(): Promise<void> {
    this.#restarting ??= this.#restartAll().finally(() => {
      this.#restarting = undefined
    })
    return this.#restarting
  }

  /** All drain and end. */
  async stop(): Promise<void> {
    this.#isStopping = true
    await Promise.all([...this.#alive].map((worker) => this.#end(worker)))
    await this.#restarting
  }

  async #restartAll(): Promise<void> {
    const { logger, count } = this.#options
    for (let index = 0; index < count && !this.#isStopping; index++) {
      const old = this.#workers.get(index)
      const next = this.#start(index, true)
      try {
        await next.listening
      } catch (error) {
        logger.error({ event: "restart_failed", worker: index, err: error }, "a new worker did not start")
        // Those that run go on: a version that does not start takes nobody's place.
        await this.#end(next, "SIGKILL")
        if (old && this.#alive.has(old)) this.#workers.set(index, old)
        else if (!this.#isStopping) this.#start(index)
        return
      }
      if (old) await this.#end(old)
    }
    logger.info({ event: "restarted", workers: count }, "all workers were started anew")
  }

  /** One that does not end by itself is ended. */
  async #end(worker: Worker, signal: "SIGTERM" | "SIGKILL" = "SIGTERM"): Promise<void> {
    worker.isLeaving = true
    worker.child.kill(signal)
    const cancel = this.#clock.after(END_MAX_MS, () => worker.child.kill("SIGKILL"))
    await worker.child.exited
    cancel()
  }

  #start(index: number, isOnTrial = false): Worker {
    const { entry, environment, order } = this.#options
    const { promise, resolve, reject } = Promise.withResolvers<Extract<WorkerWord, { type: "listening" }>>()
    const say: WorkerOrder = { index, port: this.#port, ...order }
    const child = Bun.spawn([process.execPath, "--no-install", entry], {
      env: { ...environment, KLATCH_WORKER: JSON.stringify(say), KLATCH_LAUNCHER_FD: "" },
      stdio: ["ignore", "inherit", "inherit"],
      serialization: "json",
      ipc: (word: WorkerWord, from) => {
        if (word.type === "listening") resolve(word)
        else if (word.type === "metrics") this.#gatherings.get(word.id)?.(word.metrics)
        else void this.#page().then((text) => tell(from, { type: "page", id: word.id, text }))
      },
    })
    const startMs = this.#clock.monotonicMs()
    const worker: Worker = { index, child, listening: promise, startMs, isLeaving: false, isOnTrial }
    promise.then(
      () => {
        worker.isOnTrial = false
      },
      () => {},
    )
    this.#clock.after(START_MAX_MS, () => {
      reject(new Error(`worker ${index} did not listen in time`))
    })
    this.#workers.set(index, worker)
    this.#alive.add(worker)
    void child.exited.then((code) => {
      this.#alive.delete(worker)
      reject(new Error(`worker ${index} ended with ${child.signalCode ?? code}`))
      if (this.#workers.get(index) === worker) this.#onEnded(worker, child.signalCode ?? code)
    })
    return worker
  }

  #onEnded(worker: Worker, how: string | number): void {
    this.#workers.delete(worker.index)
    if (worker.isLeaving || worker.isOnTrial || this.#isStopping) return
    const { logger } = this.#options
    const isSteady = this.#clock.monotonicMs() - worker.startMs > STEADY_MS
    this.#failures = isSteady ? 0 : this.#failures + 1
    const waitMs = isSteady ? 0 : backoffMs(this.#failures, RESTART_BASE_MS, RESTART_MAX_MS)
    logger.error({ event: "worker_ended", worker: worker.index, how }, "a worker ended and is started anew")
    void delay(this.#clock, waitMs).then(() => {
      if (!this.#isStopping && !this.#workers.has(worker.index)) this.#start(worker.index)
    })
  }

  /** The metrics of all workers on one page; of one that does not answer nothing is said. */
  async #page(): Promise<string> {
    const id = ++this.#ids
    const workers = [...this.#workers.values()]
    const all: object[][] = []
    await new Promise<void>((resolve) => {
      this.#gatherings.set(id, (metrics) => {
        if (all.push(metrics) === workers.length) resolve()
      })
      this.#clock.after(METRICS_MAX_MS, resolve)
      for (const { child } of workers) tell(child, { type: "metrics_wanted", id })
    })
    this.#gatherings.delete(id)
    return AggregatorRegistry.aggregate(all).metrics()
  }
}

function tell(child: Bun.Subprocess, word: SupervisorWord): void {
  try {
    child.send(word)
  } catch {
    // It has ended, and nobody waits.
  }
}
