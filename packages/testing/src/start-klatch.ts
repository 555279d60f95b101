import { findProgram } from "./program.ts"

/** What `startKlatch` may be told. */
export interface StartOptions {
  /** More environment for the server, as in `{ RETENTION_DAYS: "1" }`. */
  readonly env?: Readonly<Record<string, string>>
  /** How long the start may take; the first one ever unpacks the database. A minute if it is not said. */
  readonly timeoutMs?: number
}

/** A real server, in a process of its own. */
export interface RunningKlatch {
  /** Where it listens, as `createClient` takes it. */
  readonly url: string
  /** Ends it, and what it stored. Resolves once it is gone; a second call waits for the first. */
  stop(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

const startMs = 60_000
/** A server that has not drained by then is ended. */
const stopMs = 20_000

/**
 * Starts the real server on a free port of this machine, with a database of its own that is thrown away, and without
 * limits of rate. Works on Node 20 and on Bun. Rejects with what the server printed when it does not start in time.
 */
export async function startKlatch({
  env = {},
  timeoutMs = startMs,
}: StartOptions = {}): Promise<RunningKlatch> {
  const { bun, entry } = await findProgram()
  const { spawn } = await import("node:child_process")
  const { dirname } = await import("node:path")
  const child = spawn(bun, ["--no-install", entry], {
    // Not where the test runs: an .env file there is for its application's own server.
    cwd: dirname(entry),
    env: { ...process.env, ...ownEnvironment, ...env },
    // The pipe is the leash: it ends with this process, however that ends, and then the server drains.
    stdio: ["ignore", "pipe", "pipe", "pipe"],
  })
  child.stdio[3]?.on("error", () => {})
  let printed = ""
  let hasExited = false
  const exited = new Promise<void>((resolve) => {
    child.once("exit", () => resolve())
    child.once("error", () => resolve())
  }).then(() => {
    hasExited = true
  })
  const stop = async () => {
    if (hasExited) return
    child.kill("SIGTERM")
    const timer = setTimeout(() => child.kill("SIGKILL"), stopMs)
    await exited
    clearTimeout(timer)
  }
  const listening = new Promise<string>((resolve, reject) => {
    const fail = (why: string) => reject(new Error(`Klatch ${why}:\n${printed}`))
    const timer = setTimeout(() => fail("did not listen in time"), timeoutMs)
    const hear = (chunk: Buffer) => {
      printed = (printed + chunk).slice(-printedCharsMax)
      const url = /"event":"listening","url":"([^"]+)"/.exec(printed)?.[1]
      if (url) resolve(url)
    }
    child.stdout?.on("data", hear)
    child.stderr?.on("data", hear)
    child.once("error", (error) => fail(`could not be started (${error.message})`))
    void exited.then(() => fail("ended at its start"))
    void exited.finally(() => clearTimeout(timer))
  })
  try {
    const url = await listening
    return { url, stop, [Symbol.asyncDispose]: stop }
  } catch (error) {
    await stop()
    throw error
  }
}

const printedCharsMax = 20_000

/** A server of its own, whatever the environment says of another one. An empty value counts as unset. */
const ownEnvironment = {
  ...Object.fromEntries(
    ["DATABASE_URL", "POSTGRES_DSN", "REDIS_URL", "REDIS_ADDR", "JWT_SECRET", "JWKS_URL", "JWT_ISSUER"]
      .concat(["JWT_AUDIENCE", "RETENTION_DAYS", "CORS_ORIGINS"])
      .map((name) => [name, ""]),
  ),
  APP_ENV: "test",
  AUTH: "open",
  HOST: "127.0.0.1",
  PORT: "0",
  ENABLE_PERSISTENCE: "false",
  LIMITS: "off",
  LOG_LEVEL: "info",
  KLATCH_LAUNCHER_FD: "3",
}
