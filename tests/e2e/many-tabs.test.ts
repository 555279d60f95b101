import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test"
import type { Page } from "playwright-core"
import { until } from "../harness/until.ts"
import { openStage, type Stage } from "./stage.ts"
import { Tab, testMs } from "./tab.ts"

setDefaultTimeout(testMs)

const tabCount = 10
/** What the tabs may take to be back, as a person feels it; the rest of the machine has work to do as well. */
const handOverMs = 1_000

describe("ten tabs of one person", () => {
  let stage: Stage | undefined
  let bob: Tab
  let ann: Tab
  let pages: Page[]

  const connections = async () => {
    const { text } = { text: await (await fetch(`${stage!.server.url}/metrics`)).text() }
    return Number(/^websocket_connections_total (\d+)/m.exec(text)?.[1])
  }
  const texts = (page: Page) => page.getByRole("log").locator(".text").allTextContents()
  const write = async (page: Page, text: string) => {
    await page.locator("#composer").fill(text)
    await page.locator("#composer").press("Enter")
  }

  beforeAll(async () => {
    stage = await openStage()
    const { browser, server } = stage
    bob = await Tab.enter(browser, `${server.url}/?r=den`, "bob")
    ann = await Tab.enter(browser, `${server.url}/?r=den`, "ann")
    const context = ann.page.context()
    const more = Array.from({ length: tabCount - 1 }, async () => {
      const page = await context.newPage()
      await page.goto(`${server.url}/?r=den`)
      await page.getByRole("log").waitFor()
      return page
    })
    pages = [ann.page, ...(await Promise.all(more))]
  })
  afterAll(() => stage?.[Symbol.asyncDispose]())

  test("have one connection, and all hear and can say", async () => {
    await until("one connection of each person", async () => (await connections()) === 2)
    await bob.write("to all")
    for (const page of pages) await page.getByRole("log").getByText("to all", { exact: true }).waitFor()
    for (const [i, page] of pages.entries()) await write(page, `tab ${i}`)
    const all = ["to all", ...pages.map((_, i) => `tab ${i}`)]
    await until("bob to hear all", async () => (await bob.texts()).length === all.length)
    expect((await bob.texts()).toSorted()).toEqual(all.toSorted())
    expect(await connections()).toBe(2)
  })

  test("hand the connection over when the tab that has it is closed: nothing lost, nothing twice", async () => {
    const before = await bob.texts()
    const [leader, ...others] = pages
    await leader!.close()
    const closedMs = performance.now()
    await write(others[0]!, "right after")
    await bob.reads("right after")
    const tookMs = performance.now() - closedMs
    console.log(`hand-over, with the next message read by another person: ${tookMs.toFixed(0)} ms`)
    expect(tookMs).toBeLessThan(handOverMs + 2_000)
    await bob.write("and back")
    for (const page of others) await page.getByRole("log").getByText("and back", { exact: true }).waitFor()
    const all = [...before, "right after", "and back"]
    for (const page of others) expect(await texts(page)).toEqual(all)
    expect(await bob.texts()).toEqual(all)
    await until("one connection of each person", async () => (await connections()) === 2)
  })
})
