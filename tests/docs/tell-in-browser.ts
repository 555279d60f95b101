import type { Browser, BrowserContext, Page } from "playwright-core"
import { until } from "../harness/until.ts"
import { curl } from "./curl.ts"
import type { PageHost } from "./page-host.ts"

export interface Telling {
  readonly browser: Browser
  readonly host: PageHost
  /** One program a tab: each tab is closed before the next is opened, and what it kept stays. */
  readonly paths: readonly string[]
  readonly world: { kill(): Promise<void>; start(): Promise<void> }
}

const tellMs = 40_000

/** Tells a page in Chromium. Rejects with all that it printed when it does not come to its end. */
export async function tellInBrowser({ browser, host, paths, world }: Telling): Promise<void> {
  const context = await browser.newContext()
  let isUp = true
  try {
    for (const path of paths) {
      const change = async (up: boolean) => {
        isUp = up
        await (up ? world.start() : world.kill())
      }
      await tellAct(context, await host.add(path), change)
    }
  } finally {
    await context.close()
    if (!isUp) await world.start()
  }
}

async function tellAct(context: BrowserContext, url: string, change: (up: boolean) => Promise<void>) {
  const page = await context.newPage()
  const told: string[] = []
  const faults: string[] = []
  let isOver = false
  let sockets = 0
  page.on("console", (message) => told.push(message.text()))
  page.on("pageerror", (error) => faults.push(String(error)))
  page.on("websocket", () => {
    sockets++
  })
  const verbs: Record<string, (what: string) => Promise<unknown>> = {
    kill: () => change(false),
    start: () => change(true),
    reads: (what) => page.getByText(what, { exact: true }).first().waitFor(),
    types: async (what) => {
      await page.getByRole("textbox").fill(what)
      await page.getByRole("textbox").press("Enter")
    },
    curl,
    async sockets(what) {
      if (sockets !== Number(what)) throw new Error(`${sockets} sockets, not ${what}`)
    },
  }
  await page.exposeFunction("docsAct", async (verb: string, what: string) => {
    told.push(`-- ${verb} ${what}`)
    const act = verbs[verb]
    if (!act) throw new Error(`nobody knows how to "${verb}"`)
    return act(what)
  })
  await page.exposeFunction("docsEnd", () => {
    isOver = true
  })
  await page.goto(url)
  const look = () => isOver || faults.length > 0
  await until("the end of the page", look, tellMs).catch((error) => faults.push(String(error)))
  if (faults.length > 0) throw new Error([...faults, ...told, await bodyOf(page)].join("\n"))
  await page.close({ runBeforeUnload: true })
  await until("the tab is closed", () => page.isClosed())
}

const bodyOf = (page: Page): Promise<string> => page.innerText("body").catch(() => "")
