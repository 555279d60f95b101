import { afterAll, expect, test } from "bun:test"
import { mkdtempSync, rmSync, symlinkSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { buildClient, buildHooks } from "./build-client.ts"
import { root } from "./source.ts"

const outdir = mkdtempSync(join(tmpdir(), "klatch-client-"))
afterAll(() => rmSync(outdir, { recursive: true, force: true }))

/** What Node 20 says to a program. */
async function run(program: string): Promise<{ readonly out: string; readonly err: string }> {
  const node = Bun.spawn(["node", "--input-type=module", "-e", program], {
    cwd: outdir,
    stdout: "pipe",
    stderr: "pipe",
  })
  const [out, err] = await Promise.all([new Response(node.stdout).text(), new Response(node.stderr).text()])
  return { out: out.trim(), err }
}

test("the built SDK is one module that Node 20 takes, and says what it lacks there", async () => {
  const path = await buildClient(join(outdir, "client"))
  const program = `
    import { createClient } from ${JSON.stringify(path)}
    class Socket { constructor(url) { console.log(url); process.exit(0) } }
    createClient({ url: "http://127.0.0.1:1", user: "ann", webSocket: Socket }).connect()
  `
  expect(await run(program)).toEqual({ out: "ws://127.0.0.1:1/ws?subscribe=none&user=ann", err: "" })
})

test("the built hooks are one module that renders on a server, with the React that is there", async () => {
  const [client, hooks] = await Promise.all([
    buildClient(join(outdir, "client")),
    buildHooks(join(outdir, "react")),
  ])
  symlinkSync(join(root, "node_modules"), join(outdir, "node_modules"))
  const program = `
    import { createElement } from "react"
    import { renderToString } from "react-dom/server"
    import { createClient } from ${JSON.stringify(client)}
    import { KlatchProvider, useRoom } from ${JSON.stringify(hooks)}
    const client = createClient({ url: "http://127.0.0.1:1", webSocket: class {} })
    const Lobby = () => useRoom("lobby", ({ status }) => status)
    console.log(renderToString(createElement(KlatchProvider, { client }, createElement(Lobby))))
  `
  expect(await run(program)).toEqual({ out: "empty", err: "" })
})
