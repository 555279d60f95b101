import { z } from "zod"

/** What a client should do about an error. */
export type Retry = "never" | "after_change" | "later"

export interface ErrorRule {
  /** HTTP status of the answer. */
  readonly status: number
  /** The sentence when nothing more precise is known. */
  readonly message: string
  readonly retry: Retry
}

/** The one place where an error code is born. */
export const errorTable = {
  bad_json: { status: 400, message: "This is not a JSON object.", retry: "after_change" },
  unknown_type: { status: 400, message: "There is no frame of this type.", retry: "after_change" },
  invalid_field: { status: 400, message: "A field is missing or wrong.", retry: "after_change" },
  unauthorized: { status: 401, message: "Say who you are.", retry: "after_change" },
  forbidden: { status: 403, message: "You may not do this.", retry: "never" },
  origin_refused: { status: 403, message: "This origin may not connect.", retry: "never" },
  not_found: { status: 404, message: "There is no such thing here.", retry: "never" },
  method_not_allowed: { status: 405, message: "This address does not take this method.", retry: "never" },
  conflict: { status: 409, message: "This exists already.", retry: "after_change" },
  too_large: { status: 413, message: "This is larger than the limit.", retry: "after_change" },
  unsupported_media_type: { status: 415, message: "The body must be JSON.", retry: "after_change" },
  upgrade_required: { status: 426, message: "This address speaks WebSocket.", retry: "after_change" },
  rate_limited: { status: 429, message: "Too fast.", retry: "later" },
  internal: { status: 500, message: "The server failed; this is not your fault.", retry: "later" },
  not_supported: { status: 501, message: "This server does not do this yet.", retry: "never" },
  unavailable: { status: 503, message: "The server cannot do this right now.", retry: "later" },
} as const satisfies Record<string, ErrorRule>

export type ErrorCode = keyof typeof errorTable

export const errorCode = z.enum(Object.keys(errorTable) as [ErrorCode, ...ErrorCode[]])

/** Why a connection ends, and what the client should do: codes 4000-4499 mean come back, 4500-4999 do not. */
export const closeTable = {
  normal: { code: 1000, reason: "closed", comeBack: false },
  going_away: { code: 1001, reason: "going away", comeBack: true },
  frame_too_big: { code: 1009, reason: "frame too big", comeBack: false },
  restarting: { code: 1012, reason: "restarting", comeBack: true },
  silent: { code: 4400, reason: "not heard for two heartbeats", comeBack: true },
  sign_in_again: { code: 4401, reason: "sign in again", comeBack: true },
  too_slow: { code: 4408, reason: "too slow: come back and resume", comeBack: true },
  too_fast: { code: 4429, reason: "too fast", comeBack: true },
  broken_client: { code: 4501, reason: "broken client: too many bad frames", comeBack: false },
  removed: { code: 4503, reason: "banned or removed", comeBack: false },
} as const satisfies Record<string, { code: number; reason: string; comeBack: boolean }>

export type CloseName = keyof typeof closeTable

/** The HTTP shape of every error. */
export const httpError = z.object({
  error: z.object({
    code: errorCode,
    message: z.string().describe("A sentence for a person."),
    details: z.record(z.string(), z.unknown()).optional().describe("More, for a program."),
    retry_after_ms: z.number().int().optional().describe("When it may succeed."),
  }),
})
