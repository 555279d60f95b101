import { Database } from "bun:sqlite"
import { readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { EmbeddedError } from "./failure.ts"
import { isAlive } from "./processes.ts"

/**
 * One owner a directory. The lock is the kernel's byte-range lock on `owner.lock`, taken through SQLite because
 * Bun offers no flock: it ends with the owner however the owner ends, is not inherited by the postmaster, and no
 * reused pid can fool it. It holds between containers that share the volume, too.
 *
 * Such a lock is lost when its process closes any other descriptor of the file, so nothing else may open
 * `owner.lock`; the pid for people is kept in a file beside it.
 */
export class OwnerLock {
  readonly #database: Database
  readonly #home: string

  private constructor(database: Database, home: string) {
    this.#database = database
    this.#home = home
  }

  /** Takes the lock of `home`, which must be writable. Throws "in_use", naming the owner's pid, when it is taken. */
  static take(home: string): OwnerLock {
    const place = realpathSync(home)
    if (held.has(place)) throw inUse(home, process.pid)
    const database = new Database(join(place, "owner.lock"), { create: true, readwrite: true })
    try {
      database.run("PRAGMA journal_mode = MEMORY")
      database.run("BEGIN EXCLUSIVE")
    } catch (error) {
      database.close()
      if (error instanceof Error && "code" in error && String(error.code).startsWith("SQLITE_BUSY")) {
        throw inUse(home, ownerOf(place))
      }
      throw error
    }
    held.add(place)
    writeFileSync(join(place, "owner.pid"), `${process.pid}\n`)
    return new OwnerLock(database, place)
  }

  /** Lets the next owner in. Never fails. */
  release(): void {
    if (!held.delete(this.#home)) return
    rmSync(join(this.#home, "owner.pid"), { force: true })
    this.#database.close()
  }
}

const held = new Set<string>()

function ownerOf(place: string): number | null {
  try {
    const pid = Number.parseInt(readFileSync(join(place, "owner.pid"), "utf8"), 10)
    return pid > 0 && isAlive(pid) ? pid : null
  } catch {
    return null
  }
}

function inUse(home: string, pid: number | null): EmbeddedError {
  const who = pid === null ? "another Klatch server" : `another Klatch server (process ${pid})`
  return new EmbeddedError(
    "in_use",
    `${home} is in use by ${who}. Stop that one first, or give this one a DATA_DIR of its own; ` +
      `to run several servers on one database, set DATABASE_URL.`,
  )
}
