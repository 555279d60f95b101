import { lineAt, type Source } from "./source.ts"

/** A numbered rule of SPEC.md: `- **C1** what must hold`. */
export interface Rule {
  readonly number: string
  readonly line: number
}

/** The rules of a SPEC.md, in their order. */
export const rulesOf = (text: string): Rule[] =>
  [...text.matchAll(/^- \*\*([A-Z]+\d+)\*\*/gm)].map((match) => ({
    number: match[1] as string,
    line: lineAt(text, match.index),
  }))

/** The rule numbers in the titles of a test file: `[C1]`, where that opens the first argument of test or describe. */
export const numbersIn = (source: Source): { number: string; line: number }[] =>
  source.literals
    .filter(({ at }) => isTitle(source.code.slice(Math.max(0, at - 4_000), at)))
    .flatMap(({ at, text }) =>
      [...text.matchAll(/\[((?:[A-Z]+\d+)(?:,\s*[A-Z]+\d+)*)\]/g)].flatMap((match) =>
        (match[1] as string).split(/,\s*/).map((number) => ({ number, line: lineAt(source.text, at) })),
      ),
    )

/** A title follows `test(`, `describe.each(...)(` and the like. */
function isTitle(before: string): boolean {
  return /\b(?:test|it|describe)(?:\.\w+)*\s*\(\s*$/.test(before) || /\)\s*\(\s*$/.test(before)
}

/** Each rule has a test that carries its number, each number in a title is a rule, and no number is given twice. */
export function specFaults(spec: string, tests: readonly Source[]): string[] {
  const rules = rulesOf(spec)
  const known = new Set(rules.map(({ number }) => number))
  const cited = tests.flatMap((source) => numbersIn(source).map((title) => ({ ...title, path: source.path })))
  const proven = new Set(cited.map(({ number }) => number))
  const twice = rules.filter(({ number }, i) => rules.findIndex((rule) => rule.number === number) !== i)
  return [
    ...twice.map(({ number, line }) => `SPEC.md:${line} ${number} is there twice`),
    ...rules
      .filter(({ number }) => !proven.has(number))
      .map(({ number, line }) => `SPEC.md:${line} ${number} has no test`),
    ...cited
      .filter(({ number }) => !known.has(number))
      .map(({ path, line, number }) => `${path}:${line} [${number}] is no rule`),
  ]
}
