import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"

/** The postmaster of the embedded PostgreSQL under `dataDir`, and its children; none when it is not running. */
export function postgresPidsOf(dataDir: string): number[] {
  const postmaster = Number.parseInt(textOf(join(dataDir, "postgres/data/postmaster.pid")), 10)
  if (!(postmaster > 1) || !textOf(`/proc/${postmaster}/comm`).startsWith("postgres")) return []
  const children = readdirSync("/proc").filter((name) => {
    if (!/^\d+$/.test(name)) return false
    const stat = textOf(`/proc/${name}/stat`)
    return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]) === postmaster
  })
  return [postmaster, ...children.map(Number)]
}

/** Sends it to each; those that are gone are passed over. Answers how many there were. */
export function signalAll(pids: readonly number[], name: NodeJS.Signals): number {
  for (const pid of pids)
    try {
      process.kill(pid, name)
    } catch {
      // It was gone before.
    }
  return pids.length
}

export function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8")
  } catch {
    return ""
  }
}
