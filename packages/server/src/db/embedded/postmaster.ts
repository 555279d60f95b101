import { type ChildProcess, spawn } from "node:child_process"
import { closeSync } from "node:fs"
import { type Clock, delay } from "../../lib/clock.ts"
import type { Account } from "./account.ts"
import { pathForServer } from "./cluster.ts"
import { childEnvironment } from "./environment.ts"
import { failureFromText } from "./failure.ts"
import { readPidFile } from "./pid-file.ts"
import { identity, pollMs, signalTo, until } from "./processes.ts"
import type { ServerLog } from "./server-log.ts"

export interface PostmasterPlan {
  home: string
  data: string
  program: string
  account: Account | null
  args: string[]
  log: ServerLog
  clock: Clock
}

export interface Exit {
  code: number | null
  signal: string | null
}

/** One life of a postmaster, from its start to its exit; nothing restarts here. */
export class Postmaster {
  readonly pid: number
  /** Resolves when it has exited, however. Never rejects. */
  readonly exited: Promise<Exit>
  readonly #clock: Clock
  #gone = false

  private constructor(plan: PostmasterPlan) {
    const child = spawnServer(plan)
    this.pid = child.pid ?? 0
    this.#clock = plan.clock
    this.exited = new Promise((resolve) => {
      const end = (code: number | null, signal: string | null) => {
        this.#gone = true
        resolve({ code, signal })
      }
      child.once("exit", end)
      child.once("error", () => end(null, null))
    })
    // It must not keep an owner alive that has nothing else to do.
    child.unref()
  }

  /**
   * Starts a postmaster on the cluster in `plan.data`; resolves when it accepts connections. One that meets the
   * lock or the shared memory of a predecessor about to vanish is started again, for up to `lockMaxMs`.
   * Throws "disk_full", "read_only" or "failed" when it exits instead, and when `signal` aborts; none is left then.
   */
  static async start(plan: PostmasterPlan, signal?: AbortSignal): Promise<Postmaster> {
    const endMs = plan.clock.monotonicMs() + lockMaxMs
    for (;;) {
      const logBytes = plan.log.sizeBytes()
      const postmaster = new Postmaster(plan)
      if (await postmaster.#becomesReady(plan.data, signal)) return postmaster
      const said = plan.log.since(logBytes)
      const meetsPredecessor = /pre-existing shared memory block|lock file .* (already exists|is empty)/.test(
        said,
      )
      if (!meetsPredecessor || signal?.aborted || plan.clock.monotonicMs() > endMs) {
        throw failureFromText(said, plan.home)
      }
      await delay(plan.clock, lockPollMs)
    }
  }

  /** Fast shutdown: open transactions roll back, a checkpoint is written. Harder after `fastMaxMs`. Never rejects. */
  async stop(): Promise<void> {
    for (const { signal, maxMs } of stopSteps) {
      if (this.#gone) return
      signalTo(this.pid, signal)
      await until(() => this.#gone, this.#clock, maxMs)
    }
  }

  /** The same without waiting, for a process that is exiting. */
  abandon(signal: "SIGINT" | "SIGKILL"): void {
    if (!this.#gone) signalTo(this.pid, signal)
  }

  /** False when it exited instead. Recovery after a crash may take long; past `readyMaxMs` it is given up. */
  async #becomesReady(data: string, signal?: AbortSignal): Promise<boolean> {
    const endMs = this.#clock.monotonicMs() + readyMaxMs
    while (!this.#gone) {
      const file = readPidFile(data)
      if (file?.pid === this.pid && file.isReady) return true
      if (signal?.aborted || this.#clock.monotonicMs() > endMs) await this.stop()
      else await delay(this.#clock, pollMs)
    }
    return false
  }
}

/** How a postmaster is ended: a fast shutdown, an immediate one, and the end that needs recovery at the next start. */
export const stopSteps = [
  { signal: "SIGINT", maxMs: 10_000 },
  { signal: "SIGQUIT", maxMs: 5_000 },
  { signal: "SIGKILL", maxMs: 5_000 },
] as const

/** How long a start waits for a predecessor's lock or shared memory to vanish. */
const lockMaxMs = 10_000
const lockPollMs = 50

/** How long recovery may take before a start is given up: 512 MB of WAL on the slowest disk we care for. */
const readyMaxMs = 300_000

function spawnServer({ program, data, account, args, log }: PostmasterPlan): ChildProcess {
  const output = log.open()
  try {
    return spawn(program, ["-D", pathForServer(data, account), ...args], {
      ...identity(account),
      cwd: data,
      env: childEnvironment(),
      stdio: ["ignore", output, output],
    })
  } finally {
    closeSync(output)
  }
}
