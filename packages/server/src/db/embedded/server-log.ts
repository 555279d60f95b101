import { closeSync, copyFileSync, openSync, readSync, statSync, truncateSync } from "node:fs"

/**
 * PostgreSQL's log file, of bounded size. PostgreSQL appends to it directly, so that its log is whole even when we
 * are dead; past `maxBytes` it is copied to `<path>.1` and cut. What is written between two calls of `bound` can
 * exceed the bound.
 */
export class ServerLog {
  readonly path: string
  readonly #maxBytes: number

  constructor(path: string, maxBytes = 4 * 1024 * 1024) {
    this.path = path
    this.#maxBytes = maxBytes
  }

  /** Opens it for a server to append to; the caller closes the descriptor. Throws what the file system throws. */
  open(): number {
    return openSync(this.path, "a", 0o600)
  }

  sizeBytes(): number {
    return statSync(this.path, { throwIfNoEntry: false })?.size ?? 0
  }

  /** Cuts it when it has grown past its bound. A full disk costs the copy, not the cut. */
  bound(): void {
    if (this.sizeBytes() <= this.#maxBytes) return
    try {
      copyFileSync(this.path, `${this.path}.1`)
    } catch {
      // The copy is a courtesy.
    }
    truncateSync(this.path, 0)
  }

  /** What was written from `offsetBytes` on, at most the last 16 KB of it. */
  since(offsetBytes: number): string {
    const sizeBytes = this.sizeBytes()
    const fromBytes = Math.max(offsetBytes > sizeBytes ? 0 : offsetBytes, sizeBytes - 16_384)
    const bytes = Buffer.alloc(Math.max(0, sizeBytes - fromBytes))
    const file = openSync(this.path, "r")
    try {
      return bytes.toString("utf8", 0, readSync(file, bytes, 0, bytes.length, fromBytes))
    } finally {
      closeSync(file)
    }
  }
}
