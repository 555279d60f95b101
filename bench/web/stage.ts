import { rmSync } from "node:fs"
import type { Browser, BrowserContext, Page } from "playwright-core"
import { launchBrowser } from "../../tests/e2e/browser.ts"
import { klatch } from "../targets/klatch.ts"
import { type FilledRoom, fillRoom } from "./fill.ts"
import { installWatch } from "./page-watch.ts"
import type { Settings } from "./settings.ts"

/** One server with its rooms filled, and one Chromium. */
export interface Stage extends AsyncDisposable {
  readonly url: string
  readonly wsUrl: string
  readonly browser: Browser
  readonly large: FilledRoom
  readonly small: FilledRoom
  readonly settings: Settings
}

const waitMsMax = 60_000

/** Starts both and fills the rooms. Rejects, with both ended, when one of it fails. */
export async function openStage(settings: Settings, say: (line: string) => void): Promise<Stage> {
  const home = klatch.makeHome()
  const server = await klatch.start(home)
  const wsUrl = `ws://127.0.0.1:${server.port}`
  let browser: Browser | undefined
  const close = async () => {
    await browser?.close()
    await server.stop()
    if (home !== null) rmSync(home, { recursive: true, force: true })
  }
  try {
    browser = await launchBrowser()
    const beganMs = performance.now()
    const small = await fillRoom(wsUrl, "small", settings.smallRoom)
    const large = await fillRoom(wsUrl, "large", settings.largeRoom)
    const seconds = ((performance.now() - beganMs) / 1000).toFixed(1)
    say(`rooms filled with ${settings.smallRoom} and ${settings.largeRoom} messages in ${seconds} s`)
    const url = `http://127.0.0.1:${server.port}`
    return { url, wsUrl, browser, large, small, settings, [Symbol.asyncDispose]: close }
  } catch (error) {
    await close()
    throw error
  }
}

/** A profile of its own, with nothing kept and nothing cached. */
export async function newProfile(stage: Stage): Promise<BrowserContext> {
  const profile = await stage.browser.newContext({ viewport: { width: 1_100, height: 720 } })
  profile.setDefaultTimeout(waitMsMax)
  await profile.addInitScript(installWatch)
  return profile
}

/** The address of a room, with a name to go by. */
export const addressOf = (stage: Stage, room: string, user: string): string =>
  `${stage.url}/client.html?r=${room}&u=${user}`

/** Goes there; resolves with the ms from the navigation until `text` was drawn in the log. */
export async function visit(page: Page, url: string, text: string): Promise<number> {
  await page.goto(url, { waitUntil: "commit" })
  return page.evaluate((wanted) => window.klatchWatch.drawn(wanted), text)
}

/** How many tasks over 50 ms there were since `sinceMs`, and the longest. */
export async function longTasksSince(page: Page, sinceMs: number): Promise<Record<string, number>> {
  const tasks = await page.evaluate((since) => {
    // Entries come after the task that they tell of: one more turn brings the last.
    return new Promise<{ startMs: number; ms: number }[]>((resolve) =>
      setTimeout(() => resolve(window.klatchWatch.longTasks.filter((task) => task.startMs >= since)), 100),
    )
  }, sinceMs)
  return { longTasks: tasks.length, longestTaskMs: Math.max(0, ...tasks.map((task) => task.ms)) }
}
