import type { FrameType } from "@klatch/protocol"
import type { KlatchErrorCode } from "./error.ts"

/**
 * The few values of `@klatch/protocol` that are needed at run time, written again so that this package carries
 * no validator. `contract.test.ts` holds them equal to the original.
 */
export const contract = {
  subprotocol: "klatch.v1",
  contentCharsMax: 8_000,
  frameBytesMax: 65_536,
  resumeRoomsMax: 500,
  pageDefault: 50,
} as const

const laterCodes: readonly string[] = [
  "rate_limited",
  "internal",
  "unavailable",
  "timeout",
] satisfies KlatchErrorCode[]

/** Whether the same request may succeed if it is only made again later. */
export const isForLater = (code: string): boolean => laterCodes.includes(code)

/** Whether a connection closed with `code` should come back: not after a normal end, nor when it was our fault. */
export const shouldComeBack = (code: number): boolean =>
  code !== 1000 && code !== 1009 && !(code >= 4500 && code <= 4999)

/** The close code for "too fast": come back, but not within the second. */
export const tooFastCode = 4429

/** A frame before it gets its `ref`. Its fields are checked by the server. */
export interface Outgoing {
  readonly type: FrameType
  readonly [field: string]: unknown
}
