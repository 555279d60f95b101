import { describe, expect, test } from "bun:test"
import { median, quantile, slope, spread } from "./quantile.ts"

describe("quantile", () => {
  test("is a sample that was seen, by nearest rank", () => {
    const sorted = Float64Array.from({ length: 100 }, (_, i) => i + 1)
    expect(quantile(sorted, 0.5)).toBe(50)
    expect(quantile(sorted, 0.99)).toBe(99)
    expect(quantile(sorted, 1)).toBe(100)
    expect(quantile([7], 0.01)).toBe(7)
    expect(quantile([], 0.5)).toBeNaN()
  })

  test("two undelivered in a hundred make the p99 infinite, one only the maximum", () => {
    const one = Float64Array.from({ length: 100 }, (_, i) => (i === 40 ? Number.POSITIVE_INFINITY : i))
    expect(spread(one).p99).toBe(99)
    expect(spread(one).max).toBe(Number.POSITIVE_INFINITY)
    one[3] = Number.POSITIVE_INFINITY
    expect(spread(one).p99).toBe(Number.POSITIVE_INFINITY)
  })
})

test("median takes the middle of odd, the mean of the middle two of even numbers, in any order", () => {
  expect(median([9, 1, 5])).toBe(5)
  expect(median([4, 1, 3, 2])).toBe(2.5)
  expect(median([])).toBeNaN()
})

describe("slope", () => {
  test("of points on a line is the line's, whatever its height", () => {
    expect(
      slope([
        [0, 40],
        [1000, 2040],
        [3000, 6040],
      ]),
    ).toBeCloseTo(2, 10)
  })

  test("least squares weighs all points", () => {
    expect(
      slope([
        [0, 0],
        [1, 2],
        [2, 1],
        [3, 3],
      ]),
    ).toBeCloseTo(0.8, 10)
  })

  test("of one place is no slope", () => {
    expect(
      slope([
        [2, 1],
        [2, 5],
      ]),
    ).toBeNaN()
  })
})
