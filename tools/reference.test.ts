import { expect, test } from "bun:test"
import { makeReference, pageOf, referenceCommand, referencePath } from "./reference.ts"
import { readText } from "./source.ts"

test(`${referencePath} is what ${referenceCommand} makes`, async () => {
  const made = await makeReference()
  expect(made.length).toBeGreaterThan(10_000)
  // Not compared as a whole: the fault would be told by the thousand lines.
  const [kept, wanted] = [readText(referencePath).split("\n"), made.split("\n")]
  const at = wanted.findIndex((line, i) => line !== kept[i])
  expect({ line: at + 1, kept: kept[at] }).toEqual({ line: at + 1, kept: wanted[at] })
  expect(kept.length).toBe(wanted.length)
}, 60_000)

const files: Readonly<Record<string, string>> = {
  "a/index.ts": `export type { Far } from "@klatch/protocol";
export { make, type Thing, Box, Hidden } from "./thing.ts";`,
  "a/thing.ts": `/** A thing. */
export interface Thing {
    /** Its name; } is no end. */
    readonly name: string;
    inner: {
        deep: string;
    };
}
/**
 * Makes one,
 * or throws.
 */
export declare function make(name: string): Thing;
export declare function make(options: {
    name: string;
}): Thing;
export declare class Box implements Thing {
    #private;
    readonly name: string;
}
export declare class Hidden {
}
`,
}

test("a page has every exported name, its comment and its shape, and nothing private", () => {
  const page = pageOf([{ name: "a", entry: "a/index.ts", inner: /^Hidden$/ }], (path) => files[path] ?? "")
  expect(page.slice(page.indexOf("## a"))).toBe(`## a

### Box

\`\`\`ts
class Box implements Thing {
  readonly name: string
}
\`\`\`

### make

Makes one,
or throws.

\`\`\`ts
function make(name: string): Thing
function make(options: {
  name: string
}): Thing
\`\`\`

### Thing

A thing.

\`\`\`ts
interface Thing {
  /** Its name; } is no end. */
  readonly name: string
  inner: {
    deep: string
  }
}
\`\`\`

Types of the protocol, handed on: \`Far\`.
`)
})

test("an exported name that is not declared is a fault", () => {
  const read = (path: string) => (path.endsWith("index.ts") ? `export { gone } from "./thing.ts";` : "")
  expect(() => pageOf([{ name: "a", entry: "a/index.ts" }], read)).toThrow("a/thing.ts declares no gone")
})
