import { spawnSync } from "node:child_process"
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join, relative } from "node:path"
import { EmbeddedError, EmbeddedPostgres } from "../embedded.ts"

/** A user with no rights, to run an owner as when the tests run as root. */
export const nobody = { uid: 65534, gid: 65534 }
export const isRoot = process.getuid?.() === 0

/** For tests: a directory that holds theirs, and one cluster to copy from, because making one takes a second. */
export class TestBed implements AsyncDisposable {
  readonly root = mkdtempSync(join(tmpdir(), "embedded-test-"))
  readonly #seed = join(this.root, "seed")
  #count = 0

  constructor() {
    chmodSync(this.root, 0o755)
  }

  /** A bed with a cluster to copy; `new TestBed()` has none. */
  static async make(): Promise<TestBed> {
    const bed = new TestBed()
    await using _ = await EmbeddedPostgres.start({ dataDir: bed.#seed })
    return bed
  }

  freshDir(owner?: { uid: number; gid: number }): string {
    this.#count += 1
    const dir = join(this.root, `d${this.#count}`)
    mkdirSync(dir)
    if (owner) sh(`chown ${owner.uid}:${owner.gid} ${dir}`)
    return dir
  }

  /** A DATA_DIR whose cluster was copied from another place. */
  seededDir(owner?: { uid: number; gid: number }): string {
    const dir = this.freshDir()
    this.copySeed(dir)
    if (owner) sh(`chown -R ${owner.uid}:${owner.gid} ${dir}`)
    return dir
  }

  copySeed(dir: string): void {
    mkdirSync(dir, { recursive: true })
    sh(`cp -a ${this.#seed}/postgres ${dir}/`)
  }

  /** A small disk of its own. */
  mount(size: string): { dir: string } & Disposable {
    const dir = this.freshDir()
    sh(`mount -t tmpfs -o size=${size},mode=755 tmpfs ${dir}`)
    return { dir, [Symbol.dispose]: () => sh(`umount ${dir}`) }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    rmSync(this.root, { recursive: true, force: true })
  }
}

/** Runs a shell command; throws what it printed when it fails. */
export function sh(command: string): void {
  const { status, stderr } = spawnSync("/bin/sh", ["-c", command], { encoding: "utf8" })
  if (status !== 0) throw new Error(`${command}: ${stderr}`)
}

/** Why a start is refused; throws when it is not. */
export async function refusalOf(start: Promise<EmbeddedPostgres>): Promise<EmbeddedError> {
  try {
    await using _ = await start
  } catch (error) {
    if (error instanceof EmbeddedError) return error
    throw error
  }
  throw new Error("it started")
}

const checkout = join(import.meta.dir, "../../../../..")
let copy: string | undefined

/**
 * For a child that runs as another user: `path` of this checkout, or the same place in a copy of it that anyone may
 * reach, made once when a directory above the checkout is closed to others.
 */
export function reachable(path: string): string {
  if (!isRoot || isOpenToAll(checkout)) return path
  copy ??= copyOfCheckout()
  return join(copy, relative(checkout, path))
}

function isOpenToAll(dir: string): boolean {
  const isOpen = (statSync(dir).mode & 0o001) !== 0
  return isOpen && (dir === dirname(dir) || isOpenToAll(dirname(dir)))
}

/** By hard links where the file system lets it, so that it takes no time and no room. */
function copyOfCheckout(): string {
  const dir = mkdtempSync(join(tmpdir(), "embedded-checkout-"))
  chmodSync(dir, 0o755)
  process.on("exit", () => rmSync(dir, { recursive: true, force: true }))
  const parts = ["node_modules", "packages"].map((name) => join(checkout, name)).join(" ")
  sh(`cp -al ${parts} ${dir} 2>/dev/null || { rm -rf ${dir}/*; cp -a ${parts} ${dir}; }`)
  return dir
}
