import { describe, expect, test } from "bun:test"
import { AppError } from "../lib/app-error.ts"
import { ManualClock } from "../lib/clock.ts"
import { Guesses } from "./guesses.ts"

/** How long whoever tries must wait; 0 when it was let through. */
function waitMs(guesses: Guesses, account: string, address: string): number {
  try {
    guesses.begin(account, address)
    return 0
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== "rate_limited") throw error
    return error.retryAfterMs ?? Number.NaN
  }
}
const home = "198.51.100.1"
const other = (i: number) => `203.0.${i >> 8}.${i & 255}`

describe("[A2] guesses of a password", () => {
  test("from one address get nowhere, and lock nobody else out", () => {
    const clock = new ManualClock()
    const guesses = new Guesses(clock, true)
    const waits = Array.from({ length: 20 }, () => waitMs(guesses, "ann", other(1)))
    expect(waits.slice(0, 10)).toEqual(Array(10).fill(0))
    expect(waits.slice(10).every((wait) => wait > 0)).toBe(true)
    for (const address of [home, other(2)])
      expect([address, waitMs(guesses, "ann", address)]).toEqual([address, 0])
    expect(waitMs(guesses, "bob", other(1))).toBe(0)
    clock.step(3_600_000)
    expect(waitMs(guesses, "ann", other(1))).toBe(0)
  })

  test("get no further by the right sign-ins of somebody at the same address", () => {
    const guesses = new Guesses(new ManualClock(), true)
    let passed = 0
    for (let i = 0; i < 60; i++) {
      if (i % 5 === 0 && waitMs(guesses, "ann", home) === 0) guesses.wasRight("ann", home)
      else if (waitMs(guesses, "ann", home) === 0) passed++
    }
    expect(passed).toBe(10)
    // Right ones alone cost nothing.
    const own = new Guesses(new ManualClock(), true)
    for (let i = 0; i < 50; i++) {
      expect([i, waitMs(own, "ann", home)]).toEqual([i, 0])
      own.wasRight("ann", home)
    }
  })

  test("from a network of IPv6 are those of one address", () => {
    const guesses = new Guesses(new ManualClock(), true)
    const waits = Array.from({ length: 20 }, (_, i) => waitMs(guesses, "ann", `2001:db8:1:2::${i}`))
    expect(waits.filter((wait) => wait === 0).length).toBe(10)
    expect(waitMs(guesses, "ann", "2001:db8:1:3::1")).toBe(0)
  })

  test("from many addresses are slow in all, but never shut, and quick from where one has signed in before", () => {
    const clock = new ManualClock()
    const guesses = new Guesses(clock, true)
    expect(waitMs(guesses, "ann", home)).toBe(0)
    guesses.wasRight("ann", home)
    const hours = 6
    let [passed, longestMs, ownLongestMs] = [0, 0, 0]
    for (let s = 0; s < hours * 3_600; s++) {
      clock.step(1_000)
      const wait = waitMs(guesses, "ann", other(s % 60_000))
      if (wait === 0) passed++
      longestMs = Math.max(longestMs, wait)
      if (s % 600 !== 599) continue
      const own = waitMs(guesses, "ann", home)
      ownLongestMs = Math.max(ownLongestMs, own)
      clock.step(own)
      if (own > 0) expect(waitMs(guesses, "ann", home)).toBe(0)
      guesses.wasRight("ann", home)
    }
    expect(passed).toBeLessThan(20 + hours * 130)
    expect(longestMs).toBeLessThanOrEqual(30_000)
    expect(ownLongestMs).toBeLessThanOrEqual(2_000)
    // Left alone, all of it is forgotten.
    clock.step(2 * hours * 3_600_000)
    expect(Array.from({ length: 20 }, (_, i) => waitMs(guesses, "ann", other(i)))).toEqual(Array(20).fill(0))
  })

  test("of a name that nobody has are counted alike; where limits are off nothing is", () => {
    const [one, two] = [new Guesses(new ManualClock(), true), new Guesses(new ManualClock(), true)]
    for (let i = 0; i < 40; i++)
      expect(waitMs(one, "ann", other(i % 3))).toBe(waitMs(two, "nobody", other(i % 3)))
    const off = new Guesses(new ManualClock(), false)
    for (let i = 0; i < 1_000; i++) off.begin("ann", home)
  })
})
