import { describe, expect, test } from "bun:test"
import fc from "fast-check"
import { readToken, tokenCharsMax } from "./token-reader.ts"

const part = (text: string) => Buffer.from(text).toString("base64url")
const tokenOf = (header: string, claims: string) => `${part(header)}.${part(claims)}.c2ln`
const saying = (claims: string) => readToken(tokenOf("{}", claims))

/** JSON text of a value in which any name, and any letter of it, may be written with an escape. */
function written(value: unknown, isEscaped: () => boolean): string {
  if (Array.isArray(value)) return `[${value.map((one) => written(one, isEscaped)).join(" , ")}]`
  if (typeof value !== "object" || value === null) return JSON.stringify(value)
  const members = Object.entries(value).map(
    ([name, one]) => `${nameOf(name, isEscaped)}\n:${written(one, isEscaped)}`,
  )
  return `{ ${members.join(",")} }`
}

const nameOf = (name: string, isEscaped: () => boolean) =>
  `"${Array.from({ length: name.length }, (_, i) => letterOf(name, i, isEscaped())).join("")}"`

const letterOf = (name: string, i: number, isEscaped: boolean) =>
  isEscaped || /["\\\p{Cc}\p{Cs}]/u.test(name[i] as string)
    ? `\\u${name.charCodeAt(i).toString(16).padStart(4, "0")}`
    : (name[i] as string)

const objects = fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 }), { minKeys: 1 })
const choices = fc.infiniteStream(fc.boolean())

describe("reading a token without believing it", () => {
  test("finds what any object says, however it is written", () => {
    fc.assert(
      fc.property(objects, choices, (claims, escapes) => {
        const text = written(claims, () => escapes.next().value as boolean)
        expect(saying(text)?.claims).toEqual(JSON.parse(text))
      }),
    )
  })

  test("refuses a name that is said twice, at any depth and however it is written", () => {
    fc.assert(
      fc.property(objects, choices, fc.nat(3), fc.jsonValue(), (claims, escapes, depth, other) => {
        const isEscaped = () => escapes.next().value as boolean
        const [name] = Object.keys(claims) as [string]
        const again = `${nameOf(name, isEscaped)}: ${JSON.stringify(other)}`
        const twice = `${written(claims, isEscaped).slice(0, -1)}, ${again}}`
        expect(JSON.parse(twice)).toBeDefined()
        const text = `{"in":${"[".repeat(depth)}${twice}${"]".repeat(depth)}}`
        for (const claimsText of [twice, text, `{"a":1,"b":${twice},"c":2}`])
          expect([claimsText, saying(claimsText)]).toEqual([claimsText, undefined])
        expect(readToken(tokenOf(twice, "{}"))).toBeUndefined()
      }),
    )
  })

  test("takes a name twice where it is said of two things", () => {
    for (const text of [
      `{"a":{"a":1},"b":{"a":1}}`,
      `{"a":[{"a":1},{"a":1}]}`,
      `{"a":"a","b":"a"}`,
      `{"a":"\\"a\\":1,","b":"{\\"a\\":"}`,
      `{"a":[],"b":["a","a"],"c":{}}`,
    ])
      expect(saying(text)?.claims).toEqual(JSON.parse(text))
  })

  test("never throws, whatever it is given", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.string(), (a, b, c) => {
        for (const token of [a, `${a}.${b}.${c}`, tokenOf(a, b), `${part(a)}.${part(b)}.`]) readToken(token)
      }),
    )
  })

  test("knows one spelling of each part, and a bound on all of them", () => {
    const good = tokenOf(`{"alg":"HS256"}`, `{"sub":"ann"}`)
    expect(readToken(good)).toEqual({ header: { alg: "HS256" }, claims: { sub: "ann" } })
    for (const bad of [
      `${good}=`,
      `${good} `,
      `${good}\n`,
      `${good}A`,
      good.replace("c2ln", "c2lo+"),
      `.${good}`,
    ])
      expect([bad, readToken(bad)]).toEqual([bad, undefined])
    const [header, claims] = good.split(".")
    expect(readToken(`${header}.${claims}.QQ`)).toBeDefined()
    for (const sister of ["QR", "QS", "Qf"])
      expect(readToken(`${header}.${claims}.${sister}`)).toBeUndefined()
    const signature = "A".repeat(tokenCharsMax - good.length + 4)
    const longest = good.replace(/c2ln$/, signature)
    expect([longest.length, readToken(longest) !== undefined]).toEqual([tokenCharsMax, true])
    expect(readToken(`${longest}AAAA`)).toBeUndefined()
  })
})
