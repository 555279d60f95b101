import { existsSync, mkdtempSync, readdirSync, readFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { startServer } from "./server-process.ts"
import type { Target } from "./target.ts"

const orphanTimeoutMs = 10_000
const orphanPollMs = 50
const main = new URL("../../packages/server/src/main.ts", import.meta.url).pathname

// What an environment may hold that would make it another server than the one the table names.
const unset = [
  "DATABASE_URL",
  "POSTGRES_DSN",
  "ENABLE_PERSISTENCE",
  "REDIS_URL",
  "REDIS_ADDR",
  "JWT_SECRET",
  "JWKS_URL",
  "RETENTION_DAYS",
]

/** Where Klatch keeps its data while it is measured; on a file system in memory nothing would be durable. */
export const klatchHome = { parent: tmpdir() }

/** Klatch itself, with everything on and durable, its PostgreSQL embedded; only the rate limits are off. */
export const klatch: Target = {
  name: "klatch",
  note: "everything on: stored and fsynced before its ack, in order, resumable",
  wire: {
    path: "/ws?user={user}&room={room}",
    afterOpen: [],
    // The answer to the join that rides along in the address is the first ack of a connection.
    ready: ['"type":"ack"', '"type":"joined"'],
    back: { path: "/ws?user={user}&subscribe=none", ready: ['"type":"hello"'] },
    send: '{"type":"message","room_id":"{room}","content":"{content}","ref":"{ref}"}',
    heartbeat: null,
    keepAlive: { text: '{"type":"ping"}', everyMs: 15_000 },
    acks: true,
  },
  versions: () => ({ bun: Bun.version }),
  missing: () => (existsSync(main) ? null : "not there: packages/server/src/main.ts does not exist"),
  makeHome: () => mkdtempSync(join(klatchHome.parent, "klatch-bench-data-")),
  async start(home) {
    const server = await startServer([process.execPath, main], {
      APP_ENV: "production",
      AUTH: "open",
      LIMITS: "off",
      HOST: "127.0.0.1",
      PORT: "0",
      DATA_DIR: home ?? "",
      LOG_LEVEL: "info",
      ...Object.fromEntries(unset.map((name) => [name, undefined])),
    })
    const databasePid = findPostmaster(home ?? "", 4)
    return {
      ...server,
      databasePid,
      async stop() {
        await server.stop()
        if (databasePid !== null) await endOrphan(databasePid)
      },
    }
  },
}

// A server that ended by itself may have left its PostgreSQL behind, which would write into a directory being removed.
async function endOrphan(pid: number): Promise<void> {
  const deadlineMs = performance.now() + orphanTimeoutMs
  while (isAlive(pid) && performance.now() < deadlineMs) {
    process.kill(pid, "SIGINT")
    await Bun.sleep(orphanPollMs)
  }
}

function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"))
  } catch {
    return false
  }
}

// PostgreSQL writes its first process's id into the first line of `postmaster.pid` in its own directory.
function findPostmaster(directory: string, depth: number): number | null {
  const path = join(directory, "postmaster.pid")
  if (existsSync(path)) return Number(readFileSync(path, "utf8").split("\n")[0])
  if (depth === 0) return null
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const found = entry.isDirectory() ? findPostmaster(join(directory, entry.name), depth - 1) : null
    if (found !== null) return found
  }
  return null
}
