import { describe, expect, test } from "bun:test"
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

describe("the colours of authors", async () => {
  const css = await Bun.file(new URL("style/tokens.css", import.meta.url)).text()
  const hues = [...css.matchAll(/--hue: (\d+);/g)].map((match) => Number(match[1]))
  /** A colour of the tokens in one theme: of `light-dark(light, dark)`, one of the two. */
  const value = (name: string, theme: 0 | 1): string => {
    const told = new RegExp(`${name}: light-dark\\((.*), ([^,]+)\\);`).exec(css)
    if (told === null) throw new Error(`tokens.css has no ${name} for light and dark`)
    return told[theme + 1] as string
  }
  const light = (colour: string, hue: number): number => {
    const hex = /^#(..)(..)(..)$/.exec(colour)?.slice(1)
    if (hex) return luminance(hex.map((part) => toLinear(Number.parseInt(part, 16) / 255)))
    const [, l, c] = /^oklch\(([\d.]+) ([\d.]+) var\(--hue\)\)$/.exec(colour) ?? []
    if (l === undefined || c === undefined) throw new Error(`not understood: ${colour}`)
    return luminance(fromOklch(Number(l), Number(c), hue))
  }
  const contrast = (a: number, b: number) => (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)

  test("are as many as there are tones", () => expect(hues).toHaveLength(toneCount))

  test.each([
    ["light", 0],
    ["dark", 1],
  ] as const)("are read on every ground of theirs, %s", (_, theme) => {
    const grounds = ["--surface", "--line-hover", "--raised", "--accent-soft", "--author-back"]
    for (const hue of hues)
      for (const ground of grounds) {
        const ratio = contrast(light(value("--author-ink", theme), hue), light(value(ground, theme), hue))
        expect(ratio, `${ground} at ${hue}: ${ratio}`).toBeGreaterThanOrEqual(4.5)
      }
  })
})

const toLinear = (part: number) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
const luminance = ([r = 0, g = 0, b = 0]: readonly number[]) => 0.2126 * r + 0.7152 * g + 0.0722 * b

/** To linear sRGB, by the matrices of CSS Color 4. What lies outside is cut. */
function fromOklch(l: number, chroma: number, hue: number): number[] {
  const a = chroma * Math.cos((hue * Math.PI) / 180)
  const b = chroma * Math.sin((hue * Math.PI) / 180)
  const cone = [
    (l + 0.3963377774 * a + 0.2158037573 * b) ** 3,
    (l - 0.1055613458 * a - 0.0638541728 * b) ** 3,
    (l - 0.0894841775 * a - 1.291485548 * b) ** 3,
  ] as const
  return [
    4.0767416621 * cone[0] - 3.3077115913 * cone[1] + 0.2309699292 * cone[2],
    -1.2684380046 * cone[0] + 2.6097574011 * cone[1] - 0.3413193965 * cone[2],
    -0.0041960863 * cone[0] - 0.7034186147 * cone[1] + 1.707614701 * cone[2],
  ].map((part) => Math.min(1, Math.max(0, part)))
}
