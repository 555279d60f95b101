import { expect, test } from "bun:test"
import { best, fitOf } from "./palette-match.ts"

test("the beginning fits better than a word, a word better than a part, a part better than letters", () => {
  const texts = ["week", "the week", "biweekly", "we eat kale", "garden"]
  expect(texts.map((text) => fitOf(text, "Week"))).toEqual([4, 3, 2, 1, 0])
})

test("nothing typed fits everything, and equals keep their order", () => {
  const items = ["b", "a", "c"].map((label) => ({ id: label, label }))
  expect(best(items, " ", 10)).toEqual(items)
  expect(best(items, "", 2)).toEqual(items.slice(0, 2))
})

test("the best stands first, also when it is found by another word", () => {
  const items = [
    { id: "1", label: "A new lodge" },
    { id: "2", label: "Light", more: "theme" },
    { id: "3", label: "Theme park" },
    { id: "4", label: "Garden" },
  ]
  expect(best(items, "theme", 10).map(({ id }) => id)).toEqual(["3", "2"])
  const made = { id: "5", label: "Make “theme”", isMade: true }
  expect(best([made, ...items], "theme", 10).map(({ id }) => id)).toEqual(["3", "2", "5"])
  expect(best(items, "lod", 10).map(({ id }) => id)).toEqual(["1"])
})
