import { z } from "@hono/zod-openapi"
import { httpError, limits, roomRef } from "@klatch/protocol"

/** In open mode the asker's name rides in the query. */
export const asker = z.object({
  user: z.string().optional().describe("Open mode: who is asking."),
  u: z.string().optional().describe("The same, shorter."),
})

export const roomPath = z.object({ id: roomRef.describe("A room's id or slug.") })
export const messagePath = roomPath.extend({
  message_id: z.coerce.number().int().min(1).max(Number.MAX_SAFE_INTEGER),
})

export const listLimit = z.coerce.number().int().min(1).max(limits.pageMax).default(limits.pageDefault)

export const json = <T extends z.ZodType>(schema: T, description: string) => ({
  content: { "application/json": { schema } },
  description,
})
export const body = <T extends z.ZodType>(schema: T) => ({
  content: { "application/json": { schema } },
  required: true,
})

/** The errors that any route may answer. */
export const errors = {
  400: json(httpError, "Something in the request is wrong: the message says what."),
  401: json(httpError, "It is not said who is asking."),
  403: json(httpError, "Not allowed."),
  404: json(httpError, "Not there, or not for you to know."),
  503: json(httpError, "Not now: try again after `retry_after_ms`."),
} as const
