import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test"
import { migrate } from "../../../packages/server/src/db/migrate.ts"
import { Database } from "../../../packages/server/src/db/sql.ts"
import { embeddedPostgres, postgres15, type TestPostgres } from "../../harness/postgres.ts"

setDefaultTimeout(60_000)

const idOf = (n: number) => `0190a000-0000-7000-8000-0000000000${String(n).padStart(2, "0")}`
const [ann, bob, eve] = [idOf(1), idOf(2), idOf(3)]
const rooms = { public: idOf(11), private: idOf(12), direct: idOf(13), banned: idOf(14) }

describe.each([
  ["the PostgreSQL that comes with it", embeddedPostgres],
  ["PostgreSQL 15", postgres15],
])("%s", (_name, start) => {
  let postgres: TestPostgres
  let db: Database
  beforeAll(async () => {
    postgres = await start()
    db = new Database(postgres.address)
    await migrate(db)
    await db.query({
      name: "",
      text: `INSERT INTO klatch.rooms (id, kind, name, created_at) SELECT * FROM (VALUES
('${rooms.public}'::uuid, 'public', 'x', now()), ('${rooms.private}', 'private', 'x', now()),
('${rooms.direct}', 'direct', 'x', now()), ('${rooms.banned}', 'public', 'x', now()),
('${ann}', 'inbox', 'inbox', now())) r`,
    })
    await db.query({
      name: "",
      text: `INSERT INTO klatch.members (room_id, user_id, role, joined_seq) VALUES
('${rooms.private}', '${ann}', 'owner', 1), ('${rooms.direct}', '${ann}', 'member', 1),
('${rooms.direct}', '${bob}', 'member', 1)`,
    })
    await db.query({
      name: "",
      text: `INSERT INTO klatch.room_bans (room_id, user_id, banned_by, banned_at)
VALUES ('${rooms.banned}', '${eve}', '${ann}', now())`,
    })
    await db.query({
      name: "",
      text: `INSERT INTO klatch.entries (room_id, seq, kind, author_id, at, content)
SELECT id, 1, 'message', '${ann}', now(), 'secret' FROM klatch.rooms WHERE kind <> 'broadcast'`,
    })
  })
  afterAll(async () => {
    await db?.close()
    await postgres?.[Symbol.asyncDispose]()
  })

  const seen = async (userId: string, isAdmin = false, about?: string) => {
    const asked = db.asking({ userId, isAdmin }, about)
    const rows = await asked.query<{ room_id: string }>({
      name: "",
      text: "SELECT room_id FROM klatch.entries",
    })
    const members = await asked.query<{ room_id: string }>({
      name: "",
      text: "SELECT room_id FROM klatch.members",
    })
    const found = [...new Set(rows.map((row) => row.room_id))].sort()
    expect(members.every((one) => found.includes(one.room_id))).toBe(true)
    return found
  }

  test("[A14] without any WHERE each sees what is theirs and what is public, and nothing else", async () => {
    expect(await db.raiseWall()).toBe(true)
    const { public: open, private: closed, direct, banned } = rooms
    const [ofAnn, ofBob] = await Promise.all([seen(ann), seen(bob)])
    expect(ofAnn).toEqual([ann, open, closed, direct, banned].sort())
    expect(ofBob).toEqual([open, direct, banned].sort())
    expect(await seen(eve)).toEqual([open])
    expect(await seen(eve, true)).toEqual([open, closed, banned].sort())
    // Many at once on few connections: nobody sees with another's eyes.
    const many = await Promise.all(
      Array.from({ length: 60 }, async (_, i) => [i % 3, await seen([ann, bob, eve][i % 3]!)] as const),
    )
    const expected = [ofAnn, ofBob, [open]]
    for (const [who, found] of many) expect(found).toEqual(expected[who]!)
  })

  test("[A14] what a request is about opens nothing, and makes reading of it cheap", async () => {
    const mine = await seen(bob)
    for (const room of [...Object.values(rooms), ann, eve, ""])
      expect(await seen(bob, false, room)).toEqual(mine)
    await db.query({
      name: "",
      text: `INSERT INTO klatch.entries (room_id, seq, kind, author_id, at, content)
SELECT '${rooms.public}', n, 'message', '${ann}', now(), 'much' FROM generate_series(2, 4000) n`,
    })
    const tookMs = async (about?: string) => {
      const startMs = performance.now()
      const asked = db.asking({ userId: bob, isAdmin: false }, about)
      const text = "SELECT count(*) FROM klatch.entries WHERE room_id = $1"
      expect(await asked.query<object>({ name: "", text }, [rooms.public])).toEqual([{ count: 4_000 }])
      return performance.now() - startMs
    }
    await tookMs()
    expect(await tookMs(rooms.public)).toBeLessThan((await tookMs()) / 4)
  })

  test("[A14] whoever forgets to say for whom sees nothing, and nobody writes by this way", async () => {
    expect(await seen("")).toEqual([])
    for (const text of [
      "UPDATE klatch.entries SET content = ''",
      "DELETE FROM klatch.members",
      "SELECT password_hash FROM klatch.accounts",
      "SELECT value FROM klatch.secrets",
      "SELECT tokens_from FROM klatch.users",
    ]) {
      const told = await db
        .asking({ userId: ann, isAdmin: false })
        .query({ name: "", text })
        .then(() => "done", String)
      expect([text, told]).toEqual([text, expect.stringContaining("permission denied")])
    }
  })
})
