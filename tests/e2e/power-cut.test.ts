import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type ServerProcess, startServer } from "../harness/server.ts"
import { openStage, type Stage } from "./stage.ts"
import { Tab, testMs } from "./tab.ts"

setDefaultTimeout(testMs)

const inFlightCount = 12

describe("the power fails while two tabs chat", () => {
  const dataDir = mkdtempSync(join(tmpdir(), "klatch-e2e-"))
  const acked: string[] = []
  let server: ServerProcess
  let stage: Stage | undefined
  let ann: Tab
  let bob: Tab

  /** The same data at the same address. */
  const startAgain = async () => {
    server = await startServer({ dataDir, env: { PORT: String(server.port) } })
  }
  const notice = (tab: Tab) => tab.page.getByText("You are offline.")
  const stored = async () => {
    const history = await (await fetch(`${server.url}/history?r=den`)).json()
    return (history as { content: string }[]).map((message) => message.content)
  }

  beforeAll(async () => {
    stage = await openStage({ dataDir })
    server = stage.server
    const { browser } = stage
    ;[ann, bob] = await Promise.all([
      Tab.enter(browser, `${server.url}/?r=den`, "ann"),
      Tab.enter(browser, `${server.url}/?r=den`, "bob"),
    ])
  })
  afterAll(async () => {
    await stage?.[Symbol.asyncDispose]()
    await server?.[Symbol.asyncDispose]()
    rmSync(dataDir, { recursive: true, force: true })
  })

  test("a calm notice says so, and what is written meanwhile waits", async () => {
    for (const [i, tab] of [ann, bob, ann, bob].entries()) {
      const text = `before ${i}`
      await tab.write(text)
      await tab.hasStored(text)
      acked.push(text)
    }
    for (const tab of [ann, bob]) await tab.readsAll(acked)
    expect(await notice(ann).count()).toBe(0)
    await server.kill()
    for (const tab of [ann, bob]) await notice(tab).waitFor()
    await ann.write("written in the dark")
    await ann.log.getByText("Sending").waitFor()
    await ann.readsAll([...acked, "written in the dark"])
    await bob.readsAll(acked)
  })

  test("when the server is back nothing acked is missing and what waited is there once", async () => {
    await startAgain()
    for (const tab of [ann, bob]) await notice(tab).waitFor({ state: "detached" })
    await ann.hasStored("written in the dark")
    acked.push("written in the dark")
    for (const tab of [ann, bob]) await tab.readsAll(acked)
    expect(await stored()).toEqual(acked)
  })

  test("they go on chatting without a reload, and a reload shows the same", async () => {
    await bob.write("that was dark")
    await bob.hasStored("that was dark")
    acked.push("that was dark")
    await ann.readsAll(acked)
    for (const tab of [ann, bob]) {
      await tab.page.reload()
      await tab.isIn()
      await tab.readsAll(acked)
    }
  })

  test("what is on its way when it fails arrives once, in the order it was written", async () => {
    const texts = Array.from({ length: inFlightCount }, (_, i) => `on its way ${i}`)
    const half = texts.length / 2
    for (const text of texts.slice(0, half)) await ann.write(text)
    await Promise.all([server.kill(), ann.write(texts[half] as string)])
    for (const text of texts.slice(half + 1)) await ann.write(text)
    await startAgain()
    await ann.hasStored(texts.at(-1) as string)
    await bob.reads(texts.at(-1) as string)
    expect(await stored()).toEqual([...acked, ...texts])
    for (const tab of [ann, bob]) {
      const shown = await tab.texts()
      expect([...acked, ...texts].slice(-shown.length)).toEqual(shown)
    }
  })
})
