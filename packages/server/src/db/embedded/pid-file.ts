import { spawnSync } from "node:child_process"
import { readFileSync, rmSync } from "node:fs"
import { join } from "node:path"
import { plainEnvironment } from "./environment.ts"
import { processesIn } from "./processes.ts"

export interface PidFile {
  pid: number
  startedAtSeconds: number
  isReady: boolean
}

/** What postmaster.pid says; null when there is none. */
export function readPidFile(data: string): PidFile | null {
  try {
    const lines = readFileSync(join(data, "postmaster.pid"), "utf8").split("\n")
    const pid = Math.abs(Number.parseInt(lines[0] ?? "", 10))
    if (!(pid > 1)) return null
    return { pid, startedAtSeconds: Number(lines[2]), isReady: lines[7]?.trim() === "ready" }
  } catch {
    return null
  }
}

/** Forgets a postmaster that is gone; PostgreSQL refuses to start when its pid is now another program's. */
export function removePidFile(data: string): void {
  rmSync(join(data, "postmaster.pid"), { force: true })
}

/**
 * Whether the process that postmaster.pid names still is the postmaster of `data`, and not one that was given its
 * pid later: on Linux by its working directory, elsewhere by its name and the second in which it started.
 */
export function isPostmasterOf(data: string, file: PidFile): boolean {
  if (process.platform === "linux") return processesIn(data).includes(file.pid)
  const { stdout } = spawnSync("ps", ["-o", "lstart=,comm=", "-p", String(file.pid)], {
    env: plainEnvironment(),
    encoding: "utf8",
  })
  const [, startedAt, program] = /^(.{24})\s+(.*)$/.exec(stdout.trim()) ?? []
  if (!startedAt || !program?.endsWith("postgres")) return false
  return Math.abs(Date.parse(startedAt) / 1000 - file.startedAtSeconds) <= 5
}
