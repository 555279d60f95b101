import { mkdtempSync, rmSync } from "node:fs"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { Subprocess } from "bun"
import { delay, systemClock } from "../../packages/server/src/lib/clock.ts"
import { type Random, randomInt } from "../../packages/server/src/lib/random.ts"
import { postgresPidsOf, signalAll, textOf } from "./postgres-pids.ts"

export interface VictimOptions {
  readonly random: Random
  /** Another entry point than the server's own. */
  readonly entry?: string
  readonly env?: Record<string, string>
}

const root = join(import.meta.dirname, "../..")
const ownEntry = join(root, "packages/server/src/main.ts")
const START_MAX_MS = 60_000
const STOP_MAX_MS = 20_000
const LINES_KEPT_MAX = 400

type Child = Subprocess<"ignore", "pipe", "pipe">

/**
 * A server to be killed and started again, on one directory and one address. The port lies below those that the
 * system gives to clients: one that keeps dialling a dead port in that range ends up connected to itself.
 */
export class Victim implements AsyncDisposable {
  readonly dataDir: string
  readonly host: string
  readonly port: number
  /** The last lines it printed, over all its lives. */
  readonly lines: string[] = []
  /** Lines of level error and above that are no word of PostgreSQL being away. */
  readonly complaints: string[] = []
  readonly #options: VictimOptions
  #child: Child | undefined

  private constructor(options: VictimOptions, host: string, port: number) {
    this.#options = options
    this.host = host
    this.port = port
    this.dataDir = mkdtempSync(join(tmpdir(), "klatch-chaos-"))
    process.once("exit", this.#atExit)
  }

  /** Starts one on a free address. Rejects with what it printed. */
  static async open(options: VictimOptions): Promise<Victim> {
    const { host, port } = await freeAddress()
    const victim = new Victim(options, host, port)
    try {
      await victim.start()
      return victim
    } catch (error) {
      await victim[Symbol.asyncDispose]()
      throw error
    }
  }

  get url(): string {
    return `http://${this.host}:${this.port}`
  }

  get wsUrl(): string {
    return `ws://${this.host}:${this.port}`
  }

  get pid(): number {
    return this.#child?.pid ?? 0
  }

  /** Resolves when it listens; false when it was killed before that. Rejects when it ended by itself. */
  async start(): Promise<boolean> {
    const child = Bun.spawn([process.execPath, "--no-install", this.#options.entry ?? ownEntry], {
      cwd: root,
      env: {
        ...process.env,
        APP_ENV: "test",
        AUTH: "open",
        HOST: this.host,
        PORT: String(this.port),
        DATA_DIR: this.dataDir,
        LIMITS: "off",
        LOG_LEVEL: "info",
        ...this.#options.env,
      },
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
    })
    this.#child = child
    const listening = Promise.withResolvers<boolean>()
    void this.#read(child.stdout, () => listening.resolve(true))
    void this.#read(child.stderr, () => {})
    void child.exited.then((code) => {
      if (child.signalCode === "SIGKILL") listening.resolve(false)
      else listening.reject(new Error(`the server ended with ${code}:\n${this.lines.slice(-20).join("\n")}`))
    })
    const timer = setTimeout(() => {
      listening.reject(new Error(`the server did not listen in time:\n${this.lines.slice(-20).join("\n")}`))
    }, START_MAX_MS)
    return listening.promise.finally(() => clearTimeout(timer))
  }

  /** kill -9 of the server, and of all of PostgreSQL in the same moment. */
  async kill(alsoPostgres: boolean): Promise<void> {
    const child = this.#child
    child?.kill("SIGKILL")
    if (alsoPostgres) this.killPostgres()
    await child?.exited
  }

  /** SIGSTOP: its connections stay, and it does nothing. SIGCONT: it goes on, and finds out that time has passed. */
  signal(name: "SIGSTOP" | "SIGCONT"): void {
    this.#child?.kill(name)
  }

  /** SIGTERM; resolves once it has drained and ended. */
  async stop(): Promise<void> {
    this.#child?.kill("SIGTERM")
    await this.#child?.exited
  }

  /** kill -9 of the postmaster and its children; answers how many there were. */
  killPostgres(): number {
    return signalAll(postgresPidsOf(this.dataDir), "SIGKILL")
  }

  /** Resident memory of the server's process in KB; 0 when it is gone. */
  rssKb(): number {
    return Number(/^VmRSS:\s+(\d+)/m.exec(textOf(`/proc/${this.pid}/status`))?.[1] ?? 0)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    process.off("exit", this.#atExit)
    const child = this.#child
    if (child && child.exitCode === null && child.signalCode === null) {
      child.kill("SIGTERM")
      await Promise.race([child.exited, delay(systemClock, STOP_MAX_MS)])
      child.kill("SIGKILL")
      await child.exited
    }
    this.#sweep()
  }

  /** For a program that is interrupted and cannot wait. */
  readonly #atExit = (): void => {
    this.#child?.kill("SIGKILL")
    this.#sweep()
  }

  #sweep(): void {
    this.killPostgres()
    rmSync(this.dataDir, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 })
  }

  async #read(stream: ReadableStream<Uint8Array>, onListening: () => void): Promise<void> {
    let rest = ""
    const decoder = new TextDecoder()
    for await (const chunk of stream) {
      const parts = (rest + decoder.decode(chunk, { stream: true })).split("\n")
      rest = parts.pop() ?? ""
      for (const line of parts) {
        if (line.includes('"event":"connected"') || line.includes('"event":"disconnected"')) continue
        this.lines.push(line)
        if (this.lines.length > LINES_KEPT_MAX) this.lines.shift()
        if (/"level":("error"|"fatal"|[56]0)/.test(line) && !/postgres_/.test(line))
          this.complaints.push(line)
        if (line.includes('"event":"listening"')) onListening()
      }
    }
  }
}

/** An address of 127/8 that is hardly anyone else's, with a port that nothing listens on. */
async function freeAddress(): Promise<{ host: string; port: number }> {
  const random: Random = { float: Math.random, fill: (bytes) => bytes }
  for (;;) {
    const host = `127.${64 + randomInt(random, 64)}.${randomInt(random, 256)}.${1 + randomInt(random, 250)}`
    const port = 20_000 + randomInt(random, 10_000)
    const isFree = await new Promise<boolean>((resolve) => {
      const probe = createServer()
      probe.once("error", () => resolve(false))
      probe.listen(port, host, () => probe.close(() => resolve(true)))
    })
    if (isFree) return { host, port }
  }
}
