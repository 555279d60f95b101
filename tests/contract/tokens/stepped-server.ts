import { startApp } from "../../../packages/server/src/app.ts"
import { readConfig } from "../../../packages/server/src/config/environment.ts"
import type { Database } from "../../../packages/server/src/db/sql.ts"
import { type Clock, ManualClock } from "../../../packages/server/src/lib/clock.ts"
import { makeLogger } from "../../../packages/server/src/observe/logger.ts"
import { type Target, targetAt } from "../../conformance/target.ts"
import { embeddedPostgres } from "../../harness/postgres.ts"

/** A server whose time passes only when a test says so. */
export interface SteppedServer extends AsyncDisposable {
  readonly at: Target
  readonly clock: LeapingClock
  readonly db: Database
  /** Lets time pass, a little at a time, until `work` is done. */
  passWhile<T>(work: Promise<T>): Promise<T>
}

/** A clock that is stepped, or leaps over what would have been due meanwhile: a month of sweeps takes long. */
class LeapingClock implements Clock {
  readonly #stepped: ManualClock
  #leaptMs = 0

  constructor(startMs: number) {
    this.#stepped = new ManualClock(startMs)
  }

  now = () => this.#stepped.now() + this.#leaptMs
  monotonicMs = () => this.#stepped.monotonicMs() + this.#leaptMs
  after = (delayMs: number, fn: () => void) => this.#stepped.after(delayMs, fn)
  every = (periodMs: number, fn: () => void) => this.#stepped.every(periodMs, fn)
  step = (ms: number) => this.#stepped.step(ms)

  leap(ms: number): void {
    this.#leaptMs += ms
  }
}

export async function startStepped(env: Record<string, string>): Promise<SteppedServer> {
  const postgres = await embeddedPostgres()
  const clock = new LeapingClock(Math.ceil(Date.now() / 1_000) * 1_000)
  const app = await startApp({
    config: readConfig({
      APP_ENV: "test",
      HOST: "127.0.0.1",
      PORT: "0",
      AUTH: "required",
      LIMITS: "off",
      ...env,
    }),
    logger: makeLogger({ level: "silent", readable: false }),
    database: postgres.address,
    clock,
  })
  const passWhile = async <T>(work: Promise<T>) => {
    let isDone = false
    const done = work.finally(() => {
      isDone = true
    })
    while (!isDone) {
      clock.step(1)
      await new Promise((resolve) => setImmediate(resolve))
    }
    return done
  }
  return {
    at: targetAt(app.url),
    clock,
    db: app.db,
    passWhile,
    async [Symbol.asyncDispose]() {
      await passWhile(app.stop(0))
      await postgres[Symbol.asyncDispose]()
    },
  }
}
