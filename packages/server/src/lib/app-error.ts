import { type ErrorCode, errorTable } from "@klatch/protocol"

/** What the world did wrong, told to whoever asked. The only error that leaves a chat function on purpose. */
export class AppError extends Error {
  override name = "AppError"
  readonly code: ErrorCode
  readonly retryAfterMs: number | undefined
  readonly details: Record<string, unknown> | undefined

  constructor(
    code: ErrorCode,
    message?: string,
    more: { retryAfterMs?: number; details?: Record<string, unknown> } = {},
  ) {
    super(message ?? errorTable[code].message)
    this.code = code
    this.retryAfterMs = more.retryAfterMs
    this.details = more.details
  }

  get status(): number {
    return errorTable[this.code].status
  }
}
