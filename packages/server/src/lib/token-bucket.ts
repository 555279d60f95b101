/** How fast someone may go: `perSecond` in the long run, `burst` at once. */
export interface Rate {
  readonly perSecond: number
  readonly burst: number
}

/** A token bucket in two numbers, so that a session can hold it in place. */
export interface Bucket {
  tokens: number
  filledMs: number
}

/** Takes `cost` tokens and answers 0, or takes none and answers the ms until they would be there. */
export function take(bucket: Bucket, rate: Rate, nowMs: number, cost = 1): number {
  const tokens = Math.min(rate.burst, bucket.tokens + ((nowMs - bucket.filledMs) / 1000) * rate.perSecond)
  bucket.filledMs = nowMs
  if (tokens >= cost) {
    bucket.tokens = tokens - cost
    return 0
  }
  bucket.tokens = tokens
  return Math.ceil(((cost - tokens) / rate.perSecond) * 1000)
}
