import type { TimelineMessage } from "@klatch/client"
import { dayOf } from "./day.ts"

/** A line of the log: the line above a day, or a message. */
export type Row = DayRow | MessageRow
export interface DayRow {
  readonly kind: "day"
  readonly key: string
  readonly atMs: number
}
export interface MessageRow {
  readonly kind: "message"
  readonly key: string
  readonly atMs: number
  readonly message: TimelineMessage
  /** Whether it shows its author: the first of a run by one author. */
  readonly leads: boolean
}

/** Messages of one author closer than this stand together. */
export const groupGapMs = 5 * 60_000

/** The lines of a log, from its messages in their order. */
export function rowsOf(messages: readonly TimelineMessage[]): Row[] {
  const rows: Row[] = []
  let previous: MessageRow | undefined
  for (const message of messages) {
    const atMs = Date.parse(message.timestamp)
    const newDay = previous === undefined || dayOf(previous.atMs) !== dayOf(atMs)
    if (newDay) rows.push({ kind: "day", key: `d ${keyOf(message)}`, atMs })
    const leads = newDay || previous === undefined || !stands(previous, message, atMs)
    previous = { kind: "message", key: keyOf(message), atMs, message, leads }
    rows.push(previous)
  }
  return rows
}

/** Whether `message` stands under the author line of the one before it. */
function stands(previous: MessageRow, message: TimelineMessage, atMs: number): boolean {
  return (
    previous.message.from.toLowerCase() === message.from.toLowerCase() &&
    message.reply_to === undefined &&
    atMs - previous.atMs < groupGapMs
  )
}

/** The same for a message while it is sent and after it was acked, so that its line stays the same line. */
export function keyOf(message: TimelineMessage): string {
  return message.client_id === undefined
    ? `m ${message.message_id}`
    : `c ${message.from} ${message.client_id}`
}

/** Whether `after` is `before` with lines put in front. */
export function grewInFront(before: readonly Row[], after: readonly Row[]): boolean {
  const first = before.find((row) => row.kind === "message")
  const firstNow = after.find((row) => row.kind === "message")
  if (first === undefined || firstNow === undefined || first.key === firstNow.key) return false
  return after.some((row) => row.key === first.key)
}
