import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test"
import fc from "fast-check"
import { embeddedPostgres, type TestPostgres } from "../../../../../tests/harness/postgres.ts"
import { migrate } from "../../db/migrate.ts"
import { Database, type Queryable } from "../../db/sql.ts"
import { SqlLogStore } from "../../log/append.sql.ts"
import type { LogRoom } from "../../log/entry.ts"
import { Receipts, readEvent, topicsToldOf } from "./receipts.ts"

const at = "2026-01-02T03:04:05.678Z"
setDefaultTimeout(60_000)
const insertRoom = {
  name: "test_room",
  text: "INSERT INTO klatch.rooms (id, kind, name, created_at) VALUES ($1, 'public', 'test', now())",
}
const insertMember = {
  name: "test_member",
  text: "INSERT INTO klatch.members (room_id, user_id, role, joined_seq) VALUES ($1, $2, 'member', 1)",
}
const marks = {
  name: "test_marks",
  text: "SELECT user_id, read_seq, read_ordinal FROM klatch.members WHERE room_id = $1 ORDER BY user_id",
}
const removeThrough = {
  name: "test_remove",
  text: "DELETE FROM klatch.entries WHERE room_id = $1 AND seq <= $2",
}

let postgres: TestPostgres
let one: Database
let other: Database

beforeAll(async () => {
  postgres = await embeddedPostgres()
  one = new Database(postgres.address)
  other = new Database(postgres.address)
  await migrate(one)
})

afterAll(async () => {
  await one.close()
  await other.close()
  await postgres[Symbol.asyncDispose]()
})

const someone = () => ({ user: { id: crypto.randomUUID(), username: "ann", display_name: "Ann" } })
type Someone = ReturnType<typeof someone>

const makeRoom = async (...members: readonly Someone[]): Promise<LogRoom> => {
  const room: LogRoom = { id: crypto.randomUUID(), kind: "public", label: "test" }
  await one.query(insertRoom, [room.id])
  for (const { user } of members) await one.query(insertMember, [room.id, user.id])
  return room
}

/** Appends one entry: a message, or something that is none. */
async function append(room: LogRoom, isMessage: boolean): Promise<void> {
  const author = { id: crypto.randomUUID(), username: "bob" }
  const store = new SqlLogStore(one)
  if (isMessage) await store.appendMessages([{ room, author, clientId: author.id, content: "x" }], at)
  else {
    const change = {
      roomIds: [room.id],
      apply: async (scope: { append(room: LogRoom, by: typeof author, body: { kind: "leave" }): number }) =>
        scope.append(room, author, { kind: "leave" }),
    }
    await store.applyChanges([change], at)
  }
}

const marksOf = (room: LogRoom) =>
  one.query<{ user_id: string; read_seq: number; read_ordinal: number }>(marks, [room.id])
const markOf = async (room: LogRoom) => {
  const [row] = await marksOf(room)
  return [row?.read_seq, row?.read_ordinal]
}

/** A database that counts the statements it is asked for, and can be away. */
function counting(db: Queryable) {
  const counter = { count: 0, failure: undefined as Error | undefined }
  const query: Queryable["query"] = (statement, values) => {
    counter.count++
    return counter.failure ? Promise.reject(counter.failure) : db.query(statement, values)
  }
  return { counter, db: { query } }
}

describe("a read mark", () => {
  test("[M1] [M2] [M3] is the greatest that was asked for, at most the head, in any log and order", async () => {
    const step = fc.record({
      entries: fc.array(fc.boolean(), { maxLength: 4 }),
      asked: fc.array(
        fc.record({
          member: fc.nat(2),
          node: fc.nat(1),
          seq: fc.oneof(
            { weight: 5, arbitrary: fc.integer({ min: 1, max: 20 }) },
            { weight: 1, arbitrary: fc.constantFrom(2 ** 31, 2 ** 52, Number.MAX_SAFE_INTEGER) },
          ),
        }),
        { maxLength: 8 },
      ),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 5 }), async (steps) => {
        const members = [someone(), someone(), someone()]
        const room = await makeRoom(...members)
        const nodes = [new Receipts(one), new Receipts(other)]
        const log: boolean[] = []
        const model = members.map(() => 0)
        for (const { entries, asked } of steps) {
          for (const isMessage of entries) await append(room, isMessage)
          log.push(...entries)
          const answers = await Promise.all(
            asked.map(({ member, node, seq }) => nodes[node]!.mark(members[member]!, room, seq)),
          )
          for (const i of members.keys()) {
            const own = asked.filter(({ member }) => member === i)
            const told = answers.filter((answer, n) => answer !== null && asked[n]?.member === i)
            const before = model[i]!
            model[i] = Math.max(before, ...own.map(({ seq }) => Math.min(seq, log.length)))
            // Each node tells of what it moved, so at most two do, and the last of them tells where the mark stands.
            expect(told.every((mark) => mark! > before && mark! <= model[i]!)).toBe(true)
            expect(new Set(told).size).toBe(told.length)
            expect(Math.max(before, ...(told as number[]))).toBe(model[i]!)
          }
          const rows = new Map((await marksOf(room)).map((row) => [row.user_id, row]))
          for (const [i, { user }] of members.entries())
            expect(rows.get(user.id)).toMatchObject({
              read_seq: model[i]!,
              read_ordinal: log.slice(0, model[i]!).filter(Boolean).length,
            })
        }
      }),
      { numRuns: 40, seed: 20_260_102 },
    )
  })

  test("[M6] many at once are few statements, and of one member only the greatest is told", async () => {
    const members = Array.from({ length: 40 }, someone)
    const room = await makeRoom(...members)
    for (let i = 0; i < 9; i++) await append(room, true)
    const { counter, db } = counting(one)
    const receipts = new Receipts(db)
    const asked = [3, 9, 9, 1].flatMap((seq) => members.map((member) => ({ member, seq })))
    const answers = await Promise.all(asked.map(({ member, seq }) => receipts.mark(member, room, seq)))
    expect(counter.count).toBe(1)
    expect(answers).toEqual([...Array(40).fill(null), ...Array(40).fill(9), ...Array(80).fill(null)])
    expect((await marksOf(room)).map((row) => row.read_seq)).toEqual(Array(40).fill(9))
  })

  test("[M6] nodes that mark the same members in other orders do not deadlock", async () => {
    const members = Array.from({ length: 30 }, someone)
    const rooms = await Promise.all([makeRoom(...members), makeRoom(...members), makeRoom(...members)])
    const rounds = 30
    for (let i = 0; i < rounds; i++) for (const room of rooms) await append(room, true)
    const nodes = [new Receipts(one), new Receipts(other)]
    const pairs = rooms.flatMap((room) => members.map((member) => ({ room, member })))
    for (let round = 1; round <= rounds; round++)
      await Promise.all(
        nodes.flatMap((node, i) =>
          (i === 0 ? pairs : pairs.toReversed()).map(({ room, member }) => node.mark(member, room, round)),
        ),
      )
    for (const room of rooms)
      for (const row of await marksOf(room))
        expect([row.read_seq, row.read_ordinal]).toEqual([rounds, rounds])
  })

  test("[M2] one that waited for another's lock does not move the mark back", async () => {
    const ann = someone()
    const room = await makeRoom(ann)
    for (let i = 0; i < 5; i++) await append(room, i % 2 === 0)
    const greater = new Receipts(one)
    let waiting: Promise<number | null> | undefined
    await other.transaction("read", async (tx) => {
      expect(await new Receipts(tx).mark(ann, room, 4)).toBe(4)
      waiting = greater.mark(ann, room, 3)
      await untilWaiting()
    })
    expect(await waiting).toBeNull()
    expect(await markOf(room)).toEqual([4, 2])
    expect(await greater.mark(ann, room, 5)).toBe(5)
    expect(await markOf(room)).toEqual([5, 3])
  })

  test("[M5] of someone who is no member nothing is kept, nor in an inbox or in the broadcast room", async () => {
    const ann = someone()
    const room = await makeRoom()
    await append(room, true)
    const { counter, db } = counting(one)
    const receipts = new Receipts(db)
    expect(await receipts.mark(ann, room, 1)).toBeNull()
    expect(await marksOf(room)).toEqual([])
    expect(counter.count).toBe(1)
    for (const kind of ["inbox", "broadcast"] as const)
      expect(await receipts.mark(ann, { ...room, kind }, 1)).toBeNull()
    expect(counter.count).toBe(1)
  })

  test("in a part that retention took counts what was there", async () => {
    const ann = someone()
    const room = await makeRoom(ann)
    for (const isMessage of [true, true, false, true, false, true, true]) await append(room, isMessage)
    await one.query(removeThrough, [room.id, 4])
    const receipts = new Receipts(one)
    expect(await receipts.mark(ann, room, 2)).toBe(2)
    expect(await markOf(room)).toEqual([2, 3])
    await one.query(removeThrough, [room.id, 7])
    expect(await receipts.mark(ann, room, 5)).toBe(5)
    expect(await markOf(room)).toEqual([5, 5])
  })

  test("an outage fails those who asked then, and the next one is kept", async () => {
    const ann = someone()
    const room = await makeRoom(ann)
    await append(room, true)
    const { counter, db } = counting(one)
    const receipts = new Receipts(db)
    counter.failure = new Error("away")
    const asked = await Promise.allSettled([receipts.mark(ann, room, 1), receipts.mark(ann, room, 1)])
    expect(asked.map(({ status }) => status)).toEqual(["rejected", "rejected"])
    counter.failure = undefined
    expect(await receipts.mark(ann, room, 1)).toBe(1)
  })
})

test("[M4] a mark is told to one's own, and to all in direct rooms and groups", () => {
  const ann = someone()
  const told = (kind: LogRoom["kind"]) => topicsToldOf(ann, { id: "r", kind, label: "r" })
  for (const kind of ["public", "private"] as const) expect(told(kind)).toEqual([ann.user.id])
  for (const kind of ["direct", "group"] as const) expect(told(kind)).toEqual([ann.user.id, "r"])
  expect(JSON.parse(readEvent(ann, { id: "r", kind: "direct", label: "r" }, 7))).toEqual({
    type: "read",
    room_id: "r",
    user_id: ann.user.id,
    message_id: 7,
  })
})

/** Resolves once some statement waits for another's lock. */
async function untilWaiting(): Promise<void> {
  const locks = {
    name: "test_locks",
    text: "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%klatch.members%'",
  }
  while ((await other.query(locks)).length === 0) await Promise.resolve()
}
