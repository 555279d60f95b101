import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import type { Browser } from "playwright-core"
import { launchBrowser } from "../e2e/browser.ts"
import { Peer } from "../harness/peer.ts"
import { startServer } from "../harness/server.ts"

setDefaultTimeout(90_000)

const root = join(import.meta.dirname, "../..")

let browser: Browser
beforeAll(async () => {
  browser = await launchBrowser()
})
afterAll(() => browser?.close())

/** The one command of an example's README. */
function commandOf(name: string): string {
  const [, command] =
    /```sh\n(.+)\n```/.exec(readFileSync(join(root, "examples", name, "README.md"), "utf8")) ?? []
  if (!command) throw new Error(`examples/${name}/README.md tells no command`)
  return command
}

interface Running extends AsyncDisposable {
  /** The first line it printed that `pattern` fits. */
  readonly line: string
}

/** Runs a command as a person does, in the checkout, and waits for a line. Rejects with what was printed instead. */
async function run(command: string, pattern: RegExp): Promise<Running> {
  // The last of its programs takes the shell's place, so that it is what gets our signal.
  const child = Bun.spawn(["sh", "-c", command.replace(/([^&\s][^&]*)$/, "exec $1")], {
    cwd: root,
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  })
  const err = new Response(child.stderr).text()
  const end = async () => {
    child.kill("SIGTERM")
    await child.exited
  }
  let printed = ""
  const decoder = new TextDecoder()
  for await (const chunk of child.stdout) {
    printed += decoder.decode(chunk, { stream: true })
    const line = printed
      .split("\n")
      .slice(0, -1)
      .find((line) => pattern.test(line))
    if (line) return { line, [Symbol.asyncDispose]: end }
  }
  throw new Error(`${command} ended with ${await child.exited}:\n${printed}${await err}`)
}

describe("the examples work as their READMEs say:", () => {
  for (const name of ["plain", "react"])
    test(name, async () => {
      await using example = await run(`${commandOf(name)} 0`, /^http/)
      const context = await browser.newContext()
      try {
        const ann = await context.newPage()
        const bob = await context.newPage()
        const faults: string[] = []
        for (const page of [ann, bob]) page.on("pageerror", (error) => faults.push(String(error)))
        await Promise.all([ann.goto(example.line), bob.goto(example.line.replace("user=ann", "user=bob"))])
        await ann.getByLabel("Message").fill("Hello, bob")
        await ann.getByLabel("Message").press("Enter")
        await bob.getByText("ann: Hello, bob").waitFor()
        await bob.getByLabel("Message").fill("<b>Hello</b>, ann")
        await bob.getByLabel("Message").press("Enter")
        await ann.getByText("bob: <b>Hello</b>, ann").waitFor()
        await ann.reload()
        await ann.getByText("bob: <b>Hello</b>, ann").waitFor()
        const lines = await ann.getByRole("listitem").allInnerTexts()
        expect(lines).toEqual(["ann: Hello, bob", "bob: <b>Hello</b>, ann"])
        expect(faults).toEqual([])
      } finally {
        await context.close()
      }
    })

  test("node-bot", async () => {
    await using server = await startServer()
    await using ann = await Peer.connect(server.wsUrl, "/ws?user=ann&room=lobby")
    const ask = async (words: string) => {
      const ack = await ann.ask({ type: "message", room_id: "lobby", content: `!echo ${words}` })
      const heard = await ann.hears(words, (frame) => frame.from === "echo-bot" && frame.content === words)
      expect(heard).toMatchObject({ type: "message", reply_to: ack.message_id })
    }
    const command = `${commandOf("node-bot")} ${server.url}`
    {
      await using _bot = await run(command, /^echo-bot listens in lobby/)
      await ask("hello")
      await ask("two\nlines")
    }
    await using _again = await run(command, /^echo-bot listens/)
    await ask("back")
    const history = (await (await fetch(`${server.url}/history?r=lobby`)).json()) as { from: string }[]
    expect(history.filter(({ from }) => from === "echo-bot")).toHaveLength(3)
  })
})
