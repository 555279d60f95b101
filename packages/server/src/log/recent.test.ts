import { describe, expect, test } from "bun:test"
import fc from "fast-check"
import { Recent } from "./recent.ts"

const frames = (firstSeq: number, count: number) =>
  Array.from({ length: count }, (_, i) => `#${firstSeq + i}`)
const all = Number.POSITIVE_INFINITY

describe("the recent entries of a room", () => {
  test("are told from after a seq, oldest first, no more than asked for", () => {
    const recent = new Recent()
    recent.add("den", 5, frames(5, 4))
    expect(recent.after("den", 4, all)).toEqual(["#5", "#6", "#7", "#8"])
    expect(recent.after("den", 6, all)).toEqual(["#7", "#8"])
    expect(recent.after("den", 4, 2)).toEqual(["#5", "#6"])
    expect(recent.after("den", 8, all)).toEqual([])
  })

  test("are not told in part: whoever needs an older one, or asks of a room that is not there, gets none", () => {
    const recent = new Recent()
    recent.add("den", 5, frames(5, 4))
    expect(recent.after("den", 3, all)).toBeUndefined()
    expect(recent.after("attic", 0, all)).toBeUndefined()
  })

  test("begin anew after a hole, and what was added before is not added again", () => {
    const recent = new Recent()
    recent.add("den", 1, frames(1, 3))
    recent.add("den", 2, frames(2, 2))
    expect(recent.after("den", 0, all)).toEqual(["#1", "#2", "#3"])
    recent.add("den", 6, frames(6, 2))
    expect(recent.after("den", 3, all)).toBeUndefined()
    expect(recent.after("den", 5, all)).toEqual(["#6", "#7"])
  })

  test("are not begun by what may not begin a room, but go on with it; a hole ends them", () => {
    const recent = new Recent()
    recent.add("den", 1, frames(1, 2), false)
    expect(recent.after("den", 0, all)).toBeUndefined()
    recent.add("den", 3, frames(3, 1))
    recent.add("den", 4, frames(4, 2), false)
    expect(recent.after("den", 2, all)).toEqual(["#3", "#4", "#5"])
    recent.add("den", 7, frames(7, 1), false)
    expect(recent.after("den", 6, all)).toBeUndefined()
    recent.add("den", 8, frames(8, 1))
    expect(recent.after("den", 7, all)).toEqual(["#8"])
  })

  test("lose their first ones up to a seq that is to be forgotten, and no others", () => {
    const recent = new Recent()
    recent.add("den", 1, frames(1, 4))
    recent.forgetThrough("den", 2)
    recent.forgetThrough("den", 1)
    expect(recent.after("den", 1, all)).toBeUndefined()
    expect(recent.after("den", 2, all)).toEqual(["#3", "#4"])
    recent.forgetThrough("den", 99)
    expect(recent.after("den", 4, all)).toBeUndefined()
    recent.forgetThrough("attic", 9)
  })

  test("stay within one and a half times the bound of a room, down to which they are cut", () => {
    const recent = new Recent({ perRoomMax: 10 })
    for (let seq = 1; seq <= 100; seq++) {
      recent.add("den", seq, frames(seq, 1))
      expect(recent.after("den", Math.max(0, seq - 10), all)).toHaveLength(Math.min(seq, 10))
      expect(recent.after("den", seq - 16, all)).toBeUndefined()
    }
    recent.add("den", 101, frames(101, 60))
    expect(recent.after("den", 150, all)).toHaveLength(10)
    expect(recent.after("den", 149, all)).toBeUndefined()
  })

  test("of all rooms stay within one bound together; the room longest without a new entry goes first", () => {
    const recent = new Recent({ totalMax: 10 })
    recent.add("den", 1, ["1234"])
    recent.add("attic", 1, ["1234"])
    recent.add("den", 2, ["12"])
    recent.add("hall", 1, ["1234"])
    expect(recent.after("attic", 0, all)).toBeUndefined()
    expect(recent.after("den", 0, all)).toEqual(["1234", "12"])
    recent.add("hall", 2, ["12345678"])
    expect(["den", "hall"].map((room) => recent.after(room, 0, all))).toEqual([undefined, undefined])
    recent.add("den", 3, ["1234567890"])
    expect(recent.after("den", 2, all)).toEqual(["1234567890"])
  })
})

/** What a room's log is, and from which seq on it is certainly not told. */
interface Log {
  head: number
  forgotten: number
}

const rooms = ["den", "attic", "hall"] as const
const command = fc.record({
  room: fc.constantFrom(...rooms),
  kind: fc.constantFrom("append", "append", "append", "skip", "repeat", "forgetThrough"),
  count: fc.integer({ min: 1, max: 9 }),
})

test("whatever is added, lost, repeated and forgotten, what is told is the log's own end, whole, or nothing", () => {
  const bounds = fc.record({
    perRoomMax: fc.integer({ min: 1, max: 12 }),
    totalMax: fc.integer({ min: 1, max: 200 }),
  })
  fc.assert(
    fc.property(bounds, fc.array(command, { maxLength: 60 }), (bounds, commands) => {
      const recent = new Recent(bounds)
      const logs = new Map<string, Log>(rooms.map((room) => [room, { head: 0, forgotten: 0 }]))
      for (const { room, kind, count } of commands) {
        const log = logs.get(room)!
        if (kind === "append") {
          recent.add(room, log.head + 1, frames(log.head + 1, count))
          log.head += count
        } else if (kind === "skip") log.head += count
        else if (kind === "repeat") {
          if (!recent.after(room, log.head, all)) continue
          const firstSeq = Math.max(1, log.head - count + 1)
          recent.add(room, firstSeq, frames(firstSeq, log.head - firstSeq + 1))
        } else {
          log.forgotten = Math.max(log.forgotten, Math.min(log.head, count))
          recent.forgetThrough(room, log.forgotten)
        }
        expectPartsOf(recent, logs, bounds)
      }
    }),
  )
})

/** Each room's answers are pieces of its log's array, and all agree where what is told ends. */
function expectPartsOf(
  recent: Recent,
  logs: ReadonlyMap<string, Log>,
  bounds: { readonly perRoomMax: number; readonly totalMax: number },
): void {
  let total = 0
  for (const [room, { head, forgotten }] of logs) {
    const told = Array.from({ length: head + 1 }, (_, seq) => recent.after(room, seq, all))
    const first = told.findIndex((frames) => frames !== undefined)
    if (first < 0) continue
    const longest = told[first]!
    const end = first + longest.length
    expect(longest.length === 0 || first >= forgotten).toBe(true)
    expect(end).toBeLessThanOrEqual(head)
    expect(longest.length).toBeLessThanOrEqual(bounds.perRoomMax * 1.5)
    for (let seq = first; seq <= end; seq++) expect(told[seq]).toEqual(frames(seq + 1, end - seq))
    total += longest.join("").length
  }
  expect(total).toBeLessThanOrEqual(bounds.totalMax)
}
