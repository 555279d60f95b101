/** What row-level security costs: the same reads with the wall and without, in turn, on the PostgreSQL of Klatch. */
import { execFileSync } from "node:child_process"
import { readFileSync, writeFileSync } from "node:fs"
import { cpus } from "node:os"
import { join } from "node:path"
import { EmbeddedPostgres } from "../../../packages/server/src/db/embedded.ts"
import { migrate } from "../../../packages/server/src/db/migrate.ts"
import { Database, type Queryable } from "../../../packages/server/src/db/sql.ts"
import { readMessages, readNewestMessages } from "../../../packages/server/src/log/read.sql.ts"

const userId = "01900000-0000-7000-8000-000000000001"
const firstRoom = "01900000-0000-7000-8000-000000000100"
const roomCount = 200
const messageCount = 10_000
const pageSize = 50
const listSize = 100
const rounds = Number(process.env.ROUNDS ?? 1_000)
const markers = ["<!-- wall: begin, written by the benchmark -->", "<!-- wall: end -->"] as const

/** The rooms of someone, as a list of them asks for it, without what is only counted. */
const mine = {
  name: "wall_cost_mine",
  text: `SELECT r.id, r.kind, r.name, r.head_seq, m.role FROM klatch.members m JOIN klatch.rooms r ON r.id = m.room_id
WHERE m.user_id = $1 ORDER BY r.id LIMIT $2`,
}

const run = (db: Queryable, text: string) => db.query({ name: "", text })

const postgres = await EmbeddedPostgres.start({ dataDir: "", throwAway: true })
const db = new Database(postgres.connection)
await migrate(db)
await run(
  db,
  `INSERT INTO klatch.users (id, username, username_key, display_name, created_at)
   VALUES ('${userId}', 'ann', 'ann', 'Ann', now())`,
)
await run(
  db,
  `INSERT INTO klatch.rooms (id, kind, name, head_seq, message_count, created_at)
   SELECT ('01900000-0000-7000-8000-' || lpad(to_hex(255 + n), 12, '0'))::uuid, 'private', 'room ' || n,
     CASE n WHEN 1 THEN ${messageCount} ELSE 20 END, CASE n WHEN 1 THEN ${messageCount} ELSE 20 END, now()
   FROM generate_series(1, ${roomCount}) n`,
)
await run(
  db,
  `INSERT INTO klatch.members (room_id, user_id, role, joined_seq)
   SELECT id, '${userId}', 'member', 1 FROM klatch.rooms WHERE kind = 'private'`,
)
await run(
  db,
  `INSERT INTO klatch.entries (room_id, seq, kind, author_id, at, content, ordinal)
   SELECT r.id, n, 'message', '${userId}', now(), repeat('x', 100), n
   FROM klatch.rooms r, generate_series(1, r.head_seq) n WHERE r.kind = 'private'`,
)
await run(db, "ANALYZE")
if (!(await db.raiseWall())) throw new Error("the wall cannot be raised here")

const walled = (about?: string) => db.asking({ userId, isAdmin: false }, about)
const page = (reader: Queryable, round: number) =>
  readMessages(reader, firstRoom, {
    before: messageCount - ((round * 97) % (messageCount - pageSize)),
    limit: pageSize,
  })
const list = async (reader: Queryable) => {
  const rows = await reader.query<{ id: string }>(mine, [userId, listSize])
  await readNewestMessages(
    reader,
    rows.map((row) => row.id),
  )
}
const cases: Record<string, readonly [open: (round: number) => unknown, behind: (round: number) => unknown]> =
  {
    [`a page of ${pageSize} of ${messageCount.toLocaleString("en")} messages`]: [
      (round) => page(db, round),
      (round) => page(walled(firstRoom), round),
    ],
    [`a list of ${listSize} rooms with their newest message`]: [() => list(db), () => list(walled())],
  }

const measured = []
for (const [name, sides] of Object.entries(cases)) {
  const ms: [number[], number[]] = [[], []]
  for (let round = -20; round < rounds; round++)
    for (const [side, read] of sides.entries()) {
      const startMs = performance.now()
      await read(Math.abs(round))
      if (round >= 0) ms[side]?.push(performance.now() - startMs)
    }
  const [open, behind] = ms.map((one) => one.toSorted((a, b) => a - b)) as [number[], number[]]
  measured.push({ name, open, behind })
}
await db.close()
await postgres.stop()

const root = join(import.meta.dirname, "../../..")
const at = new Date().toISOString()
const commit = execFileSync("git", ["rev-parse", "--short", "HEAD"], { cwd: root }).toString().trim()
const machine = { cpu: cpus()[0]?.model ?? "unknown", cores: cpus().length }
/** The value at rank ceil(share * n), of ascending ones. */
const quantile = (sorted: number[], share: number) =>
  sorted[Math.ceil(share * sorted.length) - 1] ?? Number.NaN
const told = (sorted: number[]) =>
  `${quantile(sorted, 0.5).toFixed(2)} / ${quantile(sorted, 0.99).toFixed(2)}`
const table = [
  `Measured ${at} at commit ${commit} on ${machine.cores} cores of ${machine.cpu}.`,
  `n ${rounds} each, in turn, one at a time.`,
  "",
  "| read | without the wall, p50 / p99 ms | with it | p50, ratio |",
  "|---|---|---|---|",
  ...measured.map(
    ({ name, open, behind }) =>
      `| ${name} | ${told(open)} | ${told(behind)} | ${(quantile(behind, 0.5) / quantile(open, 0.5)).toFixed(2)}x |`,
  ),
].join("\n")
console.log(table)
const raw = `bench/results/${at.slice(0, 16).replace(":", "")}-${commit}-wall.json`
writeFileSync(join(root, raw), JSON.stringify({ at, commit, machine, rounds, measured }))
const documentPath = join(root, "BENCHMARKS.md")
const document = readFileSync(documentPath, "utf8")
const [before = "", after = ""] = [document.split(markers[0])[0], document.split(markers[1])[1]]
writeFileSync(
  documentPath,
  `${before}${markers[0]}\n\n${table}\nRaw figures: [${raw}](${raw}).\n\n${markers[1]}${after}`,
)
