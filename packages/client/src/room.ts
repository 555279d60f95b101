import type { MessageEvent, Role, RoomKind } from "@klatch/protocol"
import type { Members } from "./members.ts"
import type { Messages } from "./messages.ts"
import type { Readable } from "./readable.ts"
import type { Typing } from "./typing.ts"

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
  /** Messages after the one that was read last. */
  readonly unread?: number
  /** Read up to and including this message; 0 for none. */
  readonly read_message_id?: number
  readonly last_message?: MessageEvent | null
}

/** One room, followed while it is open. */
export interface Room {
  /** The slug or id it was asked by. */
  readonly ref: string
  /** Null until joined. */
  readonly info: Readable<RoomInfo | null>
  /** What was said, and what we say. */
  readonly messages: Messages
  /** Who types now. */
  readonly typing: Typing
  /** Who belongs to it. */
  readonly members: Members
  /** Starts following; resolves once joined, with its first page there. Rejects when refused, or on close. */
  open(): Promise<void>
  /** Stops following. What was loaded stays, as `stale`. */
  close(): void
}
