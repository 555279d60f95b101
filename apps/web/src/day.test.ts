import { expect, test } from "bun:test"
import { dayLabel, dayOf, timeLabel, timeUntil } from "./day.ts"

const at = (year: number, month: number, day: number, hour = 12, minute = 0) =>
  new Date(year, month - 1, day, hour, minute).getTime()

test("a day is the reader's calendar day", () => {
  expect(dayOf(at(2026, 3, 9, 0, 0))).toBe("2026-03-09")
  expect(dayOf(at(2026, 3, 9, 23, 59))).toBe("2026-03-09")
})

test("today and yesterday are said by the calendar, not by hours", () => {
  const now = at(2026, 3, 9, 0, 5)
  expect(dayLabel(at(2026, 3, 9, 0, 1), now)).toBe("Today")
  expect(dayLabel(at(2026, 3, 8, 23, 59), now)).toBe("Yesterday")
  expect(dayLabel(at(2026, 3, 8, 0, 0), now)).toBe("Yesterday")
  expect(dayLabel(at(2026, 1, 1), at(2026, 1, 2))).toBe("Yesterday")
  expect(dayLabel(at(2025, 12, 31), at(2026, 1, 1))).toBe("Yesterday")
})

test("older days have their date, and the year when it is another", () => {
  const now = at(2026, 3, 9)
  expect(dayLabel(at(2026, 3, 7), now)).toBe("Saturday, March 7")
  expect(dayLabel(at(2025, 3, 7), now)).toBe("Friday, March 7, 2025")
})

test("a moment to come is told by its time alone when it is today, else by its day too", () => {
  const nowMs = new Date(2026, 2, 9, 14, 0).getTime()
  const at = (...parts: [number, number, number, number, number]) => new Date(...parts).toISOString()
  const today = timeUntil(at(2026, 2, 9, 23, 5), nowMs)
  expect(today).toBe(timeLabel(new Date(2026, 2, 9, 23, 5).getTime()))
  const tomorrow = timeUntil(at(2026, 2, 10, 23, 5), nowMs)
  expect(tomorrow).toContain("Mar")
  expect(tomorrow).toEndWith(today)
})
