import { afterAll, expect, test } from "bun:test"
import { mkdtempSync, rmSync, symlinkSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { buildClient, buildHooks, buildTesting } from "./build-client.ts"
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

test("the built in-memory Klatch is one module that the built SDK talks to on Node 20", async () => {
  const [client, testing] = await Promise.all([
    buildClient(join(outdir, "client")),
    buildTesting(join(outdir, "testing")),
  ])
  const program = `
    import { createClient } from ${JSON.stringify(client)}
    import { createTestKlatch } from ${JSON.stringify(testing)}
    const klatch = createTestKlatch()
    const client = createClient(klatch.clientOptions("ann"))
    client.connect()
    const lobby = client.room("lobby")
    await klatch.clock.settle(lobby.open())
    await klatch.clock.settle(lobby.messages.send("hello").settled)
    console.log(klatch.server.messages("lobby").map(({ content }) => content).join())
    client.close()
  `
  expect(await run(program)).toEqual({ out: "hello", err: "" })
})
