import { afterAll, beforeAll, describe, expect, test } from "bun:test"
import { migrate, ownMigrations } from "../../packages/server/src/db/migrate.ts"
import { Database, isOutage } from "../../packages/server/src/db/sql.ts"
import { AppError } from "../../packages/server/src/lib/app-error.ts"
import { ManualClock } from "../../packages/server/src/lib/clock.ts"
import { SqlLogStore } from "../../packages/server/src/log/append.sql.ts"
import { CatchUp } from "../../packages/server/src/log/catch-up.ts"
import type { Author, LogRoom } from "../../packages/server/src/log/entry.ts"
import type { MessageDraft } from "../../packages/server/src/log/log-store.ts"
import { readMessages } from "../../packages/server/src/log/read.sql.ts"
import { Recent } from "../../packages/server/src/log/recent.ts"
import { Retention } from "../../packages/server/src/log/retention.ts"
import { embeddedPostgres, postgres15, type TestPostgres } from "../harness/postgres.ts"

const at = "2026-01-02T03:04:05.678Z"
const insertUser = {
  name: "test_user",
  text: `INSERT INTO klatch.users (id, username, username_key, display_name, created_at)
    VALUES ($1, $2, $2, $2, now())`,
}
const insertRoom = {
  name: "test_room",
  text: "INSERT INTO klatch.rooms (id, kind, name, created_at) VALUES ($1, 'public', 'test', now())",
}
const editRow = {
  name: "test_edit",
  text: "UPDATE klatch.entries SET content = 'new words', edited_at = now() WHERE room_id = $1 AND seq = $2",
}

for (const [version, start] of [
  ["PostgreSQL 18, embedded", embeddedPostgres],
  ["PostgreSQL 15, by URL", postgres15],
] as const)
  describe(`the log on ${version}`, () => {
    let postgres: TestPostgres
    let one: Database
    let other: Database
    let author: Author

    beforeAll(async () => {
      postgres = await start()
      one = new Database(postgres.address)
      other = new Database(postgres.address)
      // Two nodes start together: each brings the database up to date, once in all.
      expect((await Promise.all([migrate(one), migrate(other)])).sort()).toEqual([0, ownMigrations().length])
      author = { id: crypto.randomUUID(), username: "ann" }
      await one.query(insertUser, [author.id, author.username])
    }, 60_000)

    afterAll(async () => {
      await one.close()
      await other.close()
      await postgres[Symbol.asyncDispose]()
    })

    const makeRoom = async (): Promise<LogRoom> => {
      const room: LogRoom = { id: crypto.randomUUID(), kind: "public", label: "test" }
      await one.query(insertRoom, [room.id])
      return room
    }
    const draft = (room: LogRoom, clientId: string, content = clientId): MessageDraft => ({
      room,
      author,
      clientId,
      content,
    })

    test("[L2] [L3] the same client_id gives the same seq and time, and seqs have no holes", async () => {
      const room = await makeRoom()
      const store = new SqlLogStore(one)
      expect(await store.appendMessages([draft(room, "a"), draft(room, "b")], at)).toEqual([
        { seq: 1, at, known: false },
        { seq: 2, at, known: false },
      ])
      const later = "2027-01-01T00:00:00.000Z"
      expect(
        await store.appendMessages([draft(room, "b"), draft(room, "c"), draft(room, "a")], later),
      ).toEqual([
        { seq: 2, at, known: true },
        { seq: 3, at: later, known: false },
        { seq: 1, at, known: true },
      ])
    })

    test("[L2] two nodes that retry one send store it once, and both tell the same seq", async () => {
      const rooms = await Promise.all(Array.from({ length: 4 }, makeRoom))
      const nodes = [new SqlLogStore(one), new SqlLogStore(other)]
      for (let round = 0; round < 50; round++) {
        // Each node has the rooms in another order: were they not locked in one order, some round would deadlock.
        const drafts = rooms.map((room) => draft(room, `round-${round}`))
        const [a, b] = await Promise.all([
          nodes[0]!.appendMessages(drafts, at),
          nodes[1]!.appendMessages(drafts.toReversed(), at),
        ])
        expect(b!.toReversed().map((place) => place?.seq)).toEqual(a!.map((place) => place?.seq))
        expect(a!.map((place) => place?.seq)).toEqual(rooms.map(() => round + 1))
      }
    })

    test("a draft for a room that is gone is answered so, and its neighbours are stored", async () => {
      const room = await makeRoom()
      const gone: LogRoom = { id: crypto.randomUUID(), kind: "public", label: "gone" }
      const placed = await new SqlLogStore(one).appendMessages([draft(gone, "x"), draft(room, "y")], at)
      expect(placed).toEqual([undefined, { seq: 1, at, known: false }])
    })

    test("[L8] a change that refuses leaves nothing behind", async () => {
      const room = await makeRoom()
      const store = new SqlLogStore(one)
      const refused = store.applyChanges(
        [
          {
            roomIds: [room.id],
            apply: async (scope) => {
              await scope.query(editRow, [room.id, 1])
              scope.append(room, author, { kind: "leave" })
              throw new AppError("forbidden")
            },
          },
        ],
        at,
      )
      expect(await refused.catch((error) => error.code)).toBe("forbidden")
      expect(await new CatchUp(one, new Recent()).head(room.id)).toBe(0)
    })

    test("[L9] any text that a client may send comes back as it was", async () => {
      const room = await makeRoom()
      const texts = [
        "",
        "quo\"te's \\ back",
        "{1,2}",
        "null",
        "日本語 🎉",
        "\u0001\u001f",
        "a\nb\tc",
        "%_\\%",
        "𝕏".repeat(4_000),
      ]
      await new SqlLogStore(one).appendMessages(
        texts.map((text, i) => draft(room, `t${i}`, text)),
        at,
      )
      const { entries, head } = await readMessages(one, room.id, { limit: 50 })
      expect(entries.map((entry) => entry.kind === "message" && entry.content)).toEqual(texts)
      expect(head).toBe(texts.length)
    })

    test("[L10] pages go both ways without overlap; a replay tells a changed message in its newest words", async () => {
      const room = await makeRoom()
      const store = new SqlLogStore(one)
      await store.appendMessages(
        Array.from({ length: 25 }, (_, i) => draft(room, `m${i + 1}`)),
        at,
      )
      const seqs = async (window: { before?: number; after?: number; limit: number }) =>
        (await readMessages(one, room.id, window)).entries.map((entry) => entry.seq)
      expect(await seqs({ limit: 3 })).toEqual([23, 24, 25])
      expect(await seqs({ before: 23, limit: 3 })).toEqual([20, 21, 22])
      expect(await seqs({ after: 0, limit: 3 })).toEqual([1, 2, 3])
      expect(await seqs({ after: 24, limit: 3 })).toEqual([25])
      expect(await seqs({ before: 1, limit: 3 })).toEqual([])
      await store.applyChanges(
        [
          {
            roomIds: [room.id],
            apply: async (scope) => {
              await scope.query(editRow, [room.id, 2])
              return scope.append(room, author, { kind: "edit", target: 2, content: "new words" })
            },
          },
        ],
        at,
      )
      const { firstSeq, frames } = await new CatchUp(one, new Recent()).following(room, 1, 100)
      expect(firstSeq).toBe(2)
      expect(JSON.parse(frames[0]!)).toMatchObject({ seq: 2, content: "new words" })
      expect(JSON.parse(frames.at(-1)!)).toMatchObject({
        type: "edit",
        seq: 26,
        message_id: 2,
        content: "new words",
      })
    })

    test("[L7] retention cuts the old end in bounded steps, keeps client_ids; a replay tells the hole", async () => {
      const room = await makeRoom()
      const store = new SqlLogStore(one)
      await store.appendMessages(
        Array.from({ length: 2_500 }, (_, i) => draft(room, `old${i}`)),
        "2020-01-01T00:00:00.000Z",
      )
      await store.appendMessages([draft(room, "new")], at)
      const clock = new ManualClock(Date.parse(at) + 86_400_000)
      const removed: number[] = []
      using retention = new Retention({
        db: one,
        clock,
        days: 30,
        onRemoved: (roomId, _, count) => {
          if (roomId === room.id) removed.push(count)
        },
      })
      await retention.run()
      expect(removed).toEqual([1_000, 1_000, 500])
      expect((await readMessages(one, room.id, { limit: 100 })).entries.map((entry) => entry.seq)).toEqual([
        2_501,
      ])
      expect(await store.appendMessages([draft(room, "old7"), draft(room, "newer")], at)).toEqual([
        { seq: 8, at: "2020-01-01T00:00:00.000Z", known: true },
        { seq: 2_502, at, known: false },
      ])
      expect((await new CatchUp(one, new Recent()).following(room, 10, 100)).firstSeq).toBe(2_501)
    })

    test("a database of a newer version is left alone, with a sentence", async () => {
      await expect(migrate(one, [])).rejects.toThrow("Start the newer version")
    })

    test("what a broken connection and a refusal are told apart by", async () => {
      const refused = await one.query({ name: "test_bad", text: "SELECT 1 / 0" }).catch((error) => error)
      expect(isOutage(refused)).toBe(false)
      const killed = await one
        .query({ name: "test_kill", text: "SELECT pg_terminate_backend(pg_backend_pid())" })
        .catch((error) => error)
      expect(isOutage(killed)).toBe(true)
      expect(await one.query({ name: "test_after", text: "SELECT 1 AS n" })).toEqual([{ n: 1 }])
    })
  })
