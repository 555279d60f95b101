import { describe, expect, test } from "bun:test"
import { createRoom, limits, slug } from "@klatch/protocol"
import fc from "fast-check"
import type { Queryable } from "../../db/sql.ts"
import { directName, RoomDirectory, roomInfoOf } from "./room-directory.ts"
import type { RoomRow } from "./rooms.sql.ts"
import { slugOf } from "./rooms.ts"

const idOf = (n: number) => `0190a000-0000-7000-8000-00000000000${n}`
const rowOf = (n: number, more: Partial<RoomRow> = {}): RoomRow => ({
  id: idOf(n),
  kind: "public",
  slug: `room-${n}`,
  name: `Room ${n}`,
  topic: "",
  head_seq: 0,
  created_at: new Date(0),
  archived_at: null,
  slow_mode_s: 0,
  rights: {},
  ...more,
})

/** A directory of these rooms, and what it asked the database for. */
function bench(rows: readonly RoomRow[]) {
  const asked: (readonly string[])[] = []
  const db = {
    query: (_statement: unknown, [refs]: [readonly string[]]) => {
      asked.push(refs)
      const named = rows.map((row) => ({ ...row, taken_name: `slug:${row.slug}` }))
      return Promise.resolve(
        named.filter(({ id, taken_name }) => refs.includes(id) || refs.includes(taken_name)),
      )
    },
  } as unknown as Queryable
  return { asked, directory: new RoomDirectory(db) }
}

describe("the directory", () => {
  test("finds a room by id and by slug, and asks but once for one that is there", async () => {
    const { asked, directory } = bench([rowOf(1)])
    expect(directory.peek("room-1")).toBeUndefined()
    const found = await directory.find("room-1")
    expect(found).toEqual(roomInfoOf(rowOf(1)))
    expect(await directory.find(idOf(1))).toBe(found!)
    expect(directory.peek("room-1")).toBe(found!)
    expect(asked).toEqual([["slug:room-1"]])
  })

  test("asks once for all that is wanted at once, each room named once", async () => {
    const { asked, directory } = bench([rowOf(1), rowOf(2)])
    const found = await Promise.all([1, 2, 1, 3].map((n) => directory.find(idOf(n))))
    expect(found.map((room) => room?.slug)).toEqual(["room-1", "room-2", "room-1", undefined])
    expect(asked).toEqual([[idOf(1), idOf(2), idOf(3)]])
  })

  test("does not remember what was read of a room before it changed", async () => {
    const rows = [rowOf(1), rowOf(2, { kind: "direct", slug: null })]
    const { directory } = bench(rows)
    const { mark } = directory
    const [reading, before] = [directory.find("room-1"), roomInfoOf(rowOf(1))]
    rows[0] = rowOf(1, { archived_at: new Date(1) })
    directory.forget(before)
    expect((await reading)?.settings?.isArchived).toBe(true)
    expect(directory.peek("room-1")).toBeUndefined()
    expect([directory.remember(before, mark), directory.peek(idOf(1))]).toEqual([false, undefined])
    expect((await directory.find("room-1"))?.settings?.isArchived).toBe(true)
    expect(directory.peek(idOf(1))?.settings?.isArchived).toBe(true)
    expect(directory.remember(before)).toBe(true)
  })

  test("does not remember that there is none, and forgets a room under both its names", async () => {
    const rows: RoomRow[] = []
    const { directory } = bench(rows)
    expect(await directory.find("room-1")).toBeUndefined()
    rows.push(rowOf(1))
    const found = await directory.find("room-1")
    expect(found?.id).toBe(idOf(1))
    rows.pop()
    directory.forget(found!)
    expect(await directory.find("room-1")).toBeUndefined()
    expect(await directory.find(idOf(1))).toBeUndefined()
  })

  test("never takes a room whose slug is another's id for that other", async () => {
    const { directory } = bench([rowOf(1, { kind: "private" }), rowOf(2, { slug: idOf(1) })])
    directory.remember(roomInfoOf(rowOf(2, { slug: idOf(1) })))
    expect(directory.peek(idOf(1))).toBeUndefined()
    const found = await directory.find(idOf(1))
    expect([found?.id, found?.kind]).toEqual([idOf(1), "private"])
    directory.forget(roomInfoOf(rowOf(2, { slug: idOf(1) })))
    expect(directory.peek(idOf(1))?.kind).toBe("private")
  })
})

test("a room cannot be made with a slug that looks like an id", () => {
  expect(createRoom.safeParse({ name: "Den", slug: "den" }).success).toBe(true)
  for (const slug of [idOf(1), idOf(1).toUpperCase()])
    expect(createRoom.safeParse({ name: "Den", slug }).success).toBe(false)
})

test("two users have one name for their direct room, whoever opens it", () => {
  expect(directName(idOf(1), idOf(2))).toBe(directName(idOf(2), idOf(1)))
  expect(directName(idOf(1), idOf(1))).not.toBe(directName(idOf(1), idOf(2)))
})

describe("the slug of a name", () => {
  test.each([
    ["Lobby", "lobby"],
    ["  The Back   Room! ", "the-back-room"],
    ["a_b-c", "a_b-c"],
    ["Café №1", "caf-1"],
    ["--x--", "x"],
    ["日本", undefined],
    ["!?", undefined],
    [idOf(1), undefined],
    [`${"a".repeat(63)} b`, "a".repeat(63)],
  ])("%p is %p", (name, expected) => expect(slugOf(name)).toBe(expected as string))

  test("is a slug of the contract, or none, and its own slug", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", maxLength: limits.roomNameCharsMax }), (name) => {
        const found = slugOf(name)
        if (found === undefined) return
        expect(slug.parse(found)).toBe(found)
        expect(slugOf(found)).toBe(found)
        expect(found).not.toMatch(/^-|-$/)
      }),
    )
  })
})
