import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test"
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs"
import { dirname, join } from "node:path"
import { systemClock } from "../lib/clock.ts"
import { lost, OwnerProcess, Writer, withClient } from "./embedded/owner-process.fixture.ts"
import { isAlive, processesIn, until } from "./embedded/processes.ts"
import { isRoot, nobody, refusalOf, TestBed } from "./embedded/test-bed.fixture.ts"
import { EmbeddedPostgres } from "./embedded.ts"

// A guard against hanging, not a measure: a first start takes its second of processor time, whoever else wants it.
setDefaultTimeout(60_000)

let bed: TestBed

beforeAll(async () => {
  bed = await TestBed.make()
})

afterAll(() => bed[Symbol.asyncDispose]())

const users = isRoot
  ? [
      { name: "root", user: undefined },
      { name: "a user without rights", user: nobody },
    ]
  : [{ name: "this user", user: undefined }]

describe.each(users)("the embedded PostgreSQL, started as $name", ({ user }) => {
  test("makes its cluster at the first start and keeps every row at the next", async () => {
    const dir = bed.freshDir(user)
    const options = user ? { user } : {}
    {
      await using owner = new OwnerProcess(dir, options)
      const { connection } = await owner.line("ready")
      expect((await owner.line("started")).firstEver).toBe(true)
      await withClient(connection, (client) => client.query("CREATE TABLE kept AS SELECT 'grün' AS word"))
    }
    await using owner = new OwnerProcess(dir, options)
    const { connection } = await owner.line("ready")
    expect((await owner.line("started")).firstEver).toBe(false)
    const { rows } = await withClient(connection, (client) =>
      client.query("SELECT upper(word) AS word FROM kept"),
    )
    expect(rows).toEqual([{ word: "GRÜN" }])
  })

  test("comes back from kill -9 of its owner with every committed row, ending the orphan", async () => {
    const dir = bed.seededDir(user)
    const options = user ? { user } : {}
    const first = new OwnerProcess(dir, options)
    const { connection, pid } = await first.line("ready")
    const writer = new Writer(connection)
    await writer.advances(200)
    await first.kill()
    await writer.advances(1)
    expect(isAlive(pid)).toBe(true)
    await using second = new OwnerProcess(dir, options)
    const ready = await second.line("ready")
    expect((await second.line("retired")).pid).toBe(pid)
    await writer.advances(50)
    await writer.stop()
    expect(ready.connection).toEqual(connection)
    expect(await lost(connection, writer.acked)).toEqual([])
  })
})

test("nothing but the socket lets anyone in, every commit is synced, and statements stay out of its log", async () => {
  const dir = bed.seededDir()
  await using postgres = await EmbeddedPostgres.start({ dataDir: dir })
  const show = async (name: string) =>
    (await withClient(postgres.connection, (client) => client.query(`SHOW ${name}`))).rows[0][name]
  expect(await show("listen_addresses")).toBe("")
  for (const guard of ["fsync", "full_page_writes", "synchronous_commit"])
    expect(await show(guard)).toBe("on")
  expect(await show("jit")).toBe("off")
  expect(statSync(join(dir, "postgres/data")).mode & 0o777).toBe(0o700)
  expect(statSync(join(dir, "postgres")).mode & 0o777).toBe(0o700)
  await withClient(postgres.connection, (client) => client.query("SELECT secret_word")).catch(() => {})
  expect(readFileSync(join(dir, "postgres/postgres.log"), "utf8")).not.toContain("SELECT secret_word")
})

test("both killed at once, with a backend left that did not notice: the next start recovers every commit", async () => {
  const dir = bed.seededDir()
  const first = new OwnerProcess(dir)
  const { connection, pid } = await first.line("ready")
  const writer = new Writer(connection)
  await writer.advances(200)
  const busy = withClient(connection, (client) => client.query("DO $$ BEGIN LOOP END LOOP; END $$")).catch(
    () => {},
  )
  await withClient(connection, async (client) => {
    const isBusy = async () =>
      (await client.query("SELECT 1 FROM pg_stat_activity WHERE query LIKE 'DO %' AND state = 'active'"))
        .rowCount
    while (!(await isBusy())) {}
  })
  first.child.kill("SIGKILL")
  process.kill(pid, "SIGKILL")
  await first.exited
  const before = writer.acked.length
  await using second = new OwnerProcess(dir)
  await second.line("ready")
  await writer.advances(50)
  await writer.stop()
  await busy
  expect(before).toBeGreaterThanOrEqual(200)
  expect(await lost(connection, writer.acked)).toEqual([])
})

test("a postmaster killed under load is restarted at the same socket, and clients only wait", async () => {
  const events: string[] = []
  await using postgres = await EmbeddedPostgres.start({
    dataDir: bed.seededDir(),
    onEvent: (event) => events.push(event.type),
  })
  const writer = new Writer(postgres.connection)
  for (let round = 0; round < 3; round++) {
    await writer.advances(100)
    const { pid } = postgres
    process.kill(pid, "SIGKILL")
    await until(() => postgres.pid !== pid, systemClock, 50_000)
    await writer.advances(100)
  }
  await writer.stop()
  expect(writer.failures).toBeGreaterThan(0)
  expect(await lost(postgres.connection, writer.acked)).toEqual([])
  const round = ["crashed", "restarting", "restarted"]
  expect(events).toEqual(["started", ...round, ...round, ...round])
})

test("after stop nothing runs, nothing restarts, and the directory is free", async () => {
  const dir = bed.seededDir()
  const events: string[] = []
  const postgres = await EmbeddedPostgres.start({ dataDir: dir, onEvent: (event) => events.push(event.type) })
  await Promise.all([postgres.stop(), postgres.stop()])
  expect(isAlive(postgres.pid)).toBe(false)
  expect(processesIn(join(dir, "postgres/data"))).toEqual([])
  expect(events).toEqual(["started", "stopped"])
  await using again = await EmbeddedPostgres.start({ dataDir: dir })
  expect(again.pid).not.toBe(postgres.pid)
})

test("stopping in the middle of a restart leaves nothing running", async () => {
  const dir = bed.seededDir()
  const restarting = Promise.withResolvers<void>()
  const postgres = await EmbeddedPostgres.start({
    dataDir: dir,
    onEvent: (event) => event.type === "restarting" && restarting.resolve(),
  })
  process.kill(postgres.pid, "SIGKILL")
  await restarting.promise
  await postgres.stop()
  expect(processesIn(join(dir, "postgres/data"))).toEqual([])
})

test("an owner that exits without a word takes PostgreSQL with it", async () => {
  const owner = new OwnerProcess(bed.seededDir())
  const { pid } = await owner.line("ready")
  await owner.say("exit")
  expect(await until(() => !isAlive(pid), systemClock, 50_000)).toBe(true)
})

describe("two owners of one DATA_DIR", () => {
  test("the second is refused with a sentence that names the first", async () => {
    const dir = bed.seededDir()
    await using first = new OwnerProcess(dir)
    await first.line("ready")
    const refused = await refusalOf(EmbeddedPostgres.start({ dataDir: dir }))
    expect(refused.reason).toBe("in_use")
    expect(refused.message).toContain(`process ${first.child.pid}`)
    expect(refused.message).toContain("DATA_DIR")
  })

  test("also within one process, and the refusal does not loosen the first one's lock", async () => {
    const dir = bed.seededDir()
    await using _ = await EmbeddedPostgres.start({ dataDir: dir })
    expect((await refusalOf(EmbeddedPostgres.start({ dataDir: dir }))).reason).toBe("in_use")
    await using other = new OwnerProcess(dir)
    await other.exited
    expect(other.lines).toMatchObject([{ type: "failed", reason: "in_use" }])
  })

  test("of many at once exactly one gets it", async () => {
    const dir = bed.seededDir()
    const owners = Array.from({ length: 4 }, () => new OwnerProcess(dir))
    const settled = await Promise.allSettled(owners.map((owner) => owner.line("ready")))
    for (const owner of owners) await owner[Symbol.asyncDispose]()
    expect(settled.filter(({ status }) => status === "fulfilled")).toHaveLength(1)
    expect(owners.flatMap(({ lines }) => lines.filter(({ type }) => type === "failed"))).toHaveLength(3)
  })

  test("pids of the dead that are other processes' now fool nobody", async () => {
    const dir = bed.seededDir()
    writeFileSync(join(dir, "postgres/owner.pid"), `${process.pid}\n`)
    writeFileSync(
      join(dir, "postgres/data/postmaster.pid"),
      `${process.pid}\n/x\n1700000000\n5432\n.\n\n1 1\nready\n`,
    )
    await using postgres = await EmbeddedPostgres.start({ dataDir: dir })
    expect(isAlive(postgres.pid)).toBe(true)
  })
})

test("a DATA_DIR longer than a socket's address may be works, after kill -9 too, and leaves no door", async () => {
  const dir = join(bed.freshDir(), ...Array.from({ length: 6 }, (_, n) => `${n}-${"long".repeat(10)}`))
  bed.copySeed(dir)
  const first = new OwnerProcess(dir)
  const { connection } = await first.line("ready")
  expect(Buffer.byteLength(connection.host)).toBeLessThan(90)
  expect(statSync(dirname(connection.host)).mode & 0o777).toBe(0o700)
  await first.kill()
  {
    await using second = new OwnerProcess(dir)
    const ready = await second.line("ready")
    expect(ready.connection).toEqual(connection)
    await withClient(ready.connection, (client) => client.query("SELECT 1"))
  }
  expect(existsSync(dirname(connection.host))).toBe(false)
})

test("a cluster of another major version is refused and left alone", async () => {
  const dir = bed.seededDir()
  writeFileSync(join(dir, "postgres/data/PG_VERSION"), "17\n")
  const refused = await refusalOf(EmbeddedPostgres.start({ dataDir: dir }))
  expect(refused.reason).toBe("wrong_version")
  expect(refused.message).toMatch(/PostgreSQL 17 .* PostgreSQL 18/)
})

test("a first start that was cut short is begun again", async () => {
  const dir = bed.freshDir()
  mkdirSync(join(dir, "postgres/data.new-abc/base"), { recursive: true })
  writeFileSync(join(dir, "postgres/data.new-abc/PG_VERSION"), "18\n")
  await using postgres = await EmbeddedPostgres.start({ dataDir: dir })
  await withClient(postgres.connection, (client) => client.query("SELECT 1"))
  expect(readdirSync(join(dir, "postgres")).filter((name) => name.startsWith("data.new"))).toEqual([])
})

test("a thrown-away DATA_DIR goes at stop; a killed owner's at a later start, with its PostgreSQL", async () => {
  const env = { TMPDIR: bed.freshDir() }
  const first = new OwnerProcess("", { env, throwAway: true })
  const { connection, pid } = await first.line("ready")
  await first.kill()
  const swept = dirname(dirname(connection.host))
  utimesSync(swept, 1, 1)
  const second = new OwnerProcess("", { env, throwAway: true })
  await second.line("ready")
  expect(existsSync(swept)).toBe(false)
  expect(isAlive(pid)).toBe(false)
  expect(readdirSync(env.TMPDIR)).toHaveLength(1)
  await second.say("stop")
  expect(readdirSync(env.TMPDIR)).toEqual([])
})
