import { z } from "zod"
import { errorCode } from "./errors.ts"
import { timestamp, uuid } from "./ids.ts"
import { limits } from "./limits.ts"
import { ref } from "./text.ts"

/** Someone, as others see them. */
export const user = z.object({ id: uuid, username: z.string(), display_name: z.string() })
export type User = z.infer<typeof user>

export const pingFrame = z.object({ type: z.literal("ping"), ref: ref.optional() })
export const authFrame = z.object({
  type: z.literal("auth"),
  token: z.string().min(1).max(limits.tokenCharsMax),
  ref: ref.optional(),
})

export const helloEvent = z.object({
  type: z.literal("hello"),
  session_id: uuid.describe("This connection's name in the server's log."),
  user,
  heartbeat_ms: z.number().int().describe("Be heard at least this often; silent for twice as long closes."),
  server_time: timestamp,
  limits: z.record(z.string(), z.number()).describe("The bounds to keep, by name."),
})
export const pongEvent = z.object({ type: z.literal("pong"), ref: ref.optional() })
export const drainEvent = z.object({
  type: z.literal("drain"),
  reconnect_after_ms: z.number().int().describe("When to come back, counted from now."),
})

export const authAck = z.object({
  type: z.literal("ack"),
  ref: ref.optional(),
  user,
  expires_at: timestamp.nullable().describe("When the token ends, and with it the connection."),
})
/** The good answer to a frame; what else it carries depends on the frame. */
export const ackEvent = z.looseObject({ type: z.literal("ack"), ref: ref.optional() })
export const errorEvent = z.object({
  type: z.literal("error"),
  ref: ref.optional(),
  code: errorCode,
  message: z.string().describe("A sentence for a person."),
  retry_after_ms: z.number().int().optional().describe("When it may succeed."),
})
