/** A throw-away PostgreSQL in a temp directory, reached by unix socket only, with the ways to stop and break it. */
import { chownSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

const pgBin = process.env.PG_BIN ?? "/usr/lib/postgresql/15/bin"
const readyMaxMs = 30_000

/** One database cluster with a life of its own. Every method throws when PostgreSQL refuses or takes over 30 s. */
export class Database implements AsyncDisposable {
  readonly socketDir: string
  readonly #dataDir: string
  readonly #asRoot = process.getuid?.() === 0

  private constructor() {
    this.socketDir = mkdtempSync(join(tmpdir(), "sql-client-"))
    this.#dataDir = join(this.socketDir, "data")
    if (this.#asRoot) chownSync(this.socketDir, idOf("-u"), idOf("-g"))
  }

  static async create(): Promise<Database> {
    const database = new Database()
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      process.once(signal, () => void database[Symbol.asyncDispose]().finally(() => process.exit(130)))
    }
    database.#run([
      "initdb",
      "-D",
      database.#dataDir,
      "-U",
      "bench",
      "-A",
      "trust",
      "-E",
      "UTF8",
      "--no-sync",
    ])
    await database.start()
    database.query(schema)
    return database
  }

  /** Starts the postmaster and waits until it takes queries; retries while a dead one's memory is still held. */
  async start(): Promise<void> {
    const deadlineMs = performance.now() + readyMaxMs
    let server = this.#spawn()
    while (!this.#isReady()) {
      if (performance.now() > deadlineMs) throw new Error("PostgreSQL did not start in 30 s")
      if (server.exitCode !== null) server = this.#spawn()
      await Bun.sleep(5)
    }
  }

  /** Signals the postmaster and waits until it is gone: SIGINT = fast, SIGQUIT = immediate, SIGKILL = a crash. */
  async stop(signal: "SIGINT" | "SIGQUIT" | "SIGKILL"): Promise<void> {
    const pid = this.#postmasterPid()
    if (pid === undefined) return
    process.kill(pid, signal)
    const deadlineMs = performance.now() + readyMaxMs
    while (isAlive(pid)) {
      if (performance.now() > deadlineMs) throw new Error(`PostgreSQL did not stop by ${signal} in 30 s`)
      await Bun.sleep(2)
    }
  }

  /** Waits until queries are answered again, as after a backend's crash. */
  async waitReady(): Promise<void> {
    const deadlineMs = performance.now() + readyMaxMs
    while (!this.#isReady()) {
      if (performance.now() > deadlineMs) throw new Error("PostgreSQL did not come back in 30 s")
      await Bun.sleep(5)
    }
  }

  /** Pids of the client backends of `applicationName`. */
  backends(applicationName: string): number[] {
    const text = this.query(
      `SELECT pid FROM pg_stat_activity WHERE application_name = '${applicationName}' ORDER BY backend_start, pid`,
    )
    return text.split("\n").filter(Boolean).map(Number)
  }

  /** Runs SQL by psql, a client that is not under test, and returns its bare output. */
  query(sql: string): string {
    return this.#run([
      "psql",
      "-h",
      this.socketDir,
      "-U",
      "bench",
      "-d",
      "postgres",
      "-XAtq",
      "-v",
      "ON_ERROR_STOP=1",
      "-c",
      sql,
    ])
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop("SIGQUIT")
    rmSync(this.socketDir, { recursive: true, force: true })
  }

  #spawn() {
    const options = [
      "-D",
      this.#dataDir,
      "-k",
      this.socketDir,
      "-c",
      "listen_addresses=",
      "-c",
      "max_connections=40",
    ]
    return Bun.spawn(this.#as([join(pgBin, "postgres"), ...options]), { stdout: "ignore", stderr: "ignore" })
  }

  #isReady(): boolean {
    const probe = ["psql", "-h", this.socketDir, "-U", "bench", "-d", "postgres", "-XAtqc", "SELECT 1"]
    return Bun.spawnSync([join(pgBin, probe[0]!), ...probe.slice(1)], { stderr: "ignore" }).exitCode === 0
  }

  #run(command: string[]): string {
    const done = Bun.spawnSync(this.#as([join(pgBin, command[0]!), ...command.slice(1)]), {
      cwd: this.socketDir,
    })
    if (done.exitCode !== 0) throw new Error(`${command[0]} failed: ${done.stderr.toString()}`)
    return done.stdout.toString().trim()
  }

  #as(command: string[]): string[] {
    return this.#asRoot
      ? ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", ...command]
      : command
  }

  #postmasterPid(): number | undefined {
    const path = join(this.#dataDir, "postmaster.pid")
    if (!existsSync(path)) return undefined
    const pid = Number(readFileSync(path, "utf8").split("\n")[0])
    return isAlive(pid) ? pid : undefined
  }
}

/** CPU spent by process `pid` so far, in ms (the kernel counts in steps of 10). Throws when it is gone. */
export function cpuMsOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]!.split(" ")
  return (Number(fields[11]) + Number(fields[12])) * 10
}

function isAlive(pid: number): boolean {
  if (!readdirSync("/proc").includes(String(pid))) return false
  return !readFileSync(`/proc/${pid}/stat`, "utf8").includes(") Z ")
}

const idOf = (flag: string): number => Number(Bun.spawnSync(["id", flag, "postgres"]).stdout.toString())

const schema = `
CREATE TABLE rooms (id uuid PRIMARY KEY, head_seq bigint NOT NULL DEFAULT 0);
CREATE TABLE entries (
  batch bigint NOT NULL, ordinal bigint NOT NULL, seq bigint NOT NULL, room_id uuid NOT NULL, author_id uuid NOT NULL,
  client_id text NOT NULL, payload jsonb NOT NULL, PRIMARY KEY (batch, ordinal));
`
