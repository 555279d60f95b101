import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join, normalize } from "node:path"
import { root, source } from "./source.ts"

/** A package as the page shows it. */
interface Part {
  readonly name: string
  readonly entry: string
  /** Given away for the tests of this repository, and nothing for an application. */
  readonly inner?: RegExp
}

const parts: readonly Part[] = [
  { name: "@klatch/client", entry: "packages/client/src/index.ts" },
  { name: "@klatch/client/moderation", entry: "packages/client/src/moderation.ts" },
  { name: "@klatch/react", entry: "packages/react/src/index.ts" },
  {
    name: "@klatch/testing",
    entry: "packages/testing/src/index.ts",
    inner: /^(?:Memory\w+|Incoming|FrameFate|RefusedDoor|seeded)$/,
  },
]

/** Where the page is kept, and how it is made anew. */
export const referencePath = "docs/sdk/reference.md"
export const referenceCommand = "node bin/run.mjs tools/reference.ts"

/** Reads a declaration file by the path of its source: the compiler's own view of what a package gives away. */
type Read = (path: string) => string

/** The whole page, made from the doc comments of what the packages export. Throws what the compiler says. */
export async function makeReference(): Promise<string> {
  const outDir = mkdtempSync(join(tmpdir(), "klatch-reference-"))
  try {
    const config = join(outDir, "tsconfig.json")
    const emit = { noEmit: false, declaration: true, emitDeclarationOnly: true, rootDir: root, outDir }
    // One package found through another's link counts as a library, of which nothing is written, if the compiler's
    // threads happen to come there first.
    const options = { ...emit, preserveSymlinks: true }
    const files = parts.map(({ entry }) => join(root, entry))
    const typeRoots = [join(root, "node_modules")]
    const settings = {
      extends: join(root, "tsconfig.json"),
      compilerOptions: { ...options, typeRoots },
      files,
      include: [],
    }
    writeFileSync(config, JSON.stringify(settings))
    const tsc = Bun.spawn(["node", join(root, "node_modules/typescript/bin/tsc"), "-p", config], {
      stdout: "pipe",
      stderr: "inherit",
    })
    const said = await new Response(tsc.stdout).text()
    if ((await tsc.exited) !== 0) throw new Error(said)
    return pageOf(parts, (path) => readFileSync(join(outDir, path.replace(/\.ts$/, ".d.ts")), "utf8"))
  } finally {
    rmSync(outDir, { recursive: true, force: true })
  }
}

/** The page of these packages. Throws for a name that is exported and not declared. */
export function pageOf(parts: readonly Part[], read: Read): string {
  const head = [
    "# Reference",
    "",
    `Made from the doc comments by \`${referenceCommand}\`: change it there. The types of the wire itself`,
    "(events, users, error codes) are shown field by field at `/docs` of your server.",
  ]
  return `${[...head, ...parts.flatMap((part) => section(part, read))].join("\n")}\n`
}

/** An exported name, with its doc comment and what a caller sees of it. */
interface Declaration {
  readonly name: string
  readonly text: string
  readonly code: string
}

function section({ name, entry, inner }: Part, read: Read): string[] {
  const exported = exportsOf(entry, read).filter(({ name }) => !inner?.test(name))
  const own = exported.flatMap(({ name, path }) => (path ? [declarationOf(name, path, read)] : []))
  const lines = ["", `## ${name}`]
  for (const { name, text, code } of own.sort(byKindThenName))
    lines.push("", `### ${name}`, ...(text ? ["", text] : []), "", "```ts", code, "```")
  const wire = exported.filter(({ path }) => !path).map(({ name }) => `\`${name}\``)
  return wire.length > 0
    ? [...lines, "", `Types of the protocol, handed on: ${wire.sort().join(", ")}.`]
    : lines
}

/** What an entry names with `export ... from`; without a path what another package declares. */
function exportsOf(entry: string, read: Read): { readonly name: string; readonly path: string | null }[] {
  const lists = [...read(entry).matchAll(/^export (?:type )?\{([^}]*)\} from "([^"]+)"/gm)]
  return lists.flatMap(([, list, from]) => {
    const names = (list ?? "").split(",").map((name) => name.trim().replace(/^type /, ""))
    const path = from?.startsWith(".") ? normalize(join(dirname(entry), from)) : null
    return names.filter(Boolean).map((name) => ({ name, path }))
  })
}

/** Functions and classes first: they are what an application calls. */
const byKindThenName = (a: Declaration, b: Declaration): number =>
  Number(isType(a)) - Number(isType(b)) || (a.name < b.name ? -1 : 1)

const isType = ({ code }: Declaration): boolean => /^(?:interface|type)\b/.test(code)

function declarationOf(name: string, path: string, read: Read): Declaration {
  const { text, code } = source(path, read(path))
  const all = [...code.matchAll(new RegExp(`^export (?:declare )?(?:abstract )?\\w+ ${name}\\b`, "gm"))]
  const first = all[0]
  if (!first) throw new Error(`${path} declares no ${name}`)
  // A function of several shapes is declared once for each.
  const shapes = all.map(({ index }) => shape(text.slice(index, endOf(code, index))))
  return { name, text: docBefore(first.index, text), code: shapes.join("\n") }
}

/** Where a declaration ends: at the first end of a line outside of all brackets. */
function endOf(code: string, from: number): number {
  let depth = 0
  for (let at = from; at < code.length; at++) {
    if ("({[".includes(code[at] ?? "")) depth++
    if (")}]".includes(code[at] ?? "")) depth--
    if (code[at] === "\n" && depth === 0) return at
  }
  return code.length
}

/** As we write: two spaces, no semicolons, nothing private. */
const shape = (text: string): string =>
  text
    .trim()
    .replace(/^export (?:declare )?/, "")
    .replace(/^ +#private;\n/gm, "")
    .replace(
      /^ {4}( *)/gm,
      (_all, more: string) => `  ${" ".repeat(more.startsWith("    ") ? more.length / 2 : more.length)}`,
    )
    .replace(/;$/gm, "")

/** The doc comment that ends right before offset `at`, its stars taken off; "" when there is none. */
function docBefore(at: number, text: string): string {
  const before = text.slice(0, at).trimEnd()
  if (!before.endsWith("*/")) return ""
  return before
    .slice(before.lastIndexOf("/**"))
    .replace(/^\/\*\*|\*\/$/g, "")
    .split("\n")
    .map((line) => line.replace(/^\s*\* ?/, ""))
    .join("\n")
    .trim()
}

if (import.meta.main) {
  writeFileSync(join(root, referencePath), await makeReference())
  console.log(referencePath)
}
