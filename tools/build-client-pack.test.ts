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
import { dirname, join } from "node:path"
import { packageNames } from "./build-client.ts"
import { root } from "./source.ts"

setDefaultTimeout(60_000)

/** An application somewhere else: what `npm pack` made is all it has of us, and React is all it has of others. */
const home = mkdtempSync(join(tmpdir(), "klatch-packed-"))
afterAll(() => rmSync(home, { recursive: true, force: true }))

/** What a program said, which must end well. */
async function run(command: readonly string[], cwd = home): Promise<string> {
  const env = { ...process.env, npm_config_update_notifier: "false" }
  const child = Bun.spawn([...command], { cwd, env, stdin: "ignore", stdout: "pipe", stderr: "pipe" })
  const [out, err] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()])
  if ((await child.exited) !== 0) throw new Error(`${command.join(" ")} failed:\n${out}${err}`)
  return out.trim()
}

const chat = `
import { type Client, createClient, type EventOf, KlatchError, memoryStore } from "@klatch/client"
import { type RoomMember, moderation } from "@klatch/client/moderation"
import { createTestKlatch } from "@klatch/testing"

const klatch = createTestKlatch()
const client: Client = createClient({ ...klatch.clientOptions("ann"), store: memoryStore() })
client.on("message", (event: EventOf<"message">) => console.log(event.from, event.content))
client.connect()
const lobby = client.room("lobby")
await klatch.clock.settle(lobby.open())
const ack = await klatch.clock.settle(lobby.messages.send("hello").settled)
const seq: number = ack.seq
const delivery: "sending" | "sent" | "failed" | undefined = lobby.messages.get().messages[0]?.delivery
const refused = await klatch.clock.settle(lobby.messages.edit(999, "no").catch((error: unknown) => error))
console.log(seq, delivery, refused instanceof KlatchError && refused.code)
const desk = moderation(client, lobby.info.get()?.id ?? "")
await klatch.clock.settle(desk.load())
const [member]: readonly RoomMember[] = desk.get().members
const unknown = await klatch.clock.settle(desk.kick("nobody").catch((error: unknown) => error))
console.log(member?.username, member?.role, unknown instanceof KlatchError && unknown.code)
client.close()

export const wrong = () => {
  // @ts-expect-error Content is text.
  lobby.messages.send(1)
  // @ts-expect-error There is no such event.
  client.on("nonsense", () => {})
  // @ts-expect-error A seq is a number.
  const text: string = ack.seq
  // @ts-expect-error A room has one owner: hand it over.
  desk.setRole("ann", "owner")
  // @ts-expect-error Nobody posts numbers.
  klatch.server.post("lobby", "bob", 1)
  return text
}
`

const hooks = `
import { createClient } from "@klatch/client"
import { KlatchProvider, useConnection, useMessages, useRoom } from "@klatch/react"
import { createElement, type ReactElement } from "react"

function Lobby(): ReactElement {
  const { room, status } = useRoom("lobby")
  const count: number = useMessages(room, ({ messages }) => messages.length)
  // @ts-expect-error A connection has no such state.
  const odd = useConnection(({ nonsense }) => nonsense)
  return createElement("p", null, \`\${status} \${count}\`, odd)
}

class NoSocket {
  onopen = null
  onmessage = null
  onclose = null
  onerror = null
  send() {}
  close() {}
}
const client = createClient({ url: "http://127.0.0.1:1", webSocket: NoSocket })
export const app = createElement(KlatchProvider, { client }, createElement(Lobby))
`

const render = (app: string) => `
import { renderToString } from "react-dom/server"
import { app } from ${JSON.stringify(app)}
console.log(renderToString(app))
`

/** As strict as a compiler gets, libraries included, with nothing there but what browsers and ES2022 have. */
const strict = {
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  skipLibCheck: false,
  target: "ES2022",
  lib: ["ES2022", "DOM"],
  types: [],
}
const kinds = {
  nodenext: { ...strict, module: "NodeNext", moduleResolution: "NodeNext", outDir: "out" },
  bundler: { ...strict, module: "ESNext", moduleResolution: "bundler", noEmit: true },
}

beforeAll(async () => {
  const workspaces = packageNames.flatMap((name) => ["-w", `@klatch/${name}`])
  await run(["npm", "pack", ...workspaces, "--pack-destination", home], root)
  for (const name of packageNames) {
    const folder = join(home, "node_modules/@klatch", name)
    mkdirSync(folder, { recursive: true })
    await run(["tar", "-xzf", join(home, `klatch-${name}-0.1.0.tgz`), "-C", folder, "--strip-components=1"])
  }
  for (const name of ["react", "react-dom", "@types/react"]) {
    const link = join(home, "node_modules", name)
    mkdirSync(dirname(link), { recursive: true })
    symlinkSync(join(root, "node_modules", name), link)
  }
  writeFileSync(join(home, "package.json"), '{ "type": "module" }')
  writeFileSync(join(home, "chat.ts"), chat)
  writeFileSync(join(home, "hooks.ts"), hooks)
  writeFileSync(join(home, "render-built.mjs"), render("./out/hooks.js"))
  writeFileSync(join(home, "render.mjs"), render("./hooks.ts"))
  for (const [kind, compilerOptions] of Object.entries(kinds)) {
    const settings = { compilerOptions, files: ["chat.ts", "hooks.ts"] }
    writeFileSync(join(home, `tsconfig.${kind}.json`), JSON.stringify(settings))
  }
})

describe("the packed SDK, in an empty folder,", () => {
  const said = ["ann hello", "2 sent not_found", "ann owner not_found"].join("\n")
  const compile = (kind: keyof typeof kinds) =>
    run(["node", join(root, "node_modules/typescript/bin/tsc"), "-p", `tsconfig.${kind}.json`])

  test("needs nothing to be installed beside it but what its peers say", () => {
    for (const name of packageNames) {
      const folder = join(home, "node_modules/@klatch", name)
      expect(readdirSync(folder).sort()).toEqual(["dist", "package.json"])
      const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as object
      expect(manifest).not.toHaveProperty("dependencies")
      expect(readdirSync(join(folder, "dist"))).toContain("LICENSE")
    }
  })

  test("is well typed as Node finds it, and runs there", async () => {
    expect(await compile("nodenext")).toBe("")
    expect(await run(["node", "out/chat.js"])).toBe(said)
    expect(await run(["node", "render-built.mjs"])).toBe("<p>empty 0</p>")
  })

  test("is well typed as bundlers find it", async () => {
    expect(await compile("bundler")).toBe("")
  })

  test("runs on Bun", async () => {
    const bun = [process.execPath, "--no-install"]
    expect(await run([...bun, "chat.ts"])).toBe(said)
    expect(await run([...bun, "render.mjs"])).toBe("<p>empty 0</p>")
  })
})
