/** The value at rank ceil(share * n) of ascending `sorted` (nearest rank, no interpolation); NaN when empty. */
export function quantile(sorted: ArrayLike<number>, share: number): number {
  if (sorted.length === 0) return Number.NaN
  const rank = Math.max(1, Math.ceil(share * sorted.length))
  return sorted[Math.min(rank, sorted.length) - 1]!
}

/** The middle of `values`, the mean of the two middle ones when their number is even; NaN when empty. */
export function median(values: readonly number[]): number {
  if (values.length === 0) return Number.NaN
  const sorted = values.toSorted((a, b) => a - b)
  const half = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2
}

/** The least-squares slope of y over x; NaN for fewer than two distinct x. */
export function slope(points: readonly (readonly [x: number, y: number])[]): number {
  const n = points.length
  const meanX = points.reduce((sum, [x]) => sum + x, 0) / n
  const meanY = points.reduce((sum, [, y]) => sum + y, 0) / n
  let over = 0
  let under = 0
  for (const [x, y] of points) {
    over += (x - meanX) * (y - meanY)
    under += (x - meanX) ** 2
  }
  return under === 0 ? Number.NaN : over / under
}

/** The figures told of a set of times; infinite where something never came. */
export interface Spread {
  n: number
  p50: number
  p99: number
  max: number
}

/** Sums up samples of any order; the samples may be infinite. */
export function spread(samples: Float64Array): Spread {
  const sorted = samples.toSorted()
  return {
    n: sorted.length,
    p50: quantile(sorted, 0.5),
    p99: quantile(sorted, 0.99),
    max: quantile(sorted, 1),
  }
}
