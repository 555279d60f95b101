import { expect, test } from "bun:test"
import type { TimelineMessage } from "@klatch/client"
import fc from "fast-check"
import { rowsOf } from "./row.ts"
import { movedInFront, stepTowards } from "./row-step.ts"

const made = new Map<number, TimelineMessage>()
function message(id: number): TimelineMessage {
  const known = made.get(id)
  if (known) return known
  const one = {
    seq: id,
    message_id: id,
    room_id: "r",
    room: "lobby",
    kind: "room",
    user_id: "a",
    from: "a",
    content: "x",
    timestamp: new Date(2026, 2, 9, 12).toISOString(),
    delivery: "sent",
  } as const
  made.set(id, one)
  return one
}
const from = (first: number, last: number) =>
  Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => message(first + i))
const ids = (messages: readonly TimelineMessage[]) => messages.map((one) => one.message_id)

/** Every step from what is shown to what is there now, `mayDrop` or not. */
function steps(shown: TimelineMessage[], now: TimelineMessage[], mayDrop: boolean) {
  const made: (readonly TimelineMessage[])[] = []
  let step: readonly TimelineMessage[] = shown
  do {
    step = stepTowards(step, now, mayDrop)
    made.push(step)
  } while (step !== now && made.length < 4)
  return made.map(ids)
}
const numbers = (first: number, last: number) => ids(from(first, last))

test("what changes at one end only is shown at once", () => {
  expect(steps(from(5, 9), from(1, 9), false)).toEqual([numbers(1, 9)])
  expect(steps(from(5, 9), from(5, 12), false)).toEqual([numbers(5, 12)])
  expect(steps(from(5, 9), from(5, 7), false)).toEqual([numbers(5, 7)])
  expect(steps(from(5, 9), from(7, 9), true)).toEqual([numbers(7, 9)])
  expect(steps([], from(1, 2), false)).toEqual([numbers(1, 2)])
  expect(steps(from(1, 2), [], false)).toEqual([[]])
})

test("what comes in front comes after the end has changed", () => {
  expect(steps(from(5, 9), from(2, 7), false)).toEqual([numbers(5, 7), numbers(2, 7)])
  expect(steps(from(5, 9), from(2, 12), false)).toEqual([numbers(5, 12), numbers(2, 12)])
})

test("what goes in front goes last, and only when it may", () => {
  expect(steps(from(5, 9), from(7, 12), true)).toEqual([numbers(5, 12), numbers(7, 12)])
  expect(steps(from(5, 9), from(7, 12), false).at(-1)).toEqual(numbers(5, 12))
  expect(steps(from(1, 2_500), from(2_400, 2_600), false)).toEqual([numbers(2_400, 2_600)])
})

test("what has nothing in common is shown at once", () => {
  expect(steps(from(1, 4), from(6, 9), false)).toEqual([numbers(6, 9)])
  expect(steps(from(6, 9), from(1, 4), false)).toEqual([numbers(1, 4)])
})

test("from anything to anything each step keeps one end in its place, and there are two at most", () => {
  const span = fc.tuple(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 0, max: 20 }))
  fc.assert(
    fc.property(span, span, ([a, aLength], [b, bLength]) => {
      const now = from(b, b + bLength)
      const made = steps(from(a, a + aLength), now, true)
      expect(made.at(-1)).toEqual(ids(now))
      expect(made.length).toBeLessThanOrEqual(2)
      const isApart = a + aLength < b || b + bLength < a
      let before = numbers(a, a + aLength)
      for (const step of made) {
        if (!isApart) expect(step[0] === before[0] || step.at(-1) === before.at(-1)).toBe(true)
        before = step
      }
    }),
    { seed: 5, numRuns: 500 },
  )
})

test("lines that come or go in front are told from those at the end", () => {
  const moved = (before: TimelineMessage[], after: TimelineMessage[]) =>
    movedInFront(rowsOf(before), rowsOf(after))
  expect(moved(from(2, 2), from(1, 2))).toBe(true)
  expect(moved(from(1, 4), from(3, 4))).toBe(true)
  expect(moved(from(2, 2), from(2, 3))).toBe(false)
  expect(moved(from(2, 4), from(2, 3))).toBe(false)
  expect(moved([], from(1, 1))).toBe(false)
  expect(moved(from(1, 1), from(2, 3))).toBe(false)
  expect(moved(from(1, 1), [])).toBe(false)
})
