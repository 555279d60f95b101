import { afterAll, expect, setDefaultTimeout, test } from "bun:test"
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { buildModule } from "./build-client.ts"
import { contractNames, contractTypes } from "./build-client-contract.ts"
import { standAlone } from "./build-client-declarations.ts"
import { root } from "./source.ts"

setDefaultTimeout(60_000)

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
  const path = await buildModule("client", join(outdir, "client"))
  const program = `
    import { createClient } from ${JSON.stringify(path)}
    class Socket { constructor(url) { console.log(url); process.exit(0) } }
    createClient({ url: "http://127.0.0.1:1", user: "ann", webSocket: Socket }).connect()
  `
  expect(await run(program)).toEqual({ out: "ws://127.0.0.1:1/ws?subscribe=none&user=ann", err: "" })
})

test("the built hooks are one module that renders on a server, with the React that is there", async () => {
  const [client, hooks] = await Promise.all([
    buildModule("client", join(outdir, "client")),
    buildModule("react", join(outdir, "react")),
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
    buildModule("client", join(outdir, "client")),
    buildModule("testing", join(outdir, "testing")),
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

test("[K15] the built SDK, as it is handed out, is at most 15 KB gzip, and says where its map is", async () => {
  const path = await buildModule("client", join(outdir, "client"))
  const text = await Bun.file(path).text()
  expect(Bun.gzipSync(text).length).toBeLessThanOrEqual(15 * 1024)
  expect(text).toEndWith("//# sourceMappingURL=index.js.map\n")
  const map = (await Bun.file(`${path}.map`).json()) as { sources: string[]; sourcesContent: string[] }
  const at = map.sources.findIndex((source) => source.endsWith("/client/src/outbox.ts"))
  expect(map.sourcesContent[at]).toBe(await Bun.file(join(root, "packages/client/src/outbox.ts")).text())
})

test("a program bundles what it uses of the built SDK, and not the rest", async () => {
  const built = await buildModule("client", join(outdir, "client"))
  const bundled = async (name: string) => {
    const entry = join(outdir, `uses-${name}.js`)
    writeFileSync(entry, `import { ${name} } from ${JSON.stringify(built)}\nconsole.log(${name})\n`)
    const { outputs } = await Bun.build({ entrypoints: [entry], minify: true, target: "browser" })
    return (await outputs[0]?.text()) ?? ""
  }
  const [all, store] = await Promise.all([bundled("createClient"), bundled("memoryStore")])
  expect(store).toContain("structuredClone")
  expect(store.length).toBeLessThan(all.length / 20)
})

test("the contract's types written out are those that its schemas infer", async () => {
  const folder = join(outdir, "contract")
  mkdirSync(folder)
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"))
  writeFileSync(join(folder, "plain.d.ts"), contractTypes(contractNames))
  // By its arguments, so that all events, and all frames, are compared one by one.
  const generic: Record<string, string> = { EventOf: "EventType", FrameOf: "FrameType" }
  const pairs = contractNames.map((name) => {
    const keys = generic[name]
    const [one, other] = ["Plain", "Inferred"].map((from) =>
      keys ? `{ [T in Inferred.${keys}]: ${from}.${name}<T> }` : `${from}.${name}`,
    )
    return `export const same${name}: Same<${one}, ${other}> = true`
  })
  const program = `
    import type * as Inferred from "@klatch/protocol"
    import type * as Plain from "./plain.d.ts"
    type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
    ${pairs.join("\n")}
    // @ts-expect-error So unequal ones are told apart.
    export const sameOthers: Same<Plain.User, Omit<Inferred.User, "id"> & { id?: string }> = true
  `
  writeFileSync(join(folder, "program.ts"), program)
  const settings = { extends: join(root, "tsconfig.json"), compilerOptions: { types: [] }, include: [folder] }
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(settings))
  const tsc = Bun.spawn(["node", join(root, "node_modules/typescript/bin/tsc"), "-p", folder], {
    stdout: "pipe",
  })
  expect(await new Response(tsc.stdout).text()).toBe("")
  expect(await tsc.exited).toBe(0)
})

test("a type of the contract that nobody wrote out is a fault of the build", () => {
  const read = () => 'export type { Nothing } from "@klatch/protocol";'
  expect(() => standAlone(read)).toThrow("Nothing is no type of the contract")
})
