import { expect, test } from "bun:test"
import type { TimelineMessage } from "@klatch/client"
import { countNew, firstUnread, groupGapMs, indexOfMessage, keyOf, rowsOf } from "./row.ts"

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
const shape = (messages: TimelineMessage[], unreadId?: number) =>
  rowsOf(messages, unreadId).map((row) =>
    row.kind !== "message" ? row.kind : row.leads ? "leads" : "follows",
  )

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

test("the unread line stands below the day, above the first unread message, which leads", () => {
  const [a, b, c] = [message("a", noon), message("a", noon + 1_000), message("a", noon + 2_000)]
  expect(shape([a, b, c], b.message_id as number)).toEqual(["day", "leads", "unread", "leads", "follows"])
  expect(shape([a, b, c], a.message_id as number)).toEqual(["day", "unread", "leads", "follows", "follows"])
  expect(shape([a, b, c])).toEqual(["day", "leads", "follows", "follows"])
})

test("a message that did not change keeps its row, so that it is not drawn again", () => {
  const [a, b, c] = [message("a", noon), message("a", noon + 1_000), message("a", noon + 2_000)]
  const [before, after] = [rowsOf([b, c]), rowsOf([a, b, c])]
  expect(after.at(-1)).toBe(before.at(-1)!)
  expect(after.at(-2)).not.toBe(before.at(-2)!)
  expect(rowsOf([a, { ...b, content: "y" }, c]).at(-2)).toMatchObject({ message: { content: "y" } })
})

test("a message is found by its id, and ours on their way stand last", () => {
  const held = [message("a", noon), message("b", noon), message("a", noon)]
  const all = [...held, message("a", noon, { message_id: null, seq: null, delivery: "sending" })]
  for (const [at, one] of held.entries()) expect(indexOfMessage(all, one.message_id as number)).toBe(at)
  expect(indexOfMessage(all, (held[0]?.message_id as number) - 1)).toBe(-1)
  expect(indexOfMessage(all, (held[2]?.message_id as number) + 1)).toBe(-1)
  expect(indexOfMessage([], 1)).toBe(-1)
})

test("the first unread message is of someone else, and told only when it is certain", () => {
  const messages = [message("a", noon), message("me", noon), message("b", noon), message("a", noon)]
  const [a = 0, me = 0, b = 0, last = 0] = messages.map((one) => one.message_id as number)
  const first = (after: number | null | undefined, hasOlder = false) =>
    firstUnread(messages, hasOlder, after, "me")
  expect(first(a)).toBe(b)
  expect(first(me)).toBe(b)
  expect(first(b)).toBe(last)
  expect(first(last)).toBeNull()
  expect(first(0)).toBe(a)
  expect(first(0, true)).toBeNull()
  expect(first(null)).toBeNull()
  expect(first(undefined)).toBeNull()
})

test("new messages are those of others behind the last one seen", () => {
  const messages = [message("a", noon), message("me", noon), message("b", noon)]
  messages.push(message("me", noon, { message_id: null, seq: null, delivery: "sending" }))
  const [a = 0, , b = 0] = messages.map((one) => one.message_id as number)
  expect(countNew(messages, 0, "me")).toBe(2)
  expect(countNew(messages, a, "me")).toBe(1)
  expect(countNew(messages, b, "me")).toBe(0)
  expect(countNew([], 0, "me")).toBe(0)
})
