import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"
import pg from "pg"
import { delay, systemClock } from "../../lib/clock.ts"
import type { OwnerLine } from "./owner.fixture.ts"
import { reachable } from "./test-bed.fixture.ts"

type LineOf<T extends OwnerLine["type"]> = Extract<OwnerLine, { type: T }>

/** For tests: an owner in a process of its own (owner.fixture.ts), which can be killed. */
export class OwnerProcess implements AsyncDisposable {
  readonly lines: OwnerLine[] = []
  readonly child: ChildProcess
  readonly exited: Promise<unknown>
  #output = ""
  #errors = ""
  #wake: (() => void)[] = []

  constructor(
    dataDir: string,
    options: {
      user?: { uid: number; gid: number }
      env?: Record<string, string>
      dir?: string
      throwAway?: boolean
    } = {},
  ) {
    const here = options.user ? reachable : (path: string) => path
    const script = here(join(options.dir ?? import.meta.dir, "owner.fixture.ts"))
    const args = [script, dataDir, ...(options.throwAway ? ["throw"] : [])]
    const env = { ...process.env, ...options.env }
    this.child = spawn(here(process.execPath), args, { ...options.user, env, cwd: "/" })
    this.exited = once(this.child, "close")
    this.child.stderr?.on("data", (chunk) => {
      this.#errors += String(chunk)
    })
    this.child.stdout?.on("data", (chunk) => {
      const parts = (this.#output + String(chunk)).split("\n")
      this.#output = parts.pop() ?? ""
      this.lines.push(...parts.map((line) => JSON.parse(line) as OwnerLine))
      this.#wakeAll()
    })
    this.exited.then(() => this.#wakeAll())
  }

  /** The first line of that type; throws when the process ends without it. */
  async line<T extends OwnerLine["type"]>(type: T): Promise<LineOf<T>> {
    for (;;) {
      const found = this.lines.find((line): line is LineOf<T> => line.type === type)
      if (found) return found
      if (this.child.exitCode !== null || this.child.signalCode !== null) {
        throw new Error(`no "${type}" from the owner: ${JSON.stringify(this.lines)} ${this.#errors}`)
      }
      await new Promise<void>((resolve) => this.#wake.push(resolve))
    }
  }

  async say(word: "stop" | "exit"): Promise<void> {
    this.child.stdin?.write(`${word}\n`)
    await this.exited
  }

  async kill(): Promise<void> {
    this.child.kill("SIGKILL")
    await this.exited
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) await this.say("stop")
  }

  #wakeAll(): void {
    for (const wake of this.#wake.splice(0)) wake()
  }
}

/** For tests: a client that is connected; `use` sees its queries' errors, its broken connection harms nobody. */
export async function withClient<T>(
  connection: { host: string; port: number; user: string; database: string },
  use: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const client = new pg.Client(connection)
  client.on("error", () => {})
  await client.connect()
  try {
    return await use(client)
  } finally {
    await client.end().catch(() => {})
  }
}

const retryMs = 5

/** For tests: writes numbered rows one commit each, reconnecting for as long as it takes, until `stop`. */
export class Writer {
  readonly acked: number[] = []
  /** Times a connection or a query failed. */
  failures = 0
  #stopping = false
  readonly #done: Promise<void>
  #wake: (() => void)[] = []

  constructor(connection: { host: string; port: number; user: string; database: string }) {
    this.#done = this.#run(connection)
  }

  /** Resolves when at least `more` rows more than now are acked. */
  async advances(more: number): Promise<void> {
    const goal = this.acked.length + more
    while (this.acked.length < goal) await new Promise<void>((resolve) => this.#wake.push(resolve))
  }

  async stop(): Promise<void> {
    this.#stopping = true
    await this.#done
  }

  async #run(connection: { host: string; port: number; user: string; database: string }): Promise<void> {
    let next = 0
    while (!this.#stopping) {
      try {
        await withClient(connection, async (client) => {
          await client.query("CREATE TABLE IF NOT EXISTS written (n integer)")
          while (!this.#stopping) {
            next += 1
            await client.query("INSERT INTO written VALUES ($1)", [next])
            this.acked.push(next)
            for (const wake of this.#wake.splice(0)) wake()
          }
        })
      } catch {
        this.failures += 1
        await delay(systemClock, retryMs)
      }
    }
  }
}

/** For tests: of `acked`, those that are not in the table exactly once. */
export function lost(
  connection: { host: string; port: number; user: string; database: string },
  acked: number[],
): Promise<number[]> {
  return withClient(connection, async (client) => {
    const { rows } = await client.query("SELECT n, count(*)::int AS times FROM written GROUP BY n")
    const times = new Map(rows.map((row: { n: number; times: number }) => [row.n, row.times]))
    return acked.filter((n) => times.get(n) !== 1)
  })
}
