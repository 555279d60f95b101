import { describe, expect, test } from "bun:test"
import fc from "fast-check"
import { partsOf } from "./link.ts"

const hrefs = (content: string) => partsOf(content).flatMap(({ href }) => href ?? [])
const linked = (content: string) => partsOf(content).flatMap(({ text, href }) => (href ? [text] : []))

describe("a message's links", () => {
  test("lose no letter of it, and lead to http and https alone", () => {
    const piece = fc.constantFrom(
      ..."https://a.b/ http:// HTTPS://x.y ) ( ] [ . , ! ' \u202e \u200b javascript: data: @ : <a> \" é 1".split(
        " ",
      ),
      " ",
      "\n",
    )
    fc.assert(
      fc.property(fc.array(fc.oneof(piece, fc.string()), { maxLength: 30 }), (pieces) => {
        const content = pieces.join("")
        const parts = partsOf(content)
        expect(parts.map(({ text }) => text).join("")).toBe(content)
        for (const { text, href } of parts) {
          if (href === undefined) continue
          expect(href).toMatch(/^https?:\/\//)
          expect(text).toMatch(/^https?:\/\/[^\s\p{Cc}\p{Cf}<>"]+$/iu)
        }
      }),
      { seed: 20_261_121, numRuns: 500 },
    )
  })

  test("end before the sentence's punctuation, and keep brackets that they opened", () => {
    expect(linked("see https://a.example/x. Or (https://b.example/y_(z))!")).toEqual([
      "https://a.example/x",
      "https://b.example/y_(z)",
    ])
    expect(linked("“https://a.example”, https://b.example?")).toEqual([
      "https://a.example",
      "https://b.example",
    ])
  })

  test("do not hide where they lead", () => {
    for (const text of [
      "https://bank.example@evil.example/",
      "https://user:word@evil.example",
      "javascript:alert(1)//https",
      "xhttps://a.example",
      "https://",
      "data:text/html,https",
    ])
      expect([text, hrefs(text)]).toEqual([text, []])
    expect(linked("https://safe.example/\u202eexe.gpj")).toEqual(["https://safe.example/"])
  })

  test("of one that is nothing but brackets are found in one pass", () => {
    const content = `https://a.example/${")".repeat(8_000)}`
    expect(linked(content)).toEqual(["https://a.example/"])
  })
})
