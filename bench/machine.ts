import { readFileSync, statfsSync } from "node:fs"
import { cpus, release, totalmem } from "node:os"

/** What the figures were measured on. */
export interface Machine {
  cpu: string
  cores: number
  memoryMb: number
  kernel: string
  dataFileSystem: string
}

const fileSystems: Record<number, string> = {
  61267: "ext2/3/4",
  2435016766: "btrfs",
  1481003842: "xfs",
  16914836: "tmpfs",
  2035054128: "overlayfs",
  801189825: "zfs",
}

/** Reads what this machine is; `dataDirectory` is where the measured data will lie. */
export function readMachine(dataDirectory: string): Machine {
  const { type } = statfsSync(dataDirectory)
  return {
    cpu: cpus()[0]?.model ?? "unknown",
    cores: cpus().length,
    memoryMb: Math.round(totalmem() / 2 ** 20),
    kernel: release(),
    dataFileSystem: fileSystems[type] ?? `0x${type.toString(16)}`,
  }
}

/** The commit under measurement, `-dirty` behind it when files differ from it; "unknown" outside git. */
export function readCommit(directory: string): string {
  const git = (...args: string[]) =>
    Bun.spawnSync(["git", "-C", directory, ...args])
      .stdout.toString()
      .trim()
  const commit = git("rev-parse", "--short", "HEAD")
  if (commit === "") return "unknown"
  return git("status", "--porcelain", "--untracked-files=no") === "" ? commit : `${commit}-dirty`
}

/** Time all cores spent so far, in ticks: all of it, and idle. */
export function readCoreTicks(): { all: number; idle: number } {
  const line = readFileSync("/proc/stat", "utf8").split("\n", 1)[0] ?? ""
  const ticks = line.split(/\s+/).slice(1, 9).map(Number)
  return { all: ticks.reduce((sum, tick) => sum + tick, 0), idle: (ticks[3] ?? 0) + (ticks[4] ?? 0) }
}
