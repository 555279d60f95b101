import { z } from "zod"
import { cursor, roomRef, uuid } from "./ids.ts"
import { limits } from "./limits.ts"
import { messageEvent } from "./message.ts"
import { ref } from "./text.ts"

const window = {
  before: cursor.optional().describe("Messages born before this seq, the newest of them."),
  after: cursor.optional().describe("Messages born after this seq, the oldest of them."),
  limit: z.number().int().min(1).max(limits.pageMax).default(limits.pageDefault),
}

export const historyFrame = z
  .object({ type: z.literal("history"), room_id: roomRef, ...window, ref: ref.optional() })
  .refine((f) => f.before === undefined || f.after === undefined, "before or after, not both")

/** The same window in a query string. */
export const historyQuery = z
  .object({
    before: z.coerce.number().pipe(cursor).optional(),
    after: z.coerce.number().pipe(cursor).optional(),
    limit: z.coerce.number().int().min(1).max(limits.pageMax).default(limits.pageDefault),
  })
  .refine((q) => q.before === undefined || q.after === undefined, "before or after, not both")

/** Messages in their current state, in seq order, as they stood at `head`. */
export const historyPage = z.object({
  messages: z.array(messageEvent),
  has_more: z.boolean().describe("Whether there are more in the direction that was paged."),
  head: cursor.describe("The room's newest seq when this page was read: it holds every change up to there."),
})
export type HistoryPage = z.infer<typeof historyPage>

export const historyAck = historyPage.extend({
  type: z.literal("ack"),
  ref: ref.optional(),
  room_id: uuid,
})
