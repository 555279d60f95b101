import { z } from "zod"
import { timestamp, uuid } from "./ids.ts"
import { limits } from "./limits.ts"
import { ref } from "./text.ts"

export const presenceFrame = z.object({
  type: z.literal("presence"),
  users: z.array(uuid).max(limits.presenceUsersMax).describe("Whom to watch, until told otherwise."),
  ref: ref.optional(),
})
export const presenceEvent = z.object({
  type: z.literal("presence"),
  user_id: uuid,
  online: z.boolean(),
  last_seen: timestamp.nullable().describe("Null when never seen."),
})
