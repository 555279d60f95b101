import type { EventOf } from "@klatch/protocol"
import type { Principal } from "../../auth/principal.ts"
import type { Queryable } from "../../db/sql.ts"
import { BatchLoader } from "../../lib/batch-loader.ts"
import type { LogRoom } from "../../log/entry.ts"
import { type Mark, moveMarks } from "./receipts.sql.ts"

/**
 * How far members have read. A mark is no entry: it is kept with the membership and only moves forward ([M2]). What is
 * asked while a statement runs goes into the next one, and of one member only the greatest is asked for ([M6]).
 */
export class Receipts {
  readonly #marks: BatchLoader<Mark, number | null>

  constructor(db: Queryable) {
    this.#marks = new BatchLoader((marks) => moveAll(db, marks))
  }

  /**
   * The principal has read the room up to and including this message; beyond the head counts as the head. Answers
   * where the mark stands when this call moved it, else null: it stood there, or there is no membership to keep it.
   * Rejects with the database's outage; then it may have moved or not. Whoever calls has asked the policy first.
   */
  async mark(principal: Principal, room: LogRoom, messageId: number): Promise<number | null> {
    // Nobody has a row of membership in these.
    if (room.kind === "inbox" || room.kind === "broadcast") return null
    return this.#marks.get({ roomId: room.id, userId: principal.user.id, seq: messageId })
  }
}

/** The event that tells where a mark stands now. */
export function readEvent(principal: Principal, room: LogRoom, mark: number): string {
  const event: EventOf<"read"> = {
    type: "read",
    room_id: room.id,
    user_id: principal.user.id,
    message_id: mark,
  }
  return JSON.stringify(event)
}

/** Who is told of a mark: the user's own connections by the inbox, and those who write to one another. */
export const topicsToldOf = (principal: Principal, room: LogRoom): readonly string[] =>
  room.kind === "direct" || room.kind === "group" ? [principal.user.id, room.id] : [principal.user.id]

/** One statement for all. Of those who ask for one member, the first who asks for the most is told that it moved. */
async function moveAll(db: Queryable, marks: readonly Mark[]): Promise<(number | null)[]> {
  const greatest = new Map<string, Mark>()
  for (const mark of marks) {
    const known = greatest.get(keyOf(mark.roomId, mark.userId))
    if (!known || known.seq < mark.seq) greatest.set(keyOf(mark.roomId, mark.userId), mark)
  }
  const moved = new Map<Mark | undefined, number>()
  for (const row of await moveMarks(db, [...greatest.values()]))
    moved.set(greatest.get(keyOf(row.room_id, row.user_id)), row.read_seq)
  return marks.map((mark) => moved.get(mark) ?? null)
}

const keyOf = (roomId: string, userId: string) => `${roomId} ${userId}`
