import { expect, test } from "bun:test"
import { uuid } from "@klatch/protocol"
import fc from "fast-check"
import { ManualClock } from "./clock.ts"
import { type Random, seededRandom, systemRandom } from "./random.ts"
import { uuid7Maker } from "./uuid7.ts"

const msMax = 2 ** 48 - 1
const constant = (byte: number): Random => ({ float: () => 0, fill: (bytes) => bytes.fill(byte) })

test("every id is a lower-case UUID of version 7 and variant 10, whatever the time and the random bits", () => {
  fc.assert(
    fc.property(fc.nat(msMax), fc.nat(255), (ms, byte) => {
      const id = uuid7Maker(new ManualClock(ms), constant(byte))()
      expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
      expect(uuid.parse(id)).toBe(id)
      expect(Number.parseInt(id.replaceAll("-", "").slice(0, 12), 16)).toBe(ms)
    }),
  )
})

test("the example of RFC 9562 comes out as it stands there", () => {
  const bytes = [0, 0, 0, 0, 0, 0, 0xcc, 0xc3, 0x18, 0xc4, 0xdc, 0x0c, 0x0c, 0x07, 0x39, 0x8f]
  const random: Random = {
    float: () => 0,
    fill(into) {
      into.set(bytes)
      return into
    },
  }
  expect(uuid7Maker(new ManualClock(0x017f22e279b0), random)()).toBe("017f22e2-79b0-7cc3-98c4-dc0c0c07398f")
})

test("ids of a later millisecond sort after those of an earlier one", () => {
  fc.assert(
    fc.property(fc.nat(msMax - 1), fc.integer({ min: 1, max: 1_000_000 }), fc.nat(), (ms, later, seed) => {
      const make = (atMs: number, random: Random) => uuid7Maker(new ManualClock(atMs), random)()
      const random = seededRandom(seed)
      expect(make(ms, random) < make(Math.min(msMax, ms + later), random)).toBe(true)
      expect(make(ms, constant(255)) < make(ms + 1, constant(0))).toBe(true)
    }),
  )
})

test("ids of one millisecond differ: all of 74 bits are random", () => {
  const make = uuid7Maker(new ManualClock(), systemRandom)
  expect(new Set(Array.from({ length: 20_000 }, make)).size).toBe(20_000)
  const bits = (byte: number) =>
    BigInt(`0x${uuid7Maker(new ManualClock(0), constant(byte))().replaceAll("-", "")}`)
  const differing = (bits(0) ^ bits(255)).toString(2).replaceAll("0", "")
  expect(differing).toHaveLength(74)
})
