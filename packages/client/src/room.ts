import type { MessageEvent, Role, RoomKind, SentAck } from "@klatch/protocol"
import type { Readable } from "./readable.ts"
import type { TimelineState } from "./timeline.ts"
import type { TypingUser } from "./typing.ts"

/** What is known of a room. What is optional comes over HTTP a moment after the join, or with a list. */
export interface RoomInfo {
  readonly id: string
  readonly name: string
  readonly slug: string | null
  /** The user's role; null when not a member. */
  readonly role: Role | null
  readonly kind?: RoomKind
  readonly topic?: string
  readonly created_at?: string
  readonly head?: number
  readonly unread?: number
  readonly last_message?: MessageEvent | null
}

/** A message on its way. */
export interface PendingMessage {
  readonly clientId: string
  /** Resolves once the message is durable; rejects with a `KlatchError` when it failed. May be ignored. */
  readonly settled: Promise<SentAck>
}

/** One room, followed while it is open. */
export interface Room {
  /** The slug or id it was asked by. */
  readonly ref: string
  /** Null until joined. */
  readonly info: Readable<RoomInfo | null>
  readonly timeline: Readable<TimelineState>
  /** Others typing now; each expires by itself after 5 s. */
  readonly typing: Readable<readonly TypingUser[]>
  /** Starts following; resolves once joined, with its first page there. Rejects when refused, or on close. */
  open(): Promise<void>
  /** Stops following. What was loaded stays, as `stale`. */
  close(): void
  /** Shows the message at once and sends it until it is acked, in order, once. Never throws. */
  send(content: string, options?: { replyTo?: number; clientId?: string }): PendingMessage
  /** Sends a failed message again, under the same client id. Anything else: nothing happens. */
  retry(clientId: string): void
  /** Forgets a failed message. Anything else: nothing happens. */
  discard(clientId: string): void
  /** Rejects when refused, when not connected, or without an answer in time. */
  edit(messageId: number, content: string): Promise<void>
  /** Rejects when refused, when not connected, or without an answer in time. */
  delete(messageId: number): Promise<void>
  /** Tells the others. Call it at every key stroke: it is throttled. */
  setTyping(active: boolean): void
  /** Loads one page of older messages; calls at the same time are one call. Rejects when it could not. */
  loadOlder(): Promise<void>
}
