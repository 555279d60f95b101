import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import type { Browser } from "playwright-core"
import { launchBrowser } from "../e2e/browser.ts"
import { Peer } from "../harness/peer.ts"
import { startServer } from "../harness/server.ts"
import { runCommand } from "./command.ts"

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

describe("the examples work as their READMEs say:", () => {
  for (const name of ["plain", "react"])
    test(name, async () => {
      await using example = await runCommand(`${commandOf(name)} 0`, /^http/)
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

  for (const name of ["plain", "react"])
    test(`${name} says in a sentence that its port is taken`, async () => {
      using taken = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response() })
      const command = `${commandOf(name)} ${taken.port}`
      const failed = await runCommand(command, /^http/).catch((error: Error) => error)
      const other = `${commandOf(name)} ${Number(taken.port) + 1}`
      const sentence = `Something else listens on port ${taken.port}. Give the page another one: ${other}`
      expect(failed).toBeInstanceOf(Error)
      expect((failed as Error).message).toBe(`${command} ended with 1:\n${sentence}\n`)
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
      await using _bot = await runCommand(command, /^echo-bot listens in lobby/)
      await ask("hello")
      await ask("two\nlines")
    }
    await using _again = await runCommand(command, /^echo-bot listens/)
    await ask("back")
    const history = (await (await fetch(`${server.url}/history?r=lobby`)).json()) as { from: string }[]
    expect(history.filter(({ from }) => from === "echo-bot")).toHaveLength(3)
  })
})
