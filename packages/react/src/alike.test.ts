import { expect, test } from "bun:test"
import { areAlike, kept } from "./alike.ts"

const one = { a: 1 }

test.each<[string, unknown, unknown, boolean]>([
  ["a number and itself", 1, 1, true],
  ["what is no number", Number.NaN, Number.NaN, true],
  ["a number and its text", 1, "1", false],
  ["null and undefined", null, undefined, false],
  ["null and an object", null, {}, false],
  ["empty lists", [], [], true],
  ["lists of the same", [1, one], [1, one], true],
  ["lists of objects made anew", [1, one], [1, { a: 1 }], false],
  ["lists of different length", [1], [1, undefined], false],
  ["an empty list and an empty object", [], {}, false],
  ["objects of the same, in any order", { a: one, b: 2 }, { b: 2, a: one }, true],
  ["objects of objects made anew", { a: one }, { a: { a: 1 } }, false],
  ["an object and one with more", { a: 1 }, { a: 1, b: undefined }, false],
  ["objects of different keys", { a: undefined }, { b: undefined }, false],
  ["an object and one without a prototype", {}, Object.create(null), true],
  ["moments", new Date(0), new Date(1), false],
  ["maps", new Map(), new Map([[1, 1]]), false],
  ["errors", new Error("a"), new Error("a"), false],
])("%s", (_what, a, b, isAlike) => {
  expect(areAlike(a, b)).toBe(isAlike)
  expect(areAlike(b, a)).toBe(isAlike)
  expect(kept(a, b)).toBe(isAlike ? a : b)
})
