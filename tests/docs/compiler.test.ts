import { afterAll, expect, setDefaultTimeout, test } from "bun:test"
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { storyOf } from "./document.ts"

setDefaultTimeout(60_000)

const root = join(import.meta.dirname, "../..")
const scratch = mkdtempSync(join(tmpdir(), "klatch-docs-types-"))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

test("the code of README.md, docs/sdk and the examples is well typed", async () => {
  symlinkSync(join(root, "node_modules"), join(scratch, "node_modules"))
  const pages = readdirSync(join(root, "docs/sdk"))
    .filter((name) => name.endsWith(".md") && name !== "reference.md")
    .map((name) => `docs/sdk/${name}`)
  for (const path of ["README.md", ...pages]) {
    const { acts } = storyOf(path, readFileSync(join(root, path), "utf8"), "http://127.0.0.1")
    for (const [at, act] of acts.entries())
      writeFileSync(join(scratch, `${path.replaceAll("/", "-").replace(".md", "")}-${at}.tsx`), act)
  }
  const settings = {
    extends: join(root, "tsconfig.json"),
    // A page's code is checked as strictly as ours; the types are found from where it lies.
    compilerOptions: { jsxImportSource: "react", typeRoots: [join(root, "node_modules")] },
    include: [scratch, join(root, "examples"), join(root, "packages/react/src/testing/react-dom.d.ts")],
    exclude: ["node_modules"],
  }
  writeFileSync(join(scratch, "tsconfig.json"), JSON.stringify(settings))
  const tsc = Bun.spawn(["node", join(root, "node_modules/typescript/bin/tsc"), "-p", scratch], {
    stdout: "pipe",
  })
  const said = await new Response(tsc.stdout).text()
  expect(said).toBe("")
  expect(await tsc.exited).toBe(0)
})
