import { describe, expect, test } from "bun:test"
import fc from "fast-check"
import { AppError } from "../lib/app-error.ts"
import { ManualClock } from "../lib/clock.ts"
import { Attempts } from "./attempts.ts"

const rate = { burst: 3, perSecond: 0.5 }

/** How long whoever tries must wait; 0 when it was let through. */
function waitMs(attempts: Attempts, key: string): number {
  try {
    attempts.spend(key)
    return 0
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== "rate_limited") throw error
    return error.retryAfterMs ?? Number.NaN
  }
}

describe("attempts", () => {
  test("are so many at once, then as many as the rate allows, each key apart", () => {
    const clock = new ManualClock()
    const attempts = new Attempts(rate, clock, true)
    expect(Array.from({ length: 4 }, () => waitMs(attempts, "ann"))).toEqual([0, 0, 0, 2_000])
    expect(waitMs(attempts, "bob")).toBe(0)
    clock.step(1_999)
    expect(waitMs(attempts, "ann")).toBe(1)
    clock.step(1)
    expect([waitMs(attempts, "ann"), waitMs(attempts, "ann")]).toEqual([0, 2_000])
  })

  test("are forgiven when it went well, and not counted where limits are off", () => {
    const attempts = new Attempts(rate, new ManualClock(), true)
    for (let i = 0; i < 4; i++) waitMs(attempts, "ann")
    attempts.forgive("ann")
    expect(waitMs(attempts, "ann")).toBe(0)
    const off = new Attempts(rate, new ManualClock(), false)
    for (let i = 0; i < 1_000; i++) off.spend("ann")
  })

  test("are never more than the rate allows in any stretch of time, and may come when they were told to", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(5_000), { maxLength: 200 }), (pauses) => {
        const clock = new ManualClock()
        const attempts = new Attempts(rate, clock, true)
        const startMs = clock.monotonicMs()
        let passed = 0
        for (const pause of pauses) {
          clock.step(pause)
          const wait = waitMs(attempts, "ann")
          if (wait === 0) passed++
          else if (pause % 2) {
            clock.step(wait)
            expect(waitMs(attempts, "ann")).toBe(0)
            passed++
          }
          const allowed = rate.burst + ((clock.monotonicMs() - startMs) / 1_000) * rate.perSecond
          expect(passed).toBeLessThanOrEqual(allowed + 1e-6)
        }
      }),
    )
  })
})
