import { expect, test } from "bun:test"
import { dayLabel, dayOf } from "./day.ts"

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
