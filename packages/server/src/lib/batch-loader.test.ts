import { describe, expect, test } from "bun:test"
import fc from "fast-check"
import { BatchLoader } from "./batch-loader.ts"

/** A loader whose look-ups end when the test says so. */
function bench(countMax?: number) {
  const calls: { keys: number[]; end: () => void; fail: (reason: unknown) => void }[] = []
  const loader = new BatchLoader<number, string>(
    (keys) =>
      new Promise((resolve, reject) => {
        calls.push({ keys, end: () => resolve(keys.map((key) => `value ${key}`)), fail: reject })
      }),
    countMax,
  )
  /** Resolves when the `n`th look-up, from 1, has begun. */
  const begun = async (n: number) => {
    while (calls.length < n) await Promise.resolve()
    return calls[n - 1]!
  }
  return { loader, calls, begun }
}

describe("a batch loader", () => {
  test("asks at once for all that one tick wants, in the order it was wanted", async () => {
    const { loader, calls, begun } = bench()
    const values = [3, 1, 3, 2].map((key) => loader.get(key))
    expect(calls).toEqual([])
    const call = await begun(1)
    expect(call.keys).toEqual([3, 1, 3, 2])
    call.end()
    expect(await Promise.all(values)).toEqual(["value 3", "value 1", "value 3", "value 2"])
    expect(calls).toHaveLength(1)
  })

  test("has one look-up under way; what is wanted meanwhile goes into the next", async () => {
    const { loader, calls, begun } = bench()
    const first = loader.get(1)
    const call = await begun(1)
    const later = [2, 3].map((key) => loader.get(key))
    await Promise.resolve()
    expect(calls).toHaveLength(1)
    call.end()
    expect(await first).toBe("value 1")
    const next = await begun(2)
    expect(next.keys).toEqual([2, 3])
    next.end()
    expect(await Promise.all(later)).toEqual(["value 2", "value 3"])
  })

  test("a failed look-up fails the keys it was for and no others", async () => {
    const { loader, begun } = bench(2)
    const values = [1, 2, 3].map((key) => loader.get(key).catch((reason: unknown) => reason))
    const fault = new Error("away")
    ;(await begun(1)).fail(fault)
    ;(await begun(2)).end()
    expect(await Promise.all(values)).toEqual([fault, fault, "value 3"])
    const again = loader.get(1)
    ;(await begun(3)).end()
    expect(await again).toBe("value 1")
  })

  test("a look-up that throws rather than rejects is a failed one", async () => {
    const loader = new BatchLoader<number, string>(() => {
      throw new Error("at once")
    })
    await expect(loader.get(1)).rejects.toThrow("at once")
  })

  test("however many are wanted, each gets its own value, and no look-up is larger than the bound", async () => {
    const wanted = fc.array(fc.nat(50), { maxLength: 60 })
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 9 }), wanted, async (countMax, keys) => {
        const sizes: number[] = []
        const loader = new BatchLoader<number, number>((asked) => {
          sizes.push(asked.length)
          return Promise.resolve(asked.map((key) => -key))
        }, countMax)
        expect(await Promise.all(keys.map((key) => loader.get(key)))).toEqual(keys.map((key) => -key))
        expect(Math.max(0, ...sizes)).toBeLessThanOrEqual(countMax)
        expect(sizes).toHaveLength(Math.ceil(keys.length / countMax))
      }),
    )
  })
})
