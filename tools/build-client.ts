import { join } from "node:path"

/** Builds the SDK for whoever does not run TypeScript: one ES module for browsers and Node 20, with its map. */
export async function buildClient(outdir: string): Promise<string> {
  const root = join(import.meta.dirname, "..")
  const { outputs } = await Bun.build({
    entrypoints: [join(root, "packages/client/src/index.ts")],
    outdir,
    target: "browser",
    format: "esm",
    sourcemap: "linked",
  })
  return outputs.find((output) => output.kind === "entry-point")?.path ?? ""
}

if (import.meta.main) console.log(await buildClient(join(import.meta.dirname, "../packages/client/dist")))
