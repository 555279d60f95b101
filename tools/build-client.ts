import { mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { basename, join } from "node:path"
import { minify } from "terser"
import { declarationsOf } from "./build-client-declarations.ts"

const root = join(import.meta.dirname, "..")

/** How a package is built for whoever does not run TypeScript: one ES module with its map. */
interface Recipe {
  /** Its modules, by the names of their sources; the first is the package itself. */
  readonly entries: readonly string[]
  /** What the application brings. */
  readonly external: readonly string[]
  /** Small for browsers; else as it was written, to be read in a test's stack. */
  readonly isSmall: boolean
  /** Packages of others whose code comes along. */
  readonly holds: readonly string[]
}

/** The packages that applications use: for browsers, Node 20 and Bun. */
const recipes = {
  client: { entries: ["index", "moderation"], external: [], isSmall: true, holds: [] },
  react: { entries: ["index"], external: ["react"], isSmall: true, holds: [] },
  // Only starting the server needs a disk.
  testing: { entries: ["index"], external: ["node:*"], isSmall: false, holds: ["zod"] },
} as const satisfies Record<string, Recipe>

/** A package of the SDK, by its folder. */
export type PackageName = keyof typeof recipes

export const packageNames = Object.keys(recipes) as PackageName[]

/** Builds a package's modules and maps into a folder; answers the first one's path. Rejects with why it cannot. */
export async function buildModule(name: PackageName, outdir: string): Promise<string> {
  const { entries, external, isSmall } = recipes[name]
  const { outputs } = await Bun.build({
    entrypoints: entries.map((entry) => join(root, "packages", name, `src/${entry}.ts`)),
    outdir,
    target: "browser",
    format: "esm",
    sourcemap: "linked",
    external: [...external],
    minify: isSmall,
    // Minified code keeps saying which calls may be left out when nobody uses what they answer.
    emitDCEAnnotations: true,
  })
  for (const { kind, path } of outputs) {
    if (kind !== "entry-point") continue
    // It names the build to a service that collects errors; nobody's here, and every page would carry it.
    const text = readFileSync(path, "utf8").replace(/\n\/\/# debugId=\w+/, "")
    writeFileSync(path, isSmall ? await smaller(path, text) : text)
  }
  return join(outdir, "index.js")
}

/** The same module in fewer bytes than the bundler knows to write, with its map. Rejects with what it cannot read. */
async function smaller(path: string, text: string): Promise<string> {
  const map = `${path}.map`
  const made = await minify(text, {
    module: true,
    ecma: 2020,
    compress: { passes: 3 },
    format: { preserve_annotations: true },
    sourceMap: {
      content: readFileSync(map, "utf8"),
      filename: basename(path),
      url: basename(map),
      includeSources: true,
    },
  })
  writeFileSync(map, String(made.map))
  return `${made.code}\n`
}

/**
 * Builds what `npm pack` takes of each package: module, map, types and licence, in its `dist`. Each file is replaced
 * in one go, for whoever reads it just then. Answers the modules' paths; rejects with why it cannot.
 */
export async function buildPackages(names: readonly PackageName[] = packageNames): Promise<string[]> {
  const declarations = await declarationsOf(
    names.map((name) => ({ folder: `packages/${name}`, entries: recipes[name].entries })),
  )
  return Promise.all(
    names.map(async (name, at) => {
      const folder = join(root, "packages", name)
      const dist = join(folder, "dist")
      mkdirSync(dist, { recursive: true })
      // Beside it and not inside: the map tells the way to the sources from where it lies.
      const stage = mkdtempSync(join(folder, ".build-"))
      try {
        await buildModule(name, stage)
        for (const [path, text] of declarations[at] ?? []) writeFileSync(join(stage, path), text)
        writeFileSync(join(stage, "LICENSE"), licenseOf(recipes[name]))
        replace(dist, stage)
      } finally {
        rmSync(stage, { recursive: true, force: true })
      }
      return join(dist, "index.js")
    }),
  )
}

/** Ours, and those of the code that comes along. */
function licenseOf({ holds }: Recipe): string {
  const others = holds.map(
    (name) => `\n---\n${name}:\n\n${readFileSync(join(root, "node_modules", name, "LICENSE"), "utf8")}`,
  )
  return [readFileSync(join(root, "LICENSE"), "utf8"), ...others].join("")
}

/** Moves the staged files into `dist`, and takes away declarations that are made no more. */
function replace(dist: string, stage: string): void {
  const made = new Set(readdirSync(stage))
  for (const file of made) renameSync(join(stage, file), join(dist, file))
  for (const file of readdirSync(dist))
    if (file.endsWith(".d.ts") && !made.has(file)) rmSync(join(dist, file), { force: true })
}

if (import.meta.main) {
  const asked = process.argv.slice(2)
  const unknown = asked.find((name) => !packageNames.some((known) => known === name))
  if (unknown !== undefined) {
    console.error(`There is no package "${unknown}" to build. There are: ${packageNames.join(", ")}`)
    process.exit(2)
  }
  const names = packageNames.filter((name) => asked.length === 0 || asked.includes(name))
  for (const path of await buildPackages(names)) console.log(path)
}
