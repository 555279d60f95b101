import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test"
import type { Dialog, Page } from "playwright-core"
import { until } from "../harness/until.ts"
import { openStage, type Stage } from "./stage.ts"
import { Tab, testMs } from "./tab.ts"

setDefaultTimeout(testMs)

const tabCount = 10
/** All that is said here fits into the window: what does not is not drawn. */
const tall = { viewport: { width: 1100, height: 1_600 } }
/** What the tabs may take to be back, as a person feels it; the rest of the machine has work to do as well. */
const handOverMs = 1_000

describe("ten tabs of one person", () => {
  let stage: Stage | undefined
  let bob: Tab
  let ann: Tab
  let pages: Page[]

  const connections = async () => {
    const text = await (await fetch(`${stage!.server.url}/metrics`)).text()
    return Number(/^websocket_connections_total (\d+)/m.exec(text)?.[1])
  }
  /** Parts the page that holds the connection from the others. */
  const parted = async () => {
    const leads = await Promise.all(pages.map(holdsConnection))
    expect(leads.filter(Boolean)).toHaveLength(1)
    return { leader: pages[leads.indexOf(true)]!, others: pages.filter((_, at) => !leads[at]) }
  }
  /** The server hears, and says nothing to anyone. */
  const withServerStill = async (act: () => Promise<void>) => {
    process.kill(stage!.server.pid, "SIGSTOP")
    try {
      await act()
    } finally {
      process.kill(stage!.server.pid, "SIGCONT")
    }
  }
  const texts = (page: Page) => page.getByRole("log").locator(".text").allTextContents()
  const write = async (page: Page, text: string) => {
    await page.locator("#composer").fill(text)
    await page.locator("#composer").press("Enter")
  }

  beforeAll(async () => {
    stage = await openStage()
    const { browser, server } = stage
    bob = await Tab.enter(browser, `${server.url}/?r=den`, "bob", tall)
    ann = await Tab.enter(browser, `${server.url}/?r=den`, "ann", tall)
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
    const { leader, others } = await parted()
    await leader.close()
    pages = others
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

  test("send what the tab that had the connection was sending when it was closed: once, in order", async () => {
    const before = await bob.texts()
    const { leader, others } = await parted()
    const mine = ["1 of mine", "2 of mine", "3 of mine", "4 of mine", "5 of mine"]
    await withServerStill(async () => {
      for (const text of mine) await write(leader, text)
      await leader.close()
      pages = others
    })
    await bob.readsAll([...before, ...mine])
    for (const page of pages) await page.getByRole("log").getByText(mine[4]!, { exact: true }).waitFor()
    for (const page of pages) expect(await texts(page)).toEqual([...before, ...mine])
    expect(await connections()).toBe(2)
  })

  test("send what any other closed tab was sending", async () => {
    const before = await bob.texts()
    const { others } = await parted()
    const closed = others[0]!
    const mine = ["1 of theirs", "2 of theirs", "3 of theirs"]
    await withServerStill(async () => {
      for (const text of mine) await write(closed, text)
      await closed.close()
      pages = pages.filter((page) => page !== closed)
    })
    await bob.readsAll([...before, ...mine])
  })

  test("take over from a tab that stands still under an alert, which follows when it goes on", async () => {
    const before = await bob.texts()
    const { leader, others } = await parted()
    const dialogs: Dialog[] = []
    leader.on("dialog", (dialog) => dialogs.push(dialog))
    const alerted = leader.evaluate(() => alert("wait"))
    await until("the alert", () => dialogs[0])
    await write(others[0]!, "while one stands still")
    await bob.reads("while one stands still")
    await dialogs[0]!.accept()
    await alerted
    await write(leader, "goes on")
    await bob.readsAll([...before, "while one stands still", "goes on"])
    await until("one connection of each person", async () => (await connections()) === 2)
    expect(await holdsConnection(leader)).toBe(false)
    await leader.getByRole("log").getByText("goes on", { exact: true }).waitFor()
    expect(await texts(leader)).toEqual([...before, "while one stands still", "goes on"])
  })

  test("know as read what was read in one of them", async () => {
    const { server } = stage!
    const [reader, watcher] = [pages[0]!, pages[1]!]
    const unreadIn = (page: Page) =>
      page.getByRole("navigation", { name: "Rooms" }).getByText("2", { exact: true })
    // What was read is told within a second: a page that goes before has not told it.
    await until("all to be told as read", async () => {
      const answer = await fetch(`${server.url}/rooms?user=ann`)
      const { rooms } = (await answer.json()) as { rooms: { unread: number }[] }
      return rooms.every((room) => room.unread === 0)
    })
    for (const page of [reader, watcher]) await page.goto(`${server.url}/?r=lobby`)
    for (const page of [reader, watcher]) await page.getByRole("log").waitFor()
    for (const page of pages.slice(2)) await page.close()
    pages = [reader, watcher]
    for (const text of ["unread", "unread too"]) await bob.write(text)
    for (const page of pages) await unreadIn(page).waitFor()
    await reader.getByRole("navigation", { name: "Rooms" }).getByText("den").click()
    await reader.getByRole("log").getByText("unread too", { exact: true }).waitFor()
    await unreadIn(watcher).waitFor({ state: "detached" })
  })

  test("keep what is on its way also after someone deleted the site's data", async () => {
    const [page] = pages
    await page!.evaluate(
      () =>
        new Promise<void>((resolve, reject) => {
          const request = indexedDB.deleteDatabase("klatch.ann")
          request.onsuccess = () => resolve()
          request.onblocked = request.onerror = () => reject(new Error("it is held open"))
        }),
    )
    await withServerStill(async () => {
      await write(page!, "kept anew")
      await until("it to be kept", () => page!.evaluate(keptLetters))
      expect(await page!.evaluate(keptLetters)).toBe(1)
    })
    await bob.reads("kept anew")
  })

  test("have a connection each where the browser refuses locks, channels and a store", async () => {
    const { browser, server } = stage!
    const before = await connections()
    const context = await browser.newContext()
    await context.addInitScript(() => {
      const refuse = () => {
        throw new DOMException("no", "SecurityError")
      }
      Object.defineProperty(window, "indexedDB", { get: refuse })
      LockManager.prototype.request = async () => refuse()
    })
    const [one, other] = [await context.newPage(), await context.newPage()]
    for (const page of [one, other]) {
      await page.goto(`${server.url}/?r=den&user=eve`)
      await page.getByRole("log").waitFor()
    }
    await write(one, "alone")
    await other.getByRole("log").getByText("alone", { exact: true }).waitFor()
    expect(await connections()).toBe(before + 2)
    await context.close()
  })
})

/** Whether this page holds the lock that all of its user's tabs want. */
const holdsConnection = (page: Page): Promise<boolean> =>
  page.evaluate(() =>
    navigator.locks.request("who am I", async () => {
      const { held = [] } = await navigator.locks.query()
      const self = held.find(({ name }) => name === "who am I")?.clientId
      return held.some(({ name, clientId }) => name?.endsWith("/ws") && clientId === self)
    }),
  )

/** How many messages on their way the page keeps; 0 while there is no database. */
async function keptLetters(): Promise<number> {
  const all = await indexedDB.databases()
  if (!all.some(({ name }) => name === "klatch.ann")) return 0
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open("klatch.ann")
    opening.onerror = () => reject(opening.error)
    opening.onsuccess = () => {
      const counting = opening.result.transaction("letters").objectStore("letters").count()
      counting.onsuccess = () => {
        opening.result.close()
        resolve(counting.result)
      }
    }
  })
}
