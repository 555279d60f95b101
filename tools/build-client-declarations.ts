import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join, normalize } from "node:path"
import { contractTypes } from "./build-client-contract.ts"

const root = join(import.meta.dirname, "..")

/** The declaration files of a package, by their names: those that its entries lead to. They stand alone. */
export type Declarations = ReadonlyMap<string, string>

/** The declarations of these folders' packages. Rejects with what the compiler says. */
export async function declarationsOf(
  packages: readonly { readonly folder: string; readonly entries: readonly string[] }[],
): Promise<Declarations[]> {
  const outDir = mkdtempSync(join(tmpdir(), "klatch-types-"))
  try {
    const settings = {
      extends: join(root, "tsconfig.json"),
      compilerOptions: {
        noEmit: false,
        declaration: true,
        emitDeclarationOnly: true,
        rootDir: root,
        outDir,
        typeRoots: [join(root, "node_modules")],
      },
      files: packages.flatMap(({ folder, entries }) =>
        entries.map((entry) => join(root, folder, `src/${entry}.ts`)),
      ),
      include: [],
    }
    const config = join(outDir, "tsconfig.json")
    writeFileSync(config, JSON.stringify(settings))
    const tsc = Bun.spawn(["node", join(root, "node_modules/typescript/bin/tsc"), "-p", config], {
      stdout: "pipe",
      stderr: "inherit",
    })
    const said = await new Response(tsc.stdout).text()
    if ((await tsc.exited) !== 0) throw new Error(said)
    return packages.map(({ folder, entries }) =>
      standAlone((path) => readFileSync(join(outDir, folder, "src", path), "utf8"), entries),
    )
  } finally {
    rmSync(outDir, { recursive: true, force: true })
  }
}

/** Every file that the entries lead to, with the types of the contract written beside them. */
export function standAlone(
  read: (path: string) => string,
  entries: readonly string[] = ["index"],
): Declarations {
  const files = new Map<string, string>()
  const wanted = new Set<string>()
  const take = (path: string): void => {
    if (files.has(path)) return
    const text = read(path)
    for (const [, list] of text.matchAll(/\{([^}]*)\} from "@klatch\/protocol"/g))
      for (const name of (list ?? "").split(",")) wanted.add(name.trim().replace(/^type /, ""))
    files.set(path, published(text))
    for (const [, target] of text.matchAll(/"(\.\/[\w./-]+)\.ts"/g))
      take(normalize(join(dirname(path), `${target}.d.ts`)))
  }
  for (const entry of entries) take(`${entry}.d.ts`)
  wanted.delete("")
  if (wanted.size > 0) files.set("protocol.d.ts", contractTypes(wanted))
  return files
}

/** As an application's compiler takes it: named as Node finds modules, and saying which library it builds on. */
function published(text: string): string {
  const named = text
    .replace(/"(\.\/[\w./-]+)\.ts"/g, '"$1.js"')
    .replaceAll('"@klatch/protocol"', '"./protocol.js"')
  return named.includes("[Symbol.asyncDispose]")
    ? `/// <reference lib="esnext.disposable" />\n${named}`
    : named
}
