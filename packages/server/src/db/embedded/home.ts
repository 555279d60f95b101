import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, unlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import type { Clock } from "../../lib/clock.ts"
import { failureOf } from "./failure.ts"
import { OwnerLock } from "./lock.ts"
import { retire } from "./retire.ts"

/** The directory that holds all of one embedded PostgreSQL, with its owner's lock taken. */
export interface Home {
  path: string
  lock: OwnerLock
}

/** Opens `dataDir`/postgres. Throws "in_use", "read_only" or "disk_full". */
export function openHome(dataDir: string): Home {
  const path = join(resolve(dataDir), "postgres")
  try {
    makePrivate(path)
    // The lock alone would not tell a read-only or a full disk from a taken one.
    const probe = join(path, `probe-${process.pid}`)
    writeFileSync(probe, "klatch")
    unlinkSync(probe)
    return { path, lock: OwnerLock.take(path) }
  } catch (error) {
    throw failureOf(error, path)
  }
}

/** Opens a new directory among the temporary ones; `closeThrowAway` removes it. Throws as openHome. */
export function openThrowAway(): Home {
  return openHome(mkdtempSync(join(tmpdir(), throwAwayPrefix)))
}

/** Removes it with all data, then lets go of its lock. Never fails: what stays is swept by a later start. */
export function closeThrowAway(home: Home): void {
  try {
    rmSync(join(home.path, ".."), { recursive: true, force: true, maxRetries: 5, retryDelay: 20 })
  } catch {
    // A dying backend still wrote there.
  }
  home.lock.release()
}

/**
 * Removes the throw-away directories, at most `sweepMax` a call, whose owners were killed, and ends the PostgreSQL
 * that each left running. Never fails.
 */
export async function sweepThrowAways(clock: Clock): Promise<void> {
  const names = readdirSync(tmpdir()).filter((name) => name.startsWith(throwAwayPrefix))
  for (const name of names.slice(0, sweepMax)) {
    const dir = join(tmpdir(), name)
    try {
      const found = statSync(dir)
      // A young one may be about to be locked by its owner.
      if (found.uid !== process.getuid?.() || clock.now() - found.mtimeMs < sweepAgeMs) continue
      const home = openHome(dir)
      const data = join(home.path, "data")
      await retire(data, data, clock)
      closeThrowAway(home)
    } catch {
      // In use: somebody's, alive.
    }
  }
}

const throwAwayPrefix = "klatch-throwaway-"
const sweepMax = 16
const sweepAgeMs = 60_000

/** Where /proc/self/cwd cannot lead the database's user past a closed directory, this one must let it through. */
function makePrivate(path: string): void {
  const mode = process.getuid?.() === 0 && process.platform !== "linux" ? 0o711 : 0o700
  mkdirSync(path, { recursive: true, mode })
}
