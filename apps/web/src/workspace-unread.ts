import type { RoomInfo } from "@klatch/client"

/** The last message known to be read in a room: what the server holds, or this browser when it was faster. */
export const readMarkOf = (info: RoomInfo, seenId: number): number =>
  Math.max(info.read_message_id ?? 0, seenId)

/**
 * How many messages of others a room has for us. Message ids never lie closer than messages, so that what lies
 * between the mark and the newest one bounds a count that the server took before it knew of the mark.
 */
export function unreadIn(info: RoomInfo, seenId: number, selfId: string | undefined): number {
  const last = info.last_message
  // Who wrote last has looked at what was before.
  if (!last || last.user_id === selfId) return 0
  const between = Math.max(0, last.message_id - readMarkOf(info, seenId))
  const count = Math.min(between, info.unread ?? between)
  return last.deleted_at === undefined ? count : Math.max(0, count - 1)
}
