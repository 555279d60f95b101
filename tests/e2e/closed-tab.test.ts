import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type ServerProcess, startServer } from "../harness/server.ts"
import { openStage, type Stage } from "./stage.ts"
import { Tab, testMs } from "./tab.ts"

setDefaultTimeout(testMs)

describe("a tab that was closed with messages on their way", () => {
  const dataDir = mkdtempSync(join(tmpdir(), "klatch-e2e-"))
  let server: ServerProcess
  let stage: Stage | undefined
  let ann: Tab
  let bob: Tab
  const five = ["one", "two", "three", "four", "five"]

  beforeAll(async () => {
    stage = await openStage({ dataDir })
    server = stage.server
    ;[ann, bob] = await Promise.all([
      Tab.enter(stage.browser, `${server.url}/?r=den`, "ann"),
      Tab.enter(stage.browser, `${server.url}/?r=den`, "bob"),
    ])
    await ann.write("before")
    await bob.reads("before")
  })
  afterAll(async () => {
    await stage?.[Symbol.asyncDispose]()
    await server?.[Symbol.asyncDispose]()
    rmSync(dataDir, { recursive: true, force: true })
  })

  test("sends them from the next one, once and in order, though the server was killed meanwhile", async () => {
    const context = ann.page.context()
    await context.setOffline(true)
    // A browser that is told so goes on with the sockets it has; without a server it cannot.
    await server.kill()
    await ann.page.getByText("You are offline.").waitFor()
    for (const text of five) await ann.write(text)
    await ann.readsAll(["before", ...five])
    await ann.page.close()
    server = await startServer({ dataDir, env: { PORT: String(server.port) } })
    await context.setOffline(false)
    await bob.write("from bob")
    await bob.hasStored("from bob")
    const page = await context.newPage()
    await page.goto(`${server.url}/?r=den`)
    await page.getByRole("log").getByText("five", { exact: true }).waitFor()
    await bob.readsAll(["before", "from bob", ...five])
    const history = await (await fetch(`${server.url}/history?r=den`)).json()
    expect((history as { content: string }[]).map((message) => message.content)).toEqual([
      "before",
      "from bob",
      ...five,
    ])
  })

  test("shows what was there before the server answers, and keeps what is written then", async () => {
    const context = ann.page.context()
    const page = context.pages()[0]!
    await page.waitForFunction(async () => {
      const asked = <T>(request: IDBRequest<T>) =>
        new Promise<T>((resolve) => {
          request.onsuccess = () => resolve(request.result)
        })
      for (const { name = "" } of await indexedDB.databases()) {
        const database = await asked(indexedDB.open(name))
        const rooms = await asked(database.transaction("rooms").objectStore("rooms").getAll())
        database.close()
        if (JSON.stringify(rooms).includes('"five"')) return true
      }
      return false
    })
    // The page itself comes from the server; its data do not.
    await page.route(/\/(rooms|dm|healthz)/, (route) => route.abort())
    await page.routeWebSocket(/\/ws/, (socket) => void socket.close({ code: 1011 }))
    await page.reload()
    const log = page.getByRole("log")
    await log.getByText("five", { exact: true }).waitFor()
    await page.locator("#composer").fill("in the dark")
    await page.locator("#composer").press("Enter")
    await log.getByText("in the dark", { exact: true }).waitFor()
    await page.close()
    const again = await context.newPage()
    await again.goto(`${server.url}/?r=den`)
    await bob.readsAll(["before", "from bob", ...five, "in the dark"])
  })
})
