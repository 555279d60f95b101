import { execFileSync, spawn } from "node:child_process"
import { chownSync, existsSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { EmbeddedPostgres } from "../../packages/server/src/db/embedded.ts"
import { Database, type DatabaseAddress } from "../../packages/server/src/db/sql.ts"
import { freePort } from "./free-port.ts"

export interface TestPostgres extends AsyncDisposable {
  readonly address: DatabaseAddress
}

/** The PostgreSQL that comes with Klatch. */
export async function embeddedPostgres(): Promise<TestPostgres> {
  const server = await EmbeddedPostgres.start({ dataDir: "", throwAway: true })
  return { address: server.connection, [Symbol.asyncDispose]: () => server.stop() }
}

/** Where an installed PostgreSQL 15 has its programs, as Debian lays them; POSTGRES_15_BIN names another place. */
export const postgres15Bin = process.env.POSTGRES_15_BIN ?? "/usr/lib/postgresql/15/bin"

/** A PostgreSQL 15 as an operator would bring: installed apart, found by URL over TCP. */
export async function postgres15(): Promise<TestPostgres> {
  if (!existsSync(join(postgres15Bin, "postgres")))
    throw new Error(
      "PostgreSQL 15 is missing: install it (Debian: apt-get install postgresql-15) or set POSTGRES_15_BIN",
    )
  const dir = mkdtempSync(join(tmpdir(), "klatch-pg15-"))
  const account = process.getuid?.() === 0 ? accountOf("postgres") : undefined
  if (account) chownSync(dir, account.uid, account.gid)
  const data = join(dir, "data")
  const options = { ...account, cwd: dir, env: { PATH: process.env.PATH, LC_ALL: "C.UTF-8" } }
  execFileSync(
    join(postgres15Bin, "initdb"),
    ["-D", data, "-U", "klatch", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"],
    { ...options, stdio: "ignore" },
  )
  const port = freePort()
  const child = spawn(
    join(postgres15Bin, "postgres"),
    [
      "-D",
      data,
      "-p",
      String(port),
      "-c",
      "listen_addresses=127.0.0.1",
      "-c",
      `unix_socket_directories=${dir}`,
      "-F",
    ],
    { ...options, stdio: "ignore" },
  )
  const address = { url: `postgres://klatch@127.0.0.1:${port}/postgres` }
  await answers(address)
  return {
    address,
    async [Symbol.asyncDispose]() {
      const exited = new Promise((resolve) => child.once("exit", resolve))
      child.kill("SIGINT")
      await exited
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

async function answers(address: DatabaseAddress): Promise<void> {
  await using db = new Database(address)
  const endMs = performance.now() + 20_000
  for (;;) {
    try {
      await db.query({ name: "test_ping", text: "SELECT 1" })
      return
    } catch (error) {
      if (performance.now() > endMs) throw error
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
}

function accountOf(name: string): { uid: number; gid: number } {
  const id = (flag: string) => Number(execFileSync("id", [flag, name], { encoding: "utf8" }))
  return { uid: id("-u"), gid: id("-g") }
}
