import { afterAll, beforeAll, describe } from "bun:test"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { clientSuite } from "./testing/client-suite.ts"
import type { Kit } from "./testing/kit.ts"
import { openPage } from "./testing/page.ts"
import { renderSuite } from "./testing/render-suite.ts"
import { roomSuite } from "./testing/room-suite.ts"

const outdir = mkdtempSync(join(tmpdir(), "klatch-preact-"))

/** Puts Preact's layer in React's place, as the bundle of a Preact application does. */
async function buildKit(): Promise<Kit> {
  const { outputs } = await Bun.build({
    entrypoints: [join(import.meta.dir, "testing/preact-kit.ts")],
    outdir,
    target: "bun",
    plugins: [
      {
        name: "react-is-preact",
        setup: (build) =>
          void build.onResolve({ filter: /^react$/ }, () => ({
            path: Bun.resolveSync("preact/compat", import.meta.dir),
          })),
      },
    ],
  })
  const { kit } = (await import(outputs[0]!.path)) as { kit: Kit }
  return kit
}

describe("Preact:", () => {
  let kit: Kit
  let page: ReturnType<typeof openPage>
  beforeAll(async () => {
    page = openPage()
    kit = await buildKit()
  })
  afterAll(async () => {
    await page.close()
    rmSync(outdir, { recursive: true, force: true })
  })

  roomSuite(() => kit)
  renderSuite(() => kit)
  clientSuite(() => kit)
})
