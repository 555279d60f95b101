import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test"
import { spawnSync } from "node:child_process"
import { chmodSync, readdirSync, rmSync } from "node:fs"
import { join } from "node:path"
import { EmbeddedPostgres } from "../embedded.ts"
import { failureFromText, failureOf } from "./failure.ts"
import { lost, OwnerProcess, Writer, withClient } from "./owner-process.fixture.ts"
import { isRoot, nobody, refusalOf, sh, TestBed } from "./test-bed.fixture.ts"

// A guard against hanging, not a measure: a first start takes its second of processor time, whoever else wants it.
setDefaultTimeout(60_000)

let bed: TestBed

beforeAll(async () => {
  bed = await TestBed.make()
})

afterAll(() => bed[Symbol.asyncDispose]())

describe("a DATA_DIR that cannot be written", () => {
  test("is refused with a sentence that names it and what to set", async () => {
    const dir = bed.freshDir()
    chmodSync(dir, 0o555)
    await using owner = new OwnerProcess(join(dir, "data"), isRoot ? { user: nobody } : {})
    await owner.exited
    expect(owner.lines).toMatchObject([{ type: "failed", reason: "read_only" }])
    expect(owner.lines[0]).toHaveProperty("message", expect.stringMatching(/d\d+\/data\/postgres .*DATA_DIR/))
  })

  test.skipIf(!isRoot)("is refused when its cluster belongs to another user", async () => {
    const dir = bed.seededDir()
    sh(`chown ${nobody.uid} ${dir} ${dir}/postgres && chmod 755 ${dir}/postgres`)
    await using owner = new OwnerProcess(dir, { user: nobody })
    await owner.exited
    expect(owner.lines).toMatchObject([{ type: "failed", reason: "read_only" }])
  })
})

test.skipIf(!isRoot)(
  "a cluster that was restored as root with a lax mode is handed to the user it runs as",
  async () => {
    const dir = bed.seededDir({ uid: 0, gid: 0 })
    chmodSync(join(dir, "postgres/data"), 0o755)
    await using postgres = await EmbeddedPostgres.start({ dataDir: dir })
    await withClient(postgres.connection, (client) => client.query("SELECT 1"))
  },
)

test("what programs and file systems say about a disk becomes a reason and a sentence", () => {
  const noSpace = 'FATAL:  could not write lock file "postmaster.pid": No space left on device'
  expect(failureFromText(noSpace, "/data").reason).toBe("disk_full")
  expect(failureFromText("initdb: error: could not write: Disk quota exceeded", "/data").reason).toBe(
    "disk_full",
  )
  const readOnly = Object.assign(new Error("EROFS: read-only file system, mkdir"), { code: "EROFS" })
  expect(failureOf(readOnly, "/data").reason).toBe("read_only")
  const other = failureFromText("LOG: x\n2030 [1] FATAL:  invalid value for parameter\nLOG: y", "/data")
  expect(other.reason).toBe("failed")
  expect(other.message).toContain("FATAL:  invalid value for parameter")
})

describe.skipIf(!isRoot)(
  "a disk of its own (skipped when the tests do not run as root, who may mount one)",
  () => {
    test("refuses a disk that is mounted read-only", async () => {
      using disk = bed.mount("64m")
      bed.copySeed(disk.dir)
      sh(`mount -o remount,ro ${disk.dir}`)
      const refused = await refusalOf(EmbeddedPostgres.start({ dataDir: disk.dir }))
      expect(refused.reason).toBe("read_only")
    })

    test("refuses a disk too small for a cluster, and leaves it as it was", async () => {
      using disk = bed.mount("16m")
      const refused = await refusalOf(EmbeddedPostgres.start({ dataDir: disk.dir }))
      expect(refused.reason).toBe("disk_full")
      expect(refused.message).toContain(disk.dir)
      expect(readdirSync(join(disk.dir, "postgres"))).not.toContain("data")
      expect(spawnSync("du", ["-sk", disk.dir], { encoding: "utf8" }).stdout).toMatch(/^\d{1,2}\t/)
    })

    test("refuses to start on a full disk, and starts when there is room again", async () => {
      using disk = bed.mount("96m")
      bed.copySeed(disk.dir)
      spawnSync("dd", ["if=/dev/zero", `of=${disk.dir}/ballast`, "bs=4k"])
      expect((await refusalOf(EmbeddedPostgres.start({ dataDir: disk.dir }))).reason).toBe("disk_full")
      rmSync(join(disk.dir, "ballast"))
      await using postgres = await EmbeddedPostgres.start({ dataDir: disk.dir })
      await withClient(postgres.connection, (client) => client.query("SELECT 1"))
    })

    test("a disk that fills while it runs costs clients errors, no commit, and heals when there is room", async () => {
      using disk = bed.mount("96m")
      bed.copySeed(disk.dir)
      const crashed = Promise.withResolvers<void>()
      await using postgres = await EmbeddedPostgres.start({
        dataDir: disk.dir,
        onEvent: (event) => event.type === "crashed" && crashed.resolve(),
      })
      const writer = new Writer(postgres.connection)
      await writer.advances(100)
      spawnSync("dd", ["if=/dev/zero", `of=${disk.dir}/ballast`, "bs=4k"])
      // A table has no room: an ordinary error. The WAL has none: PostgreSQL gives up, and tries to come back.
      const growth = "CREATE TABLE big AS SELECT repeat('x', 1000) AS x FROM generate_series(1, 60000)"
      const refusal = withClient(postgres.connection, (client) => client.query(growth))
      expect(await refusal.catch((error) => error.code)).toBe("53100")
      await withClient(postgres.connection, (client) => client.query("SELECT pg_switch_wal()")).catch(
        () => {},
      )
      await crashed.promise
      rmSync(join(disk.dir, "ballast"))
      await writer.advances(100)
      await writer.stop()
      expect(await lost(postgres.connection, writer.acked)).toEqual([])
    })
  },
)
