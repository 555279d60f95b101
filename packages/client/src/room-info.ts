import type { MessageEvent, Role, RoomKind } from "@klatch/protocol"

/**
 * What is known of a room. What is optional comes over HTTP a moment after the join, or with a list. In the list of
 * rooms all of it follows what happens; in `room.info` of an open room only `name` and `topic` do, and all else is as
 * it was told last.
 */
export interface RoomInfo {
  readonly id: string
  readonly name: string
  readonly slug: string | null
  /** The user's role; null when not a member. */
  readonly role: Role | null
  readonly kind?: RoomKind
  readonly topic?: string
  readonly created_at?: string
  /** The newest seq. Of an open room `messages.get().head` follows. */
  readonly head?: number
  /** Messages after the one that was read last. In the list alone. */
  readonly unread?: number
  /** Read up to and including this message; 0 for none. */
  readonly read_message_id?: number
  /** In the list alone. */
  readonly last_message?: MessageEvent | null
}
