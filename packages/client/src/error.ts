import type { ErrorCode } from "@klatch/protocol"

/** The server's codes, and the client's own: no answer in time, no connection, and no token to be had. */
export type KlatchErrorCode = ErrorCode | "timeout" | "closed" | "token_failed"

/** What every promise of this package rejects with. */
export class KlatchError extends Error {
  override name = "KlatchError"
  declare readonly code: KlatchErrorCode
  /** How long the server asks to wait before trying again. */
  declare readonly retryAfterMs: number | undefined

  constructor(code: KlatchErrorCode, message: string, retryAfterMs?: number) {
    super(message)
    this.code = code
    this.retryAfterMs = retryAfterMs
  }
}
