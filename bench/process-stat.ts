import { readdirSync, readFileSync } from "node:fs"

/** Linux tells process times in ticks of USER_HZ, which is 100 on every architecture Bun and Node run on. */
export const tickUs = 10_000

/** CPU a process has used so far, in microseconds: user and system, all its threads, without its children. */
export function readCpuUs(pid: number): number {
  const stat = readStat(pid)
  return stat === null ? 0 : (stat.user + stat.system) * tickUs
}

/**
 * CPU of a process and everything below it, in microseconds, children that ended included:
 * a PostgreSQL backend that exits between two readings is counted by its postmaster.
 */
export function readTreeCpuUs(pid: number): number {
  const root = readStat(pid)
  if (root === null) return 0
  let ticks = root.user + root.system + root.childUser + root.childSystem
  for (const entry of readdirSync("/proc")) {
    if (!/^\d+$/.test(entry)) continue
    const stat = readStat(Number(entry))
    if (stat !== null && stat.parent === pid) ticks += stat.user + stat.system
  }
  return ticks * tickUs
}

/** Resident memory of a process in KB. Throws when the process is gone. */
export function readRssKb(pid: number): number {
  return readKb(`/proc/${pid}/status`, "VmRSS")
}

/** The kernel's slab (sockets, dentries, ...) in KB, of the whole machine. */
export function readSlabKb(): number {
  return readKb("/proc/meminfo", "Slab")
}

interface Stat {
  parent: number
  user: number
  system: number
  childUser: number
  childSystem: number
}

function readStat(pid: number): Stat | null {
  let text: string
  try {
    text = readFileSync(`/proc/${pid}/stat`, "utf8")
  } catch {
    return null
  }
  // The name in parentheses may hold blanks; what follows it is the third field.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ")
  const field = (number: number) => Number(fields[number - 3])
  return {
    parent: field(4),
    user: field(14),
    system: field(15),
    childUser: field(16),
    childSystem: field(17),
  }
}

function readKb(path: string, name: string): number {
  const match = new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(readFileSync(path, "utf8"))
  if (match === null) throw new Error(`no ${name} in ${path}`)
  return Number(match[1])
}
