import { afterAll, expect, test } from "bun:test"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { buildClient } from "./build-client.ts"

const outdir = mkdtempSync(join(tmpdir(), "klatch-client-"))
afterAll(() => rmSync(outdir, { recursive: true, force: true }))

test("the built SDK is one module that Node 20 takes, and says what it lacks there", async () => {
  const path = await buildClient(outdir)
  const program = `
    import { createClient } from ${JSON.stringify(path)}
    class Socket { constructor(url) { console.log(url); process.exit(0) } }
    createClient({ url: "http://127.0.0.1:1", user: "ann", webSocket: Socket }).connect()
  `
  const node = Bun.spawn(["node", "--input-type=module", "-e", program], { stdout: "pipe", stderr: "pipe" })
  const [out, err] = await Promise.all([new Response(node.stdout).text(), new Response(node.stderr).text()])
  expect({ out: out.trim(), err }).toEqual({ out: "ws://127.0.0.1:1/ws?subscribe=none&user=ann", err: "" })
})
