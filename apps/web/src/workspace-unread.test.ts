import { expect, test } from "bun:test"
import type { RoomInfo } from "@klatch/client"
import { readMarkOf, unreadIn } from "./workspace-unread.ts"

const self = "u-1"
const other = "u-2"

/** A room whose newest message has this id. */
function room(newestId: number, more: Partial<RoomInfo> = {}, author = other, deleted = false): RoomInfo {
  const last_message = {
    type: "message",
    seq: newestId,
    message_id: newestId,
    room_id: "r-1",
    room: "den",
    kind: "room",
    user_id: author,
    from: author,
    content: "",
    timestamp: "2026-03-14T09:00:00.000Z",
    ...(deleted && { deleted_at: "2026-03-14T09:01:00.000Z" }),
  } as const
  return { id: "r-1", name: "den", slug: "den", role: "member", last_message, ...more }
}

test("the server's count holds, as long as it can be true to the mark", () => {
  expect(unreadIn(room(20, { unread: 3, read_message_id: 11 }), 0, self)).toBe(3)
  // Counted before the server knew of the mark: no more than lie behind it can be unread.
  expect(unreadIn(room(20, { unread: 15 }), 18, self)).toBe(2)
  expect(unreadIn(room(20, { unread: 15 }), 20, self)).toBe(0)
  expect(unreadIn(room(20), 18, self)).toBe(2)
})

test("who wrote last has read; a room without messages has none", () => {
  expect(unreadIn(room(20, { unread: 4 }, self), 0, self)).toBe(0)
  expect(unreadIn(room(20, { unread: 4, last_message: null }), 0, self)).toBe(0)
})

test("a message that was taken back is none", () => {
  expect(unreadIn(room(20, { unread: 1 }, other, true), 19, self)).toBe(0)
  expect(unreadIn(room(20, { unread: 3 }, other, true), 10, self)).toBe(2)
})

test("the mark is the later of what the server and what this browser knows", () => {
  expect(readMarkOf(room(20, { read_message_id: 7 }), 9)).toBe(9)
  expect(readMarkOf(room(20, { read_message_id: 12 }), 9)).toBe(12)
  expect(readMarkOf(room(20), 0)).toBe(0)
})
