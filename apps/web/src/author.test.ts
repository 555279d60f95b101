import { expect, test } from "bun:test"
import { initials, tone, toneCount } from "./author.ts"

test("an author's colour is one of the palette and does not depend on case", () => {
  for (const name of ["alice", "bob", "", "Ünï", "x".repeat(64)]) {
    expect(tone(name)).toBeInteger()
    expect(tone(name)).toBeWithin(0, toneCount)
    expect(tone(name.toUpperCase())).toBe(tone(name.toUpperCase().toLowerCase()))
  }
})

test("names spread over the whole palette", () => {
  const used = new Map<number, number>()
  for (let i = 0; i < 1_000; i++) used.set(tone(`user-${i}`), (used.get(tone(`user-${i}`)) ?? 0) + 1)
  expect(used.size).toBe(toneCount)
  for (const uses of used.values()) expect(uses).toBeWithin(50, 200)
})

test("initials are of the first and last part of a name", () => {
  expect(initials("alice")).toBe("AL")
  expect(initials("alice.b.cooper")).toBe("AC")
  expect(initials("mary_jane")).toBe("MJ")
  expect(initials("Mary Jane")).toBe("MJ")
  expect(initials("x")).toBe("X")
  expect(initials("..")).toBe("?")
  expect(initials("")).toBe("?")
})

test("initials never cut a character in half", () => {
  expect(initials("👩‍👩‍👧 fam")).toBe("👩‍👩‍👧F")
  expect(initials("🎈🎉🎊")).toBe("🎈🎉")
})
