import { dirname, join, normalize } from "node:path"
import { isTest, lineAt, type Source } from "./source.ts"

/** One import of a module: `from`, a bare `import`, `import()` or `require()`. */
export interface Import {
  readonly path: string
  readonly line: number
  /** The import is gone at run time. */
  readonly typeOnly: boolean
}

/** A workspace as its package.json tells of it. `exports` maps "." and "./x" to files, from the checkout's root. */
export interface Workspace {
  readonly name: string
  readonly folder: string
  readonly exports: Readonly<Record<string, string>>
  readonly dependencies: readonly string[]
  readonly devDependencies: readonly string[]
}

/** The whole that is judged: every source, with its imports, and the workspaces it lies in. */
export interface House {
  readonly modules: ReadonlyMap<string, readonly Import[]>
  readonly sources: readonly Source[]
  readonly workspaces: readonly Workspace[]
}

/** Builds the house of `sources`. */
export function house(sources: readonly Source[], workspaces: readonly Workspace[]): House {
  return { sources, workspaces, modules: new Map(sources.map((source) => [source.path, importsOf(source)])) }
}

/**
 * Every import of a source. The transpiler's own list drops those of types alone, so the strings that follow `from`,
 * `import` and `require` are read here, and the transpiler says which of them remain at run time.
 */
export function importsOf(source: Source): Import[] {
  const remaining = new Set(transpiled(source))
  return source.literals
    .filter(({ at }) => /(?:\bfrom|\bimport|\bimport\s*\(|\brequire\s*\()\s*$/.test(before(source, at)))
    .map(({ at, text }) => ({ path: text, line: lineAt(source.text, at), typeOnly: !remaining.has(text) }))
}

/** The paths that the transpiler sees imported at run time. */
export function transpiled(source: Source): string[] {
  const loader = source.path.endsWith("x") ? "tsx" : "ts"
  return new Bun.Transpiler({ loader }).scanImports(source.text).map(({ path }) => path)
}

const before = (source: Source, at: number): string => source.code.slice(Math.max(0, at - 60), at)

/** Which file of the house `from` means by `path`; undefined for what comes from npm or the runtime. */
export function resolve(house: House, from: string, path: string): string | undefined {
  if (path.startsWith(".")) return normalize(join(dirname(from), path))
  const workspace = house.workspaces.find(({ name }) => path === name || path.startsWith(`${name}/`))
  return workspace?.exports[`.${path.slice(workspace.name.length)}`]
}

/** The workspace that holds `path`; undefined for tests, tools and bin. */
export const workspaceOf = (house: House, path: string): Workspace | undefined =>
  house.workspaces.find(({ folder }) => path.startsWith(`${folder}/`))

/** Judges each import of each module by `rule`, which answers what is wrong with it, if anything. */
export function faultsOf(
  house: House,
  rule: (from: string, imported: Import, target: string | undefined) => string | undefined,
): string[] {
  return [...house.modules].flatMap(([from, imports]) =>
    imports.flatMap((imported) => {
      const fault = rule(from, imported, resolve(house, from, imported.path))
      return fault ? [`${from}:${imported.line} ${fault}`] : []
    }),
  )
}

/** Every circle of imports, types included, each once, as the path that closes it. */
export function circles(house: House): string[] {
  const done = new Set<string>()
  const found: string[] = []
  const visit = (path: string, trail: readonly string[]): void => {
    if (trail.includes(path)) {
      found.push([...trail.slice(trail.indexOf(path)), path].join(" -> "))
      return
    }
    if (done.has(path)) return
    for (const { path: target } of house.modules.get(path) ?? []) {
      const file = resolve(house, path, target)
      if (file && house.modules.has(file)) visit(file, [...trail, path])
    }
    done.add(path)
  }
  for (const path of house.modules.keys()) visit(path, [])
  return found
}

/** Each place where `pattern` occurs in code (not in comments or strings) of the sources that `chosen` takes. */
export function occurrences(house: House, pattern: RegExp, chosen: (path: string) => boolean): string[] {
  return house.sources
    .filter(({ path }) => chosen(path))
    .flatMap((source) =>
      [...source.code.matchAll(pattern)].map(
        (match) => `${source.path}:${lineAt(source.text, match.index)} ${match[0].trim()}`,
      ),
    )
}

/** Whether `path` ships: neither a test nor what serves only tests. */
export const ships = (path: string): boolean => !isTest(path)
