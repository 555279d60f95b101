import type { DurableEvent, EventOf, HistoryPage, MessageEvent } from "@klatch/protocol"
import type { TimelineMessage } from "./message.ts"
import { isSameMessage, toMessage, withChange } from "./message.ts"

/** Past this many, the oldest are let go, or the newest while someone reads far back; they can be paged again. */
export const messagesMax = 10_000
/** So many more are held before the oldest are let go: not one at every message. */
const trimSlack = 500
/** Events held ahead of a hole. Past it the furthest are let go, to be repaired with the hole. */
export const aheadMax = 1_000
/** Changes kept of messages that are not loaded. Past it the oldest go, and `changesFloor` rises. */
export const changesMax = 256

type Change = EventOf<"edit"> | EventOf<"delete">

/** Messages `fromId` to `toId` came from a page truer than the cursor: changes up to `head` are in them already. */
interface Fresh {
  readonly fromId: number
  readonly toId: number
  readonly head: number
}

/**
 * The stretch of a room's log that is held, true to `cursor`: all messages from some message on, or up to another when
 * there are newer ones that were let go. What must hold: messages ascend, none is missing between the first and the
 * last, none is there twice; and without `hasNewer` none between the last and the cursor.
 */
export interface RoomLog {
  readonly messages: readonly TimelineMessage[]
  /** Every event up to this seq is in `messages`; null: nothing is known, page first. */
  readonly cursor: number | null
  /** The seq the server is known to have reached. */
  readonly target: number
  readonly hasOlder: boolean
  /** Messages up to the cursor that are not held, after the last one that is. */
  readonly hasNewer: boolean
  /** So many messages are held at most. */
  readonly max: number
  /** Counts newest pages: another page asked for before one of them no longer fits. */
  readonly epoch: number
  /** Events past a hole, ascending. */
  readonly ahead: readonly DurableEvent[]
  /** Changes to messages not held, ascending: a page read before them is brought up to date by them. */
  readonly changes: readonly Change[]
  /** Changes up to this seq are in no `changes`: a page read before it cannot be used. */
  readonly changesFloor: number
  readonly fresh: readonly Fresh[]
}

export const emptyLog: RoomLog = {
  messages: [],
  cursor: null,
  target: 0,
  hasOlder: false,
  hasNewer: false,
  max: messagesMax,
  epoch: 0,
  ahead: [],
  changes: [],
  changesFloor: 0,
  fresh: [],
}

/** Whether the server is known to have events that are not in the log. */
export const isBehind = (log: RoomLog): boolean =>
  log.cursor !== null && (log.cursor < log.target || log.ahead.length > 0)

/** Takes an event in, in whatever order it comes: seen ones change nothing, early ones wait. */
export function heard(log: RoomLog, event: DurableEvent): RoomLog {
  if (log.cursor === null || event.seq > log.cursor + 1) return held(log, event)
  if (event.seq <= log.cursor) return log
  return caughtUp(applied(log, event))
}

/** The server told its head, after a join or a resume. A head behind ours means its log is older: begin anew. */
export function synced(log: RoomLog, head: number, hasGap: boolean): RoomLog {
  const isReset = log.cursor !== null && (hasGap || head < log.cursor)
  return isReset ? { ...log, target: head, cursor: null } : { ...log, target: Math.max(head, log.target) }
}

/** The connection is gone: what waited behind a hole comes again with the next one. */
export const cut = (log: RoomLog): RoomLog => ({ ...log, ahead: [], target: log.cursor ?? 0 })

/** Begins anew from the newest page. Messages that did not change stay the same objects. */
export function paged(log: RoomLog, page: HistoryPage): RoomLog {
  const known = new Map(log.messages.map((message) => [message.message_id, message]))
  const messages = page.messages.map((event) => unchanged(known.get(event.message_id), event))
  return caughtUp({
    messages,
    cursor: page.head,
    target: Math.max(page.head, log.target),
    hasOlder: page.has_more,
    hasNewer: false,
    max: log.max,
    epoch: log.epoch + 1,
    ahead: log.ahead,
    changes: [],
    changesFloor: page.head,
    fresh: [],
  })
}

/** Where a page was asked for: from which message, in which epoch. */
export interface PageAt {
  readonly id: number
  readonly epoch: number
}

/** Whether a page of older messages can be put in front; if not, it must be asked for again. */
export const fitsOlder = (log: RoomLog, page: HistoryPage, at: PageAt): boolean =>
  at.epoch === log.epoch && page.head >= log.changesFloor && log.messages[0]?.message_id === at.id

/** The same for a page of newer messages, to be put behind. */
export const fitsNewer = (log: RoomLog, page: HistoryPage, at: PageAt): boolean =>
  at.epoch === log.epoch && page.head >= log.changesFloor && log.messages.at(-1)?.message_id === at.id

/** Puts older messages in front, brought to the state of the cursor. One that does not fit changes nothing. */
export function pagedOlder(log: RoomLog, page: HistoryPage, at: PageAt): RoomLog {
  if (log.cursor === null || !fitsOlder(log, page, at)) return log
  const older = page.messages.filter((event) => event.message_id < at.id)
  const messages = [...toState(log, page, older), ...log.messages]
  const hasOlder = page.has_more && older.length > 0
  return withoutNewest({ ...log, messages, hasOlder, fresh: withFresh(log, page, older) })
}

/** Puts newer messages behind, brought to the state of the cursor. One that does not fit changes nothing. */
export function pagedNewer(log: RoomLog, page: HistoryPage, at: PageAt): RoomLog {
  const { cursor } = log
  if (cursor === null || !log.hasNewer || !fitsNewer(log, page, at)) return log
  // What was born after the cursor comes as an event.
  const newer = page.messages.filter((event) => event.message_id > at.id && event.message_id <= cursor)
  const isAll = newer.length < page.messages.length || (!page.has_more && page.head >= cursor)
  const messages = [...log.messages, ...toState(log, page, newer)]
  return withoutOldest({ ...log, messages, hasNewer: !isAll, fresh: withFresh(log, page, newer) }, 0)
}

/** The messages of a page that is older than the cursor, with the changes since. */
function toState(log: RoomLog, page: HistoryPage, events: readonly MessageEvent[]): TimelineMessage[] {
  let messages: readonly TimelineMessage[] = events.map(toMessage)
  for (const change of log.changes) if (change.seq > page.head) messages = changed(messages, change)
  return [...messages]
}

function withFresh(log: RoomLog, page: HistoryPage, events: readonly MessageEvent[]): readonly Fresh[] {
  const [first, last] = [events[0], events.at(-1)]
  if (!first || !last || log.cursor === null || page.head <= log.cursor) return log.fresh
  return [...log.fresh, { fromId: first.message_id, toId: last.message_id, head: page.head }]
}

/** Past the bound the newest are let go: someone reads far back. Only a page as new as the cursor fits from here. */
function withoutNewest(log: RoomLog): RoomLog {
  if (log.messages.length <= log.max) return log
  return { ...cutTo(log, 0, log.max), hasNewer: true }
}

/** The same for the oldest, once there are `slack` too many. */
function withoutOldest(log: RoomLog, slack: number): RoomLog {
  if (log.messages.length <= log.max + slack) return log
  return { ...cutTo(log, log.messages.length - log.max, log.messages.length), hasOlder: true }
}

/** Keeps some of the messages. Of those that go nothing stays: paged again, they may come from an older page. */
function cutTo(log: RoomLog, from: number, to: number): RoomLog {
  const messages = log.messages.slice(from, to)
  const [first = 0, last = 0] = [messages[0]?.message_id, messages.at(-1)?.message_id].map((id) => id ?? 0)
  const fresh = log.fresh.filter(({ fromId, toId }) => fromId <= last && toId >= first)
  return {
    ...log,
    messages,
    fresh: fresh.map((one) => ({
      ...one,
      fromId: Math.max(one.fromId, first),
      toId: Math.min(one.toId, last),
    })),
    changes: [],
    changesFloor: log.cursor ?? 0,
  }
}

/** Keeps an event until the hole before it is closed. */
function held(log: RoomLog, event: DurableEvent): RoomLog {
  let at = log.ahead.length
  while (at > 0 && log.ahead[at - 1]!.seq > event.seq) at--
  if (log.ahead[at - 1]?.seq === event.seq) return log
  const ahead = log.ahead.toSpliced(at, 0, event)
  const letGo = ahead.length > aheadMax ? ahead.pop() : undefined
  return { ...log, ahead, target: letGo ? Math.max(log.target, letGo.seq) : log.target }
}

/** Applies what was waiting, as far as it follows on. */
function caughtUp(from: RoomLog): RoomLog {
  let log = from
  let taken = 0
  for (const event of from.ahead) {
    if (event.seq > log.cursor! + 1) break
    taken++
    if (event.seq === log.cursor! + 1) log = applied(log, event)
  }
  if (taken === 0) return log
  return { ...log, ahead: from.ahead.slice(taken) }
}

/** The log with the next event in it. */
function applied(log: RoomLog, event: DurableEvent): RoomLog {
  const fresh = log.fresh.some((one) => event.seq >= one.head)
    ? log.fresh.filter((one) => event.seq < one.head)
    : log.fresh
  const next = { ...log, cursor: event.seq, target: Math.max(log.target, event.seq), fresh }
  if (event.type === "message") {
    if (log.hasNewer) return next
    return withoutOldest({ ...next, messages: [...log.messages, toMessage(event)] }, trimSlack)
  }
  if (event.type !== "edit" && event.type !== "delete") return next
  const id = event.message_id
  const oldestId = log.messages[0]?.message_id ?? id + 1
  if (id < oldestId || (log.hasNewer && id > (log.messages.at(-1)?.message_id ?? 0)))
    return remembered(next, event)
  const isInAlready = log.fresh.some((one) => id >= one.fromId && id <= one.toId && event.seq <= one.head)
  return isInAlready ? next : { ...next, messages: changed(log.messages, event) }
}

function remembered(log: RoomLog, change: Change): RoomLog {
  const changes = [...log.changes, change]
  const letGo = changes.length > changesMax ? changes.shift() : undefined
  return { ...log, changes, changesFloor: letGo?.seq ?? log.changesFloor }
}

function changed(messages: readonly TimelineMessage[], change: Change): readonly TimelineMessage[] {
  const at = indexOf(messages, change.message_id)
  const message = messages[at]
  // What is deleted stays deleted.
  if (!message || message.deleted_at) return messages
  return messages.with(at, withChange(message, change))
}

function indexOf(messages: readonly TimelineMessage[], id: number): number {
  let low = 0
  let high = messages.length - 1
  while (low <= high) {
    const middle = (low + high) >> 1
    const found = messages[middle]!.message_id!
    if (found === id) return middle
    if (found < id) low = middle + 1
    else high = middle - 1
  }
  return -1
}

function unchanged(known: TimelineMessage | undefined, event: MessageEvent): TimelineMessage {
  const message = toMessage(event)
  return known && isSameMessage(known, message) ? known : message
}
