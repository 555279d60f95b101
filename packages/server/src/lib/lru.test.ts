import { describe, expect, test } from "bun:test"
import fc from "fast-check"
import { Lru } from "./lru.ts"

describe("an LRU map", () => {
  test("never holds more than its bound, and the newest key always", () => {
    const keys = fc.array(fc.nat(20), { maxLength: 100 })
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 8 }), keys, (countMax, keys) => {
        const lru = new Lru<number, number>(countMax)
        for (const key of keys) {
          lru.set(key, key * 2)
          expect(lru.get(key)).toBe(key * 2)
          expect(lru.count).toBeLessThanOrEqual(countMax)
        }
      }),
    )
  })

  test("written only, holds exactly the last keys written", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(20), { maxLength: 100 }), (keys) => {
        const lru = new Lru<number, string>(5)
        for (const key of keys) lru.set(key, `${key}`)
        const last = [...new Set([...keys].reverse())].slice(0, 5)
        for (let key = 0; key <= 20; key++)
          expect(lru.get(key)).toBe(last.includes(key) ? `${key}` : undefined)
      }),
    )
  })

  test("keeps what was read since it was half full, and forgets what was longest unused", () => {
    const lru = new Lru<string, number>(4)
    for (const [i, key] of ["a", "b", "c"].entries()) lru.set(key, i)
    lru.get("a")
    lru.set("d", 3)
    lru.set("e", 4)
    expect(["a", "b", "c", "d", "e"].filter((key) => lru.get(key) !== undefined)).toEqual([
      "a",
      "c",
      "d",
      "e",
    ])
  })

  test("gives the newest value of a key, and none of one that was deleted", () => {
    const lru = new Lru<string, number>(2)
    lru.set("a", 1)
    lru.set("a", 2)
    expect([lru.count, lru.get("a")]).toEqual([1, 2])
    lru.delete("a")
    lru.delete("never there")
    expect([lru.count, lru.get("a")]).toEqual([0, undefined])
  })
})
