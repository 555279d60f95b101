import { expect, test } from "bun:test"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { Glob } from "bun"

const root = join(import.meta.dirname, "../..")
const tests = [...new Glob("**/*.test.ts").scanSync(join(root, "tests"))]

/** Of a page, each test that it names and each rule beside it, as far as there is no such thing. */
function strays(page: string): string[] {
  return [...page.matchAll(/`([\w/-]+\.test\.ts)`((?: \[[A-Z]\d+\])*)/g)].flatMap(
    ([, name = "", rules = ""]) => {
      const path = tests.find((one) => `/${one}`.endsWith(`/${name}`))
      if (!path) return [name]
      const text = readFileSync(join(root, "tests", path), "utf8")
      const titles = [...text.matchAll(/\[([A-Z]\d+(?:, [A-Z]\d+)*)\]/g)].flatMap(([, list = ""]) =>
        list.split(", "),
      )
      return [...rules.matchAll(/[A-Z]\d+/g)].flatMap(([rule]) =>
        titles.includes(rule) ? [] : [`${name} ${rule}`],
      )
    },
  )
}

test("docs/conformance.md names tests that are there, under the rules that they prove", () => {
  expect(strays("`no.test.ts` [A1], `s0.test.ts` [O20] [A99]")).toEqual(["no.test.ts", "s0.test.ts A99"])
  const page = readFileSync(join(root, "docs/conformance.md"), "utf8")
  expect(page.split(".test.ts").length).toBeGreaterThan(40)
  expect(strays(page)).toEqual([])
})
