import { expect, test } from "bun:test"
import type { TimelineMessage } from "@klatch/client"
import { grewInFront, groupGapMs, keyOf, rowsOf } from "./row.ts"

const noon = new Date(2026, 2, 9, 12).getTime()
let born = 0
function message(from: string, atMs: number, more: Partial<TimelineMessage> = {}): TimelineMessage {
  born += 1
  return {
    seq: born,
    message_id: born,
    room_id: "r",
    room: "lobby",
    kind: "room",
    user_id: from,
    from,
    content: "x",
    timestamp: new Date(atMs).toISOString(),
    delivery: "sent",
    ...more,
  }
}
const shape = (messages: TimelineMessage[]) =>
  rowsOf(messages).map((row) => (row.kind === "day" ? "day" : row.leads ? "leads" : "follows"))

test("no messages, no lines", () => expect(rowsOf([])).toEqual([]))

test("messages of one author that are close stand together", () => {
  expect(shape([message("a", noon), message("a", noon + 1_000), message("A", noon + 2_000)])).toEqual([
    "day",
    "leads",
    "follows",
    "follows",
  ])
})

test("another author, a long pause and a reply each begin anew", () => {
  expect(shape([message("a", noon), message("b", noon)])).toEqual(["day", "leads", "leads"])
  expect(shape([message("a", noon), message("a", noon + groupGapMs)])).toEqual(["day", "leads", "leads"])
  expect(shape([message("a", noon), message("a", noon, { reply_to: 1 })])).toEqual(["day", "leads", "leads"])
})

test("every day has its line, and no run goes over midnight", () => {
  const midnight = new Date(2026, 2, 10).getTime()
  expect(shape([message("a", midnight - 1_000), message("a", midnight + 1_000)])).toEqual([
    "day",
    "leads",
    "day",
    "leads",
  ])
})

test("a clock that went back does not split a run", () => {
  expect(shape([message("a", noon), message("a", noon - 1_000)])).toEqual(["day", "leads", "follows"])
})

test("a message keeps its line when it is acked", () => {
  const sending = message("a", noon, { seq: null, message_id: null, client_id: "c1", delivery: "sending" })
  expect(keyOf({ ...sending, seq: 7, message_id: 7, delivery: "sent" })).toBe(keyOf(sending))
})

test("keys are unique also when two authors chose one client id", () => {
  const rows = rowsOf([
    message("a", noon, { client_id: "1" }),
    message("b", noon, { client_id: "1" }),
    message("b", noon),
  ])
  expect(new Set(rows.map((row) => row.key)).size).toBe(rows.length)
})

test("growth in front is told from growth at the end", () => {
  const [a, b, c] = [message("a", noon), message("b", noon), message("c", noon)]
  expect(grewInFront(rowsOf([b]), rowsOf([a, b]))).toBe(true)
  expect(grewInFront(rowsOf([b]), rowsOf([a, b, c]))).toBe(true)
  expect(grewInFront(rowsOf([b]), rowsOf([b, c]))).toBe(false)
  expect(grewInFront(rowsOf([]), rowsOf([a]))).toBe(false)
  expect(grewInFront(rowsOf([a]), rowsOf([b, c]))).toBe(false)
  expect(grewInFront(rowsOf([a]), rowsOf([]))).toBe(false)
})
