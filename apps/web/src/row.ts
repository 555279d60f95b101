import type { TimelineMessage } from "@klatch/client"
import { dayOf } from "./day.ts"

/** A line of the log: the line above a day or above what is unread, or a message. */
export type Row = MarkRow | MessageRow
export interface MarkRow {
  readonly kind: "day" | "unread"
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

interface Made {
  readonly day: string
  row: MessageRow
}
/** A message that did not change keeps its row, so that ten thousand of them cost little and draw nothing. */
const known = new WeakMap<TimelineMessage, Made>()

/** The lines of a log, from its messages in their order. `unreadId`: the one above which the unread line stands. */
export function rowsOf(messages: readonly TimelineMessage[], unreadId: number | null = null): Row[] {
  const rows: Row[] = []
  let previous: Made | undefined
  for (const message of messages) {
    const made = known.get(message) ?? madeOf(message)
    const { key, atMs } = made.row
    const isNewDay = previous === undefined || previous.day !== made.day
    const isUnread = unreadId !== null && message.message_id === unreadId
    if (isNewDay) rows.push({ kind: "day", key: `d ${key}`, atMs })
    if (isUnread) rows.push({ kind: "unread", key: "unread", atMs })
    const leads = isNewDay || isUnread || previous === undefined || !stands(previous.row, message, atMs)
    if (made.row.leads !== leads) made.row = { ...made.row, leads }
    rows.push(made.row)
    previous = made
  }
  return rows
}

function madeOf(message: TimelineMessage): Made {
  const atMs = Date.parse(message.timestamp)
  const made: Made = {
    day: dayOf(atMs),
    row: { kind: "message", key: keyOf(message), atMs, message, leads: true },
  }
  known.set(message, made)
  return made
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

/** Where the message of an id stands; -1 when it is not held. Ids ascend; ours on their way have none and come last. */
export function indexOfMessage(messages: readonly TimelineMessage[], id: number): number {
  let low = 0
  let high = messages.length - 1
  while (low <= high) {
    const middle = (low + high) >> 1
    const found = messages[middle]?.message_id ?? Number.POSITIVE_INFINITY
    if (found === id) return middle
    if (found < id) low = middle + 1
    else high = middle - 1
  }
  return -1
}

/**
 * The first message of others after `afterId`; null when there is none, or when it is not certain which it is because
 * what is held begins later.
 */
export function firstUnread(
  messages: readonly TimelineMessage[],
  hasOlder: boolean,
  afterId: number | null | undefined,
  selfId: string | undefined,
): number | null {
  if (afterId === null || afterId === undefined) return null
  let first: number | null = null
  for (let at = messages.length - 1; at >= 0; at--) {
    const message = messages[at] as TimelineMessage
    if (message.message_id === null) continue
    if (message.message_id <= afterId) return first
    if (message.user_id !== selfId) first = message.message_id
  }
  return hasOlder ? null : first
}

/** How many messages of others came after `afterId`. */
export function countNew(
  messages: readonly TimelineMessage[],
  afterId: number,
  selfId: string | undefined,
): number {
  let count = 0
  for (let at = messages.length - 1; at >= 0; at--) {
    const message = messages[at] as TimelineMessage
    if (message.message_id === null) continue
    if (message.message_id <= afterId) break
    if (message.user_id !== selfId) count++
  }
  return count
}
