import { describe, expect, test } from "bun:test"
import type { TimelineMessage } from "@klatch/client"
import { unreadAfter } from "./chat.ts"
import { dayLabel } from "./day.ts"
import { rowsOf, windowCount, windowStart } from "./row.ts"

function message(id: number | null, from: string, timestamp = "2026-03-09T12:00:00.000Z"): TimelineMessage {
  return {
    seq: id,
    message_id: id,
    room_id: "r",
    room: "den",
    kind: "room",
    user_id: `id of ${from}`,
    from,
    content: `message ${id}`,
    timestamp,
    delivery: id === null ? "sending" : "sent",
  }
}

describe("the lines of a log", () => {
  test("of one author within five minutes run together, until another speaks or a day begins", () => {
    const at = (minutes: number) => new Date(Date.UTC(2026, 2, 9, 12, minutes)).toISOString()
    const rows = rowsOf([
      message(1, "ann", at(0)),
      message(2, "ann", at(4)),
      message(3, "ann", at(10)),
      message(4, "bob", at(10)),
      message(5, "bob", at(60 * 30)),
    ])
    expect(rows.map(({ leads }) => leads)).toEqual([true, false, true, true, true])
    expect(rows.map(({ opensDay }) => opensDay)).toEqual([true, false, false, false, true])
  })

  test("keep their key while they are sent and after", () => {
    const sending = { ...message(null, "ann"), client_id: "c1" }
    const [before] = rowsOf([sending])
    const [after] = rowsOf([{ ...sending, message_id: 7, seq: 7, delivery: "sent" }])
    expect(after?.key).toBe(before?.key as string)
  })
})

describe("the shown stretch", () => {
  const held = Array.from({ length: 200 }, (_, i) => message(i * 3 + 1, "ann"))

  test("is the newest, or begins where the reader is", () => {
    expect(windowStart(held, null)).toBe(200 - windowCount)
    expect(windowStart(held.slice(0, 5), null)).toBe(0)
    expect(windowStart(held, 31)).toBe(10)
    expect(windowStart(held, 32)).toBe(11)
    expect(windowStart(held, 1)).toBe(0)
    expect(windowStart(held, 10_000)).toBe(200)
    expect(windowStart([message(null, "ann")], 10_000)).toBe(0)
  })
})

describe("what is unread", () => {
  test("is of others, after the last one read, and still there", () => {
    const messages = [
      message(1, "bob"),
      message(2, "bob"),
      message(3, "ann"),
      { ...message(4, "bob"), deleted_at: "2026-03-09T12:00:01.000Z" },
      message(5, "cat"),
      message(null, "ann"),
    ]
    expect(unreadAfter(1, messages, "id of ann")).toBe(2)
    expect(unreadAfter(0, messages, "id of ann")).toBe(3)
    expect(unreadAfter(5, messages, "id of ann")).toBe(0)
    expect(unreadAfter(0, [], undefined)).toBe(0)
  })
})

test("days are called by the reader's calendar", () => {
  const now = new Date(2026, 2, 1, 0, 30).getTime()
  const at = (...[year, month, day]: [number, number, number]) => new Date(year, month, day, 23).getTime()
  expect(dayLabel(now, now)).toBe("Today")
  expect(dayLabel(at(2026, 1, 28), now)).toBe("Yesterday")
  expect(dayLabel(at(2026, 1, 27), now)).toBe("Friday, February 27")
  expect(dayLabel(at(2025, 11, 31), now)).toBe("Wednesday, December 31, 2025")
})
