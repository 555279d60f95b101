import type { DurableEvent, HistoryPage, SentAck } from "@klatch/protocol"
import type { KlatchError } from "./error.ts"
import {
  cut,
  emptyLog,
  heard,
  isBehind,
  type PageAt,
  paged,
  pagedNewer,
  pagedOlder,
  type RoomLog,
  synced,
} from "./log.ts"
import type { TimelineMessage } from "./message.ts"
import { acked, added, discarded, failed, type Pending, retried, settled } from "./pending.ts"

/** What a room shows. */
export interface TimelineState {
  /** `stale`: not in touch with the server; what is shown was true. */
  readonly status: "empty" | "loading" | "ready" | "stale"
  /** In seq order, no holes, no doubles; what is not yet in the log comes last, in order of sending. */
  readonly messages: readonly TimelineMessage[]
  readonly hasOlder: boolean
  /** Someone read far back, and the newest were let go: `loadNewer()`, or `toNewest()`. */
  readonly hasNewer: boolean
  /** The newest seq these messages are true to; 0 for none. */
  readonly head: number
}

/** The whole state behind a `TimelineState`. */
export interface Timeline {
  readonly log: RoomLog
  readonly pending: Pending
  /** `apart`: no events come. `calling`: they were asked for. `live`: the server said where they begin. */
  readonly touch: "apart" | "calling" | "live"
}

export type TimelineInput =
  | { readonly type: "called" }
  | { readonly type: "cut" }
  | { readonly type: "forgotten" }
  | { readonly type: "renewed" }
  | { readonly type: "synced"; readonly head: number; readonly hasGap: boolean }
  | { readonly type: "event"; readonly event: DurableEvent; readonly selfId: string | null }
  | { readonly type: "page"; readonly page: HistoryPage; readonly selfId: string | null }
  | {
      readonly type: "older" | "newer"
      readonly page: HistoryPage
      readonly at: PageAt
      readonly selfId: string | null
    }
  | { readonly type: "sent"; readonly message: TimelineMessage }
  | { readonly type: "restored"; readonly message: TimelineMessage }
  | { readonly type: "acked"; readonly clientId: string; readonly ack: SentAck }
  | { readonly type: "failed"; readonly clientId: string; readonly error: KlatchError }
  | { readonly type: "retried"; readonly clientId: string }
  | { readonly type: "discarded"; readonly clientId: string }

export const emptyTimeline: Timeline = { log: emptyLog, pending: [], touch: "apart" }

/** The timeline after an input. Pure and total: any order, doubling or loss of inputs leaves it ordered and whole. */
export function reduce(timeline: Timeline, input: TimelineInput): Timeline {
  switch (input.type) {
    case "called":
      return { ...timeline, touch: "calling" }
    case "cut":
      return { ...timeline, touch: "apart", log: cut(timeline.log) }
    case "forgotten":
      return { ...timeline, log: emptyLog }
    case "renewed":
      // Events wait until the newest page is there: it may be read before them and come after them.
      return { ...timeline, log: { ...timeline.log, cursor: null } }
    case "synced":
      return { ...timeline, touch: "live", log: synced(timeline.log, input.head, input.hasGap) }
    case "event":
      return withLog(timeline, heard(timeline.log, input.event), input.selfId)
    case "page":
      return withLog(timeline, paged(timeline.log, input.page), input.selfId)
    case "older":
      return withLog(timeline, pagedOlder(timeline.log, input.page, input.at), input.selfId)
    case "newer":
      return withLog(timeline, pagedNewer(timeline.log, input.page, input.at), input.selfId)
    case "sent":
      return { ...timeline, pending: added(timeline.pending, input.message) }
    case "restored": {
      const { pending, log } = timeline
      const { client_id, user_id, timestamp } = input.message
      // It was sent after all, and its ack is still to come.
      if (log.messages.some((one) => one.client_id === client_id && one.user_id === user_id)) return timeline
      const at = pending.filter((one) => one.timestamp <= timestamp).length
      return { ...timeline, pending: pending.toSpliced(at, 0, input.message) }
    }
    case "acked": {
      const pending = acked(timeline.pending, input.clientId, input.ack)
      return { ...timeline, pending: settled(pending, timeline.log.cursor, () => false) }
    }
    case "failed":
      return { ...timeline, pending: failed(timeline.pending, input.clientId, input.error) }
    case "retried":
      return { ...timeline, pending: retried(timeline.pending, input.clientId) }
    case "discarded":
      return { ...timeline, pending: discarded(timeline.pending, input.clientId) }
  }
}

/** What is missing to be whole: the newest page, or the events of a hole. */
export function need(timeline: Timeline): "page" | "repair" | null {
  if (timeline.touch !== "live") return null
  if (timeline.log.cursor === null) return "page"
  return isBehind(timeline.log) ? "repair" : null
}

/** The timeline as the application sees it. */
export function shown({ log, pending, touch }: Timeline): TimelineState {
  const isKnown = log.epoch > 0
  const isWhole = touch === "live" && log.cursor !== null && !isBehind(log)
  const before = touch === "apart" ? "empty" : "loading"
  return {
    status: isKnown ? (isWhole ? "ready" : "stale") : before,
    // What is on its way stands behind the newest, and nowhere else.
    messages: pending.length === 0 || log.hasNewer ? log.messages : [...log.messages, ...pending],
    hasOlder: log.hasOlder,
    hasNewer: log.hasNewer,
    head: log.cursor ?? 0,
  }
}

/** A new log settles the messages of ours that it holds, whether their ack came or not. */
function withLog(timeline: Timeline, log: RoomLog, selfId: string | null): Timeline {
  if (log === timeline.log) return timeline
  if (timeline.pending.length === 0) return { ...timeline, log }
  const isLonger = log.epoch === timeline.log.epoch && log.messages[0] === timeline.log.messages[0]
  const before = isLonger ? (timeline.log.cursor ?? 0) : 0
  const ours = new Set<string>()
  for (let at = log.messages.length - 1; at >= 0; at--) {
    const message = log.messages[at]!
    if (message.seq! <= before) break
    if (message.client_id !== undefined && message.user_id === selfId) ours.add(message.client_id)
  }
  return { ...timeline, log, pending: settled(timeline.pending, log.cursor, (id) => ours.has(id)) }
}
