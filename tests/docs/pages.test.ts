import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test"
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { Browser } from "playwright-core"
import { buildModule } from "../../tools/build-client.ts"
import { launchBrowser } from "../e2e/browser.ts"
import { type ServerProcess, startServer } from "../harness/server.ts"
import { storyOf } from "./document.ts"
import { PageHost } from "./page-host.ts"
import { tellInBrowser } from "./tell-in-browser.ts"

setDefaultTimeout(60_000)

const root = join(import.meta.dirname, "../..")
const folder = join(root, "docs/sdk")
/** Told in Chromium, since they are about what only browsers have. The others are told by Bun. */
const inBrowser = ["README.md", "offline.md", "tabs.md", "react.md"]
/** Made by a tool from what the compiler has checked; tools/reference.test.ts holds it to that. */
const made = ["reference.md"]
const names = readdirSync(folder).filter((name) => name.endsWith(".md") && !made.includes(name))

const scratch = mkdtempSync(join(tmpdir(), "klatch-docs-"))
let browser: Browser
let server: ServerProcess
let host: PageHost

beforeAll(async () => {
  symlinkSync(join(root, "node_modules"), join(scratch, "node_modules"))
  host = new PageHost()
  ;[browser, server] = await Promise.all([
    launchBrowser(),
    startServer({ dataDir: join(scratch, "data"), env: { CORS_ORIGINS: host.url } }),
  ])
})
afterAll(async () => {
  await browser?.close()
  await server?.[Symbol.asyncDispose]()
  host?.stop()
  rmSync(scratch, { recursive: true, force: true })
})

const read = (name: string) => storyOf(name, readFileSync(join(folder, name), "utf8"), server.url)

/** Writes a program of a page where it finds the packages by their names. */
function write(name: string, text: string): string {
  const path = join(scratch, name)
  writeFileSync(path, text)
  return path
}

/** Bun, which takes the packages by their sources. */
const bun = [process.execPath, "--no-install", "--conditions=klatch-source"]

/** What a program printed, which must end well. */
async function run(command: readonly string[], cwd = scratch): Promise<string[]> {
  const child = Bun.spawn([...command], { cwd, stdout: "pipe", stderr: "pipe", timeout: 30_000 })
  const [out, err] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()])
  if ((await child.exited) !== 0) throw new Error(`${command.join(" ")} failed:\n${out}${err}`)
  return out.trimEnd().split("\n")
}

/** The server's end and its new start, at the same address with the same data. */
const world = {
  kill: () => server.kill(),
  async start() {
    const env = { CORS_ORIGINS: host.url, PORT: String(server.port) }
    server = await startServer({ dataDir: server.dataDir, env })
  },
}

describe("the code of docs/sdk shows what the page says:", () => {
  test("every page is among those that are told", () => {
    expect(names).toContain("README.md")
    expect(inBrowser.filter((name) => !names.includes(name))).toEqual([])
  })

  for (const name of names) {
    test(name, async () => {
      const { acts, programs } = read(name)
      expect(acts.length).toBeGreaterThan(0)
      const paths = acts.map((text, at) => write(`${name.replace(".md", "")}-${at}.tsx`, text))
      if (inBrowser.includes(name)) await tellInBrowser({ browser, host, paths, world })
      else for (const path of paths) expect((await run([...bun, path])).at(-1)).toBe("-- end")
      for (const { text, shows } of programs) expect(await onNode(text)).toEqual([...shows])
    })
  }
})

/** Node 20 finds the packages as an application does: built, by their names. */
async function onNode(text: string): Promise<string[]> {
  const home = mkdtempSync(join(scratch, "node-"))
  const client = join(home, "node_modules/@klatch/client")
  mkdirSync(join(home, "node_modules/@klatch"), { recursive: true })
  symlinkSync(join(root, "node_modules/ws"), join(home, "node_modules/ws"))
  await buildModule("client", join(client, "dist"))
  writeFileSync(join(client, "package.json"), readFileSync(join(root, "packages/client/package.json")))
  const path = join(home, "program.mjs")
  writeFileSync(path, text)
  return run(["node", path], home)
}
