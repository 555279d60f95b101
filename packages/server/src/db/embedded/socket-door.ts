import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { port } from "./settings.ts"

/**
 * The directory clients find the socket in. The socket itself always lies in the data directory; where that path
 * is longer than a socket's address may be, the door is a link to it in a short private directory (0700), which is
 * recorded in `home` so that the next start uses it again instead of leaving another behind.
 */
export class SocketDoor {
  readonly host: string
  readonly #alias: { dir: string; data: string; record: string } | null

  private constructor(host: string, alias: { dir: string; data: string; record: string } | null) {
    this.host = host
    this.#alias = alias
  }

  /** Makes the door. Throws what the file system throws. */
  static open(home: string, data: string): SocketDoor {
    if (fits(data)) return new SocketDoor(data, null)
    const record = join(home, "socket-door")
    const base = fits(join(tmpdir(), "klatch-XXXXXX", linkName)) ? tmpdir() : "/tmp"
    const dir = recorded(record, data) ?? mkdtempSync(join(base, "klatch-"))
    writeFileSync(record, dir)
    const door = new SocketDoor(join(dir, linkName), { dir, data, record })
    door.keep()
    return door
  }

  /** Puts the link back if a cleaner of old temporary files took it. Never fails; the next call tries again. */
  keep(): void {
    if (!this.#alias || isDoor(this.#alias.dir, this.#alias.data)) return
    try {
      mkdirSync(this.#alias.dir, { mode: 0o700, recursive: true })
      if (isPrivate(this.#alias.dir)) symlinkSync(this.#alias.data, this.host)
    } catch {
      // Someone else's directory stands there now, or the disk is full.
    }
  }

  /** Removes the link. Never fails. */
  close(): void {
    if (!this.#alias) return
    rmSync(this.#alias.dir, { recursive: true, force: true })
    rmSync(this.#alias.record, { force: true })
  }
}

const linkName = "s"

/** sun_path holds 108 bytes on Linux and 104 on macOS, the closing NUL included. */
const addressMaxBytes = process.platform === "linux" ? 107 : 103

function fits(dir: string): boolean {
  return Buffer.byteLength(`${dir}/.s.PGSQL.${port}`) <= addressMaxBytes
}

function recorded(record: string, data: string): string | null {
  try {
    const dir = readFileSync(record, "utf8")
    return isDoor(dir, data) ? dir : null
  } catch {
    return null
  }
}

function isDoor(dir: string, data: string): boolean {
  try {
    return isPrivate(dir) && readlinkSync(join(dir, linkName)) === data
  } catch {
    return false
  }
}

function isPrivate(dir: string): boolean {
  const found = lstatSync(dir)
  return found.isDirectory() && found.uid === process.getuid?.() && (found.mode & 0o077) === 0
}
