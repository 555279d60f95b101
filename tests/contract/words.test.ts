import { afterAll, beforeAll, expect, test } from "bun:test"
import pg from "pg"
import { type Word, Words } from "../../packages/server/src/cluster/words.ts"
import { migrate } from "../../packages/server/src/db/migrate.ts"
import { Database } from "../../packages/server/src/db/sql.ts"
import { ManualClock } from "../../packages/server/src/lib/clock.ts"
import { embeddedPostgres, type TestPostgres } from "../harness/postgres.ts"

let postgres: TestPostgres
let db: Database
beforeAll(async () => {
  postgres = await embeddedPostgres()
  db = new Database(postgres.address, { node: "here" })
  await migrate(db)
})
afterAll(async () => {
  await db?.close()
  await postgres?.[Symbol.asyncDispose]()
})

const userId = "00000000-0000-7000-8000-000000000001"
const write = {
  name: "test_word",
  text: "INSERT INTO klatch.words (kind, subject, seq) VALUES ('inbox', $1, $2)",
}

async function listen() {
  const heard: Word[] = []
  const told = { lost: 0, failures: 0 }
  const words = new Words({
    ...{ db, clock: new ManualClock(), node: "here" },
    periodMs: () => 1_000,
    onWord: (word) => heard.push(word),
    onLost: () => told.lost++,
    onFailure: () => told.failures++,
  })
  await words.begin()
  return { heard, told, words, seqs: () => heard.map(({ seq }) => seq) }
}

test("[N8] each word is heard once, in whatever order transactions end, and however long one stays open", async () => {
  const { heard, words, seqs, told } = await listen()
  const client = new pg.Client(postgres.address as pg.ClientConfig)
  await client.connect()
  await client.query("BEGIN")
  await client.query(write.text, [userId, 1])
  for (let seq = 2; seq <= 30; seq++) {
    await db.query(write, [userId, seq])
    await words.look()
    expect(seqs().at(-1)).toBe(seq)
  }
  expect(seqs()).toHaveLength(29)
  await client.query("COMMIT")
  await Promise.all([words.look(), words.look(), words.look()])
  await words.look()
  expect(seqs().toSorted((a, b) => (a ?? 0) - (b ?? 0))).toEqual(Array.from({ length: 30 }, (_, i) => i + 1))
  expect(heard.filter(({ isOwn }) => isOwn)).toHaveLength(29)
  expect(told).toEqual({ lost: 0, failures: 0 })
  await client.end()
})

test("[N8] nothing from before it began is heard; more than it reads at once is as good as lost", async () => {
  const { words, seqs, told } = await listen()
  await words.look()
  expect(seqs()).toEqual([])
  const many = {
    name: "test_many",
    text: `${write.text.replace("VALUES ('inbox', $1, $2)", "")}
    SELECT 'inbox', $1, n FROM generate_series(1, $2::int) n`,
  }
  await db.query(many, [userId, 10_001])
  await words.look()
  expect(told.lost).toBe(1)
  await words.look()
  expect(told.lost).toBe(1)
})
