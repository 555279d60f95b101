import type { ErrorCode } from "@klatch/protocol"

/** The server's codes, and two of the client's own: no answer in time, and no connection. */
export type KlatchErrorCode = ErrorCode | "timeout" | "closed"

/** What every promise of this package rejects with. */
export class KlatchError extends Error {
  override name = "KlatchError"
  readonly code: KlatchErrorCode
  /** How long the server asks to wait before trying again. */
  readonly retryAfterMs?: number

  constructor(code: KlatchErrorCode, message: string, retryAfterMs?: number) {
    super(message)
    this.code = code
    if (retryAfterMs !== undefined) this.retryAfterMs = retryAfterMs
  }
}
