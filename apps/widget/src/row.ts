import type { TimelineMessage } from "@klatch/client"
import { dayOf } from "./day.ts"

/** A message as a line of the log. */
export interface Row {
  readonly key: string
  readonly atMs: number
  readonly message: TimelineMessage
  /** The first of its day: the day stands above it. */
  readonly opensDay: boolean
  /** The first of a run by one author, whose name stands above it. */
  readonly leads: boolean
}

/** Messages of one author further apart do not run together. */
const runGapMs = 5 * 60_000

/** Lines for messages in their order. */
export function rowsOf(messages: readonly TimelineMessage[]): Row[] {
  const rows: Row[] = []
  for (const message of messages) {
    const before = rows.at(-1)
    const atMs = Date.parse(message.timestamp)
    const opensDay = before === undefined || dayOf(before.atMs) !== dayOf(atMs)
    const goesOn = before?.message.from === message.from && atMs - before.atMs < runGapMs
    rows.push({ key: keyOf(message), atMs, message, opensDay, leads: opensDay || !goesOn })
  }
  return rows
}

/** The same while it is sent and after, so that its line stays the same one. */
export const keyOf = ({ client_id, from, message_id }: TimelineMessage): string =>
  client_id === undefined ? `${message_id}` : `${from} ${client_id}`

/** How many lines are shown at the end, and how many more at each step back. */
export const windowCount = 60

/**
 * Where the shown stretch begins: at the message `fromId`, or, for null, so that it holds the newest `windowCount`.
 * What scrolls far back is not in the document, so that a long room costs a page no more than a short one.
 */
export function windowStart(messages: readonly TimelineMessage[], fromId: number | null): number {
  if (fromId === null) return Math.max(0, messages.length - windowCount)
  const at = messages.findIndex(({ message_id }) => message_id === null || message_id >= fromId)
  return at < 0 ? messages.length : at
}
