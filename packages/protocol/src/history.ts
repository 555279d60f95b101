import { z } from "zod"
import { cursor, roomRef, uuid } from "./ids.ts"
import { limits } from "./limits.ts"
import { messageEvent } from "./message.ts"
import { ref } from "./text.ts"

const before = "Messages born before this seq, the newest of them."
const after = "Messages born after this seq, the oldest of them."
const atMost = "How many at most."

const window = {
  before: cursor.optional().describe(before),
  after: cursor.optional().describe(after),
  limit: z.number().int().min(1).max(limits.pageMax).default(limits.pageDefault).describe(atMost),
}

export const historyFrame = z
  .object({ type: z.literal("history"), room_id: roomRef, ...window, ref: ref.optional() })
  .refine((f) => f.before === undefined || f.after === undefined, "before or after, not both")

/** The same window in a query string. */
export const historyQuery = z
  .object({
    before: z.coerce.number().pipe(cursor).optional().describe(before),
    after: z.coerce.number().pipe(cursor).optional().describe(after),
    limit: z.coerce.number().int().min(1).max(limits.pageMax).default(limits.pageDefault).describe(atMost),
  })
  .refine((q) => q.before === undefined || q.after === undefined, "before or after, not both")

/** Messages in their current state, in seq order, as they stood at `head`. */
export const historyPage = z.object({
  messages: z.array(messageEvent).describe("Oldest first."),
  has_more: z.boolean().describe("Whether there are more in the direction that was paged."),
  head: cursor.describe("The room's newest seq when this page was read: it holds every change up to there."),
})
export type HistoryPage = z.infer<typeof historyPage>

export const historyAck = historyPage.extend({
  type: z.literal("ack"),
  ref: ref.optional(),
  room_id: uuid,
})
