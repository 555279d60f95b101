import { spawn } from "node:child_process"
import { readdirSync, readFileSync, statSync } from "node:fs"
import { type Clock, delay } from "../../lib/clock.ts"
import type { Account } from "./account.ts"
import { childEnvironment } from "./environment.ts"

/** Whether a process with this pid runs, whoever owns it. On Linux one that ended, not reaped yet, does not count. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EPERM")) return false
  }
  return !/^\d+ \(.*\) Z/.test(textOf(`/proc/${pid}/stat`))
}

/** Sends a signal; false when there is no such process, or it is not ours to signal. */
export function signalTo(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal)
  } catch {
    return false
  }
}

/**
 * The pids of PostgreSQL processes (postgres, initdb) that work in `dir`. Linux only, empty elsewhere: every
 * process of a cluster keeps its data directory as its working directory, which no reused pid can imitate.
 * Zombies have none, so they do not count.
 */
export function processesIn(dir: string): number[] {
  if (process.platform !== "linux") return []
  const place = statOf(dir)
  if (!place) return []
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      const cwd = statOf(`/proc/${pid}/cwd`)
      if (cwd?.ino !== place.ino || cwd.dev !== place.dev) return false
      return /^(postgres|initdb)/.test(textOf(`/proc/${pid}/comm`))
    })
}

/** Resolves true as soon as `holds()` is true, false after `maxMs`. */
export async function until(holds: () => boolean, clock: Clock, maxMs: number): Promise<boolean> {
  const endMs = clock.monotonicMs() + maxMs
  while (!holds()) {
    if (clock.monotonicMs() >= endMs) return false
    await delay(clock, pollMs)
  }
  return true
}

/** How often a condition outside this process is looked at again. */
export const pollMs = 5

export interface RunResult {
  code: number | null
  output: string
}

/**
 * Runs a program to its end, as `account` when there is one, in `cwd`. `output` is the last 64 KB of stdout and
 * stderr together. Never rejects: a program that cannot be run answers with code null and the reason.
 */
export function run(
  program: string,
  args: string[],
  options: { account: Account | null; cwd: string },
): Promise<RunResult> {
  return new Promise((resolve) => {
    let output = ""
    const keep = (chunk: unknown) => {
      output = (output + String(chunk)).slice(-outputMax)
    }
    try {
      const child = spawn(program, args, {
        ...identity(options.account),
        cwd: options.cwd,
        env: childEnvironment(),
      })
      child.stdin.end()
      child.stdout.on("data", keep)
      child.stderr.on("data", keep)
      child.on("error", (error) => resolve({ code: null, output: `${output}\n${error.message}` }))
      child.on("close", (code) => resolve({ code, output }))
    } catch (error) {
      resolve({ code: null, output: error instanceof Error ? error.message : String(error) })
    }
  })
}

/** The spawn options that make a child run as `account`; it then has no supplementary groups. */
export function identity(account: Account | null): { uid?: number; gid?: number; detached: true } {
  // A session of its own: Ctrl-C in a terminal must reach the server, which drains, and not PostgreSQL.
  return account ? { uid: account.uid, gid: account.gid, detached: true } : { detached: true }
}

const outputMax = 64 * 1024

function statOf(path: string) {
  try {
    return statSync(path)
  } catch {
    return null
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8")
  } catch {
    return ""
  }
}
