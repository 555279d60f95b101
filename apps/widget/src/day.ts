import { words } from "./words.ts"

const day = { weekday: "long", day: "numeric", month: "long" } as const
const clock = { hour: "numeric", minute: "2-digit" } as const
const thisYear = new Intl.DateTimeFormat(words.locale, day)
const anyYear = new Intl.DateTimeFormat(words.locale, { ...day, year: "numeric" })
// The words are ours, but 12 or 24 hours are the reader's.
const { hourCycle } = new Intl.DateTimeFormat(undefined, clock).resolvedOptions()
const cycle = hourCycle === undefined ? {} : { hourCycle }
const time = new Intl.DateTimeFormat(words.locale, { ...clock, ...cycle })
const full = new Intl.DateTimeFormat(words.locale, { ...day, ...clock, ...cycle, year: "numeric" })

/** The reader's calendar day of a moment, as a number that grows with the days. */
export function dayOf(atMs: number): number {
  const at = new Date(atMs)
  return (at.getFullYear() * 12 + at.getMonth()) * 31 + at.getDate() - 1
}

/** What stands above a day's messages. */
export function dayLabel(atMs: number, nowMs: number): string {
  const now = new Date(nowMs)
  // The calendar's day before, however long it was.
  const yesterday = new Date(now.getFullYear(), now.getMonth(), now.getDate() - 1).getTime()
  if (dayOf(atMs) === dayOf(nowMs)) return words.day.today
  if (dayOf(atMs) === dayOf(yesterday)) return words.day.yesterday
  return (new Date(atMs).getFullYear() === now.getFullYear() ? thisYear : anyYear).format(atMs)
}

export const timeLabel = (atMs: number): string => time.format(atMs)

/** Day and time in full: for tooltips. */
export const fullTimeLabel = (atMs: number): string => full.format(atMs)
