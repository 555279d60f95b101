import { expect, test } from "bun:test"
import fc from "fast-check"
import { backoffMs } from "./backoff.ts"
import { type Random, seededRandom } from "./random.ts"

const always = (float: number): Random => ({ float: () => float, fill: (bytes) => bytes })
const highest = always(1 - 2 ** -53)
const attempts = fc.nat(2_000)
const bounds = fc.record({
  baseMs: fc.integer({ min: 1, max: 10_000 }),
  maxMs: fc.integer({ min: 1, max: 600_000 }),
})

test("a wait is never negative, never reaches its bound, never exceeds twice the one before at its longest", () => {
  fc.assert(
    fc.property(attempts, bounds, fc.nat(), (attempt, { baseMs, maxMs }, seed) => {
      const waitMs = backoffMs(attempt, baseMs, maxMs, seededRandom(seed))
      expect(waitMs).toBeGreaterThanOrEqual(0)
      expect(waitMs).toBeLessThan(maxMs)
      const longest = backoffMs(attempt, baseMs, maxMs, highest)
      expect(waitMs).toBeLessThanOrEqual(longest)
      expect(backoffMs(attempt + 1, baseMs, maxMs, highest)).toBeLessThanOrEqual(longest * 2 + 1e-6)
    }),
  )
})

test("the longest wait doubles from the base to the bound, and the shortest is none", () => {
  const longest = [0, 1, 2, 3, 4, 5, 6, 99].map((attempt) =>
    Math.round(backoffMs(attempt, 100, 5_000, highest)),
  )
  expect(longest).toEqual([100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000])
  expect(backoffMs(7, 100, 5_000, always(0))).toBe(0)
})

test("jitter is full: waits spread evenly between none and the longest", () => {
  const random = seededRandom(7)
  const waits = Array.from({ length: 10_000 }, () => backoffMs(3, 100, 60_000, random))
  for (let fifth = 0; fifth < 5; fifth++) {
    const share = waits.filter((ms) => Math.floor(ms / 160) === fifth).length / waits.length
    expect(share).toBeGreaterThan(0.18)
    expect(share).toBeLessThan(0.22)
  }
})
