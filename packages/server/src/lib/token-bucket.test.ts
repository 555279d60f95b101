import { describe, expect, test } from "bun:test"
import fc from "fast-check"
import { type Bucket, type Rate, take } from "./token-bucket.ts"

const full = (rate: Rate): Bucket => ({ tokens: rate.burst, filledMs: 0 })
const rates = fc.record({
  perSecond: fc.integer({ min: 1, max: 1_000 }),
  burst: fc.integer({ min: 1, max: 200 }),
})

describe("a token bucket", () => {
  test("lets its burst through at once, then says when the next fits, and that holds", () => {
    const rate = { perSecond: 4, burst: 3 }
    const bucket = full(rate)
    expect([1, 2, 3].map(() => take(bucket, rate, 0))).toEqual([0, 0, 0])
    expect(take(bucket, rate, 0)).toBe(250)
    expect(take(bucket, rate, 125)).toBe(125)
    expect(take(bucket, rate, 250)).toBe(0)
    expect(take(bucket, rate, 250)).toBe(250)
  })

  test("takes nothing when it refuses, and no more than the cost when it gives", () => {
    const rate = { perSecond: 1, burst: 10 }
    const bucket = full(rate)
    expect(take(bucket, rate, 0, 8)).toBe(0)
    expect(take(bucket, rate, 0, 3)).toBe(1_000)
    expect(take(bucket, rate, 0, 2)).toBe(0)
    expect(bucket.tokens).toBe(0)
  })

  test("saves up no more than its burst, however long nothing was taken", () => {
    const rate = { perSecond: 1_000, burst: 5 }
    const bucket = full(rate)
    expect(take(bucket, rate, 3_600_000, 5)).toBe(0)
    expect(take(bucket, rate, 3_600_000)).toBe(1)
  })

  test("over any stretch lets through at most its burst and its rate", () => {
    const gaps = fc.array(fc.nat(500), { minLength: 1, maxLength: 200 })
    fc.assert(
      fc.property(rates, gaps, (rate, gaps) => {
        const bucket = full(rate)
        let nowMs = 0
        let passed = 0
        for (const gap of gaps) {
          nowMs += gap
          if (take(bucket, rate, nowMs) === 0) passed++
          expect(passed).toBeLessThanOrEqual(rate.burst + (nowMs / 1_000) * rate.perSecond + 1e-6)
        }
      }),
    )
  })

  test("whoever waits as long as it was told gets through", () => {
    fc.assert(
      fc.property(rates, fc.nat(400), fc.nat(5_000), (rate, before, startMs) => {
        const bucket = { tokens: rate.burst, filledMs: startMs }
        for (let i = 0; i < before; i++) take(bucket, rate, startMs)
        let nowMs = startMs
        let waitMs = take(bucket, rate, nowMs)
        while (waitMs === 0) waitMs = take(bucket, rate, nowMs)
        nowMs += waitMs
        expect(take(bucket, rate, nowMs)).toBe(0)
      }),
    )
  })
})
