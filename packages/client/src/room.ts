import type { Members } from "./members.ts"
import type { Messages } from "./messages.ts"
import type { Readable } from "./readable.ts"
import type { RoomInfo } from "./room-info.ts"
import type { Typing } from "./typing.ts"

/** One room, followed while it is open. */
export interface Room {
  /** The slug or id it was asked by. */
  readonly ref: string
  /** Null until joined. It follows `name` and `topic`; for what is unread and was said last see `client.rooms`. */
  readonly info: Readable<RoomInfo | null>
  /** What was said, and what we say. */
  readonly messages: Messages
  /** Who types now. */
  readonly typing: Typing
  /** Who belongs to it. */
  readonly members: Members
  /**
   * Starts following; resolves once joined, with its first page there. Rejects when refused, on close, and while the
   * client is closed or not let in: it is then followed with the next `connect()`.
   */
  open(): Promise<void>
  /** Stops following. What was loaded stays, as `stale`. */
  close(): void
}
