import { expect, test } from "bun:test"
import { isName } from "./name.ts"

test("a name is what the server takes", () => {
  for (const name of ["al", "Alice", "a.b-c_9", "x".repeat(32)]) expect(isName(name)).toBe(true)
  for (const name of ["", "a", "x".repeat(33), "a b", "é!", "a\nb", "al\n"]) expect(isName(name)).toBe(false)
})
