import { words } from "./words.ts"

/** Which calendar day a moment falls on where the reader is: "2026-03-09". */
export function dayOf(atMs: number): string {
  const at = new Date(atMs)
  const two = (part: number) => String(part).padStart(2, "0")
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`
}

/** What the line above a day's messages says. */
export function dayLabel(atMs: number, nowMs: number): string {
  const day = dayOf(atMs)
  if (day === dayOf(nowMs)) return words.day.today
  const now = new Date(nowMs)
  // By the calendar and not by 24 hours: days with a clock change are longer or shorter.
  if (day === dayOf(new Date(now.getFullYear(), now.getMonth(), now.getDate() - 1).getTime()))
    return words.day.yesterday
  return new Date(atMs).getFullYear() === now.getFullYear()
    ? dayThisYear.format(atMs)
    : dayWithYear.format(atMs)
}

/** The time of day, as the reader's clock tells it (12 or 24 hours). */
export const timeLabel = (atMs: number): string => time.format(atMs)

/** Day and time, in full, for tooltips and for those who listen. */
export const fullTimeLabel = (atMs: number): string => fullTime.format(atMs)

/** A moment to come: the time alone when it is today. */
export function timeUntil(at: string, nowMs = Date.now()): string {
  const atMs = Date.parse(at)
  return dayOf(atMs) === dayOf(nowMs) ? timeLabel(atMs) : shortTime.format(atMs)
}

const hourCycle = new Intl.DateTimeFormat(undefined, { hour: "numeric" }).resolvedOptions().hourCycle
const clock = { hour: "numeric", minute: "2-digit", ...(hourCycle && { hourCycle }) } as const
const date = { weekday: "long", day: "numeric", month: "long" } as const
const time = new Intl.DateTimeFormat(words.locale, clock)
const fullTime = new Intl.DateTimeFormat(words.locale, { ...date, ...clock, year: "numeric" })
const shortTime = new Intl.DateTimeFormat(words.locale, { day: "numeric", month: "short", ...clock })
const dayThisYear = new Intl.DateTimeFormat(words.locale, date)
const dayWithYear = new Intl.DateTimeFormat(words.locale, { ...date, year: "numeric" })
