import { normalize } from "node:path"
import type { Workspace } from "./imports.ts"
import { listFiles, readText } from "./source.ts"

/** What the checks read of a package.json. */
export interface Manifest {
  readonly name: string
  readonly workspaces?: readonly string[]
  readonly exports?: Readonly<Record<string, string>>
  readonly dependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
}

/** The package.json of a folder of the checkout ("" for the root). Throws when there is none. */
export const manifestOf = (folder: string): Manifest =>
  JSON.parse(readText(folder ? `${folder}/package.json` : "package.json")) as Manifest

/** The folders that the root's `workspaces` patterns take. */
export function workspaceFolders(): string[] {
  const patterns = (manifestOf("").workspaces ?? []).map((pattern) => new Bun.Glob(pattern))
  const folders = listFiles()
    .filter((path) => path.endsWith("/package.json"))
    .map((path) => path.slice(0, -"/package.json".length))
  return folders.filter((folder) => patterns.some((pattern) => pattern.match(folder)))
}

/** Reads every workspace of the checkout. */
export function readWorkspaces(): Workspace[] {
  return workspaceFolders().map((folder) => {
    const manifest = manifestOf(folder)
    const exported = Object.entries(manifest.exports ?? {}).map(([key, file]) => [
      key,
      normalize(`${folder}/${file}`),
    ])
    return {
      name: manifest.name,
      folder,
      exports: Object.fromEntries(exported) as Record<string, string>,
      dependencies: Object.keys({
        ...manifest.dependencies,
        ...manifest.optionalDependencies,
        ...manifest.peerDependencies,
      }),
      devDependencies: Object.keys(manifest.devDependencies ?? {}),
    }
  })
}
