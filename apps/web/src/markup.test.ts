import { expect, test } from "bun:test"
import { Glob } from "bun"

test("no source of the page makes markup from text", async () => {
  let files = 0
  for await (const file of new Glob("**/*.{ts,tsx}").scan(import.meta.dir)) {
    if (file.endsWith(".test.ts")) continue
    files += 1
    const source = await Bun.file(`${import.meta.dir}/${file}`).text()
    expect(source).not.toMatch(
      /innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|\beval\(|srcdoc/i,
    )
  }
  expect(files).toBeGreaterThan(10)
})
