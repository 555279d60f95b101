import type { SpawnSyncReturns } from "node:child_process"

/** What runs the server: its runtime and its entry. */
export interface Program {
  readonly bun: string
  readonly entry: string
}

const answerLimitMs = 20_000

/**
 * Finds the server that is installed beside this package, and the Bun that npm chose for this platform.
 * `node_modules/.bin/bun` is never used: with install scripts off it is a stub. Rejects with a sentence.
 */
export async function findProgram(): Promise<Program> {
  const { createRequire } = await import("node:module")
  const { dirname, join } = await import("node:path")
  const entry = found(createRequire(import.meta.url), "@klatch/server/main")
  if (!entry) throw new Error("startKlatch needs the package @klatch/server beside @klatch/testing.")
  const require = createRequire(entry)
  const name = process.platform === "win32" ? "bun.exe" : "bun"
  const installed = platformPackages().flatMap((path) => {
    const manifest = found(require, `${path}/package.json`)
    return manifest ? [join(dirname(manifest), "bin", name)] : []
  })
  const own = process.versions.bun === undefined ? [] : [process.execPath]
  for (const bun of [...installed, ...own]) if (await runs(bun)) return { bun, entry }
  throw new Error(`startKlatch needs Bun; ${platformPackages()[0]} holds none that runs here.`)
}

function found(require: NodeJS.Require, path: string): string | undefined {
  try {
    return require.resolve(path)
  } catch {
    return undefined
  }
}

/** Every build for this system and processor; one for another libc, or for a newer processor, does not start. */
function platformPackages(): string[] {
  const system = process.platform === "win32" ? "windows" : process.platform
  const name = `@oven/bun-${system}-${process.arch === "arm64" ? "aarch64" : process.arch}`
  return ["", "-musl", "-baseline", "-musl-baseline"].map((kind) => name + kind)
}

async function runs(bun: string): Promise<boolean> {
  const { spawnSync } = await import("node:child_process")
  const { chmodSync, statSync } = await import("node:fs")
  try {
    // Unpacked without its install script it may lack the right to run.
    if ((statSync(bun).mode & 0o111) === 0) chmodSync(bun, 0o755)
  } catch {
    // Missing, or not ours to change: the attempt decides.
  }
  const options = { stdio: "ignore", timeout: answerLimitMs } as const
  const { status }: SpawnSyncReturns<unknown> = spawnSync(bun, ["--version"], options)
  return status === 0
}
