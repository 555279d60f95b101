import { join } from "node:path"

const root = join(import.meta.dirname, "..")

/** Builds the SDK for whoever does not run TypeScript: one ES module for browsers and Node 20, with its map. */
export const buildClient = (outdir: string): Promise<string> => build("packages/client", outdir, [])

/** Builds the hooks, for a React that the application brings. */
export const buildHooks = (outdir: string): Promise<string> => build("packages/react", outdir, ["react"])

/** Builds what an application's own tests use, for browsers, Node 20 and Bun; only starting the server needs a disk. */
export const buildTesting = (outdir: string): Promise<string> => build("packages/testing", outdir, ["node:*"])

async function build(folder: string, outdir: string, external: string[]): Promise<string> {
  const { outputs } = await Bun.build({
    entrypoints: [join(root, folder, "src/index.ts")],
    outdir,
    target: "browser",
    format: "esm",
    sourcemap: "linked",
    external,
  })
  return outputs.find((output) => output.kind === "entry-point")?.path ?? ""
}

if (import.meta.main) {
  console.log(await buildClient(join(root, "packages/client/dist")))
  console.log(await buildHooks(join(root, "packages/react/dist")))
  console.log(await buildTesting(join(root, "packages/testing/dist")))
}
