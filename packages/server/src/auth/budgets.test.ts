import { describe, expect, test } from "bun:test"
import { AppError } from "../lib/app-error.ts"
import { ManualClock } from "../lib/clock.ts"
import { Budgets } from "./budgets.ts"
import type { Principal } from "./principal.ts"

const someone = (id: string, via: "account" | "issuer" | "key" = "account"): Principal => ({
  user: { id, username: id, display_name: id },
  grant: { via, untilMs: Number.POSITIVE_INFINITY, isAdmin: false },
})

/** How many pass of `count`, and how long the next must wait. */
function passing(count: number, spend: () => void): { passed: number; waitMs: number } {
  let [passed, waitMs] = [0, 0]
  for (let i = 0; i < count; i++)
    try {
      spend()
      passed++
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== "rate_limited") throw error
      waitMs = error.retryAfterMs ?? Number.NaN
    }
  return { passed, waitMs }
}

describe("[A20] a budget", () => {
  test("is a user's, over their requests and the frames of all their connections, and not a back end's", () => {
    const clock = new ManualClock()
    const budgets = new Budgets(clock, true)
    const [here, there] = [budgets.bucketOfUser("ann"), budgets.bucketOfUser("ann")]
    expect(passing(200, () => budgets.spendUser(someone("ann"))).passed).toBe(200)
    expect(passing(200, () => budgets.spendFrom(here)).passed).toBe(200)
    expect(passing(200, () => budgets.spendFrom(there))).toEqual({ passed: 100, waitMs: 10 })
    expect(passing(1, () => budgets.spendUser(someone("ann", "issuer")))).toEqual({ passed: 0, waitMs: 10 })
    expect(passing(1, () => budgets.spendUser(someone("bob"))).passed).toBe(1)
    expect(passing(5_000, () => budgets.spendUser(someone("ann", "key"))).passed).toBe(5_000)
    expect(passing(12, () => budgets.spendExport(someone("ann")))).toEqual({ passed: 10, waitMs: 60_000 })
    expect(passing(12, () => budgets.spendExport(someone("ann", "key"))).passed).toBe(12)
    clock.step(10)
    expect(passing(2, () => budgets.spendFrom(here)).passed).toBe(1)
    clock.step(60_000)
    expect(passing(600, () => budgets.spendUser(someone("ann"))).passed).toBe(500)
  })

  test("is an address's, of IPv6 a network's, one for requests and one for connections", () => {
    const budgets = new Budgets(new ManualClock(), true)
    expect(passing(2_010, () => budgets.spendStranger("2001:db8::1"))).toEqual({ passed: 2_000, waitMs: 5 })
    expect(passing(1, () => budgets.spendStranger("2001:db8::ffff")).passed).toBe(0)
    expect(passing(1, () => budgets.spendStranger("2001:db8:0:1::1")).passed).toBe(1)
    expect(passing(2_010, () => budgets.spendConnect("2001:db8::1"))).toEqual({ passed: 2_000, waitMs: 10 })
  })

  test("of those used least recently is forgotten: memory has a bound. Where limits are off nobody has one", () => {
    const budgets = new Budgets(new ManualClock(), true)
    expect(passing(2_001, () => budgets.spendStranger("198.51.100.7")).passed).toBe(2_000)
    for (let i = 0; i < 50_000; i++) budgets.spendStranger(`10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`)
    expect(passing(1, () => budgets.spendStranger("198.51.100.7")).passed).toBe(1)
    const off = new Budgets(new ManualClock(), false)
    const bucket = off.bucketOfUser("ann")
    for (let i = 0; i < 5_000; i++) {
      off.spendUser(someone("ann"))
      off.spendFrom(bucket)
      off.spendStranger("198.51.100.7")
      off.spendConnect("198.51.100.7")
    }
  })
})
