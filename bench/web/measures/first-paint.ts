import type { BrowserContext, Page } from "playwright-core"
import type { Outcome } from "../results.ts"
import { addressOf, longTasksSince, newProfile, type Stage, visit } from "../stage.ts"

const user = "visitor"

/**
 * The page's second visit, its files cached: with what the first kept in the browser's store and without, each with
 * the WebSocket as it is and held back, which shows what is drawn before the network has said anything.
 */
export async function firstPaint(stage: Stage): Promise<Outcome[]> {
  const { holdMs } = stage.settings
  const outcomes: Outcome[] = []
  for (const isHeld of [true, false])
    for (const isKept of [true, false]) {
      const profile = await newProfile(stage)
      try {
        await firstVisit(stage, profile)
        if (!isKept) await forget(stage, profile)
        const network = isHeld ? `WebSocket held back ${holdMs} ms` : "WebSocket as it is"
        outcomes.push({
          case: `${isKept ? "with" : "without"} a local store, ${network}`,
          figures: await secondVisit(stage, profile, isHeld),
        })
      } finally {
        await profile.close()
      }
    }
  return outcomes
}

async function secondVisit(stage: Stage, profile: BrowserContext, isHeld: boolean) {
  const page = await profile.newPage()
  if (isHeld)
    await page.routeWebSocket(/.*/, async (socket) => {
      await Bun.sleep(stage.settings.holdMs)
      socket.connectToServer()
    })
  const { slug, newest } = stage.large
  const messagesMs = await visit(page, addressOf(stage, slug, user), newest)
  const paintMs = await page.evaluate(() => window.klatchWatch.firstPaintMs())
  if (paintMs === null) throw new Error("the browser tells of no first paint")
  return { paintMs, messagesMs, ...(await longTasksSince(page, 0)) }
}

async function firstVisit(stage: Stage, profile: BrowserContext): Promise<void> {
  const page = await profile.newPage()
  await visit(page, addressOf(stage, stage.large.slug, user), stage.large.newest)
  // What is kept is written a moment after it is shown.
  while (!(await holdsText(page, stage.large.newest))) await Bun.sleep(50)
  await page.close()
}

/** Whether the page's store has a room in which this text stands. */
const holdsText = (page: Page, text: string): Promise<boolean> =>
  page.evaluate(async (wanted) => {
    for (const { name } of await indexedDB.databases()) {
      const rows = await new Promise<unknown[]>((resolve, reject) => {
        const opening = indexedDB.open(name as string)
        opening.onerror = () => reject(opening.error)
        opening.onsuccess = () => {
          const reading = opening.result.transaction("rooms").objectStore("rooms").getAll()
          reading.onerror = () => reject(reading.error)
          reading.onsuccess = () => {
            opening.result.close()
            resolve(reading.result)
          }
        }
      })
      if (JSON.stringify(rows).includes(wanted)) return true
    }
    return false
  }, text)

/** Empties the store from a page of the same origin that has none of the client in it. */
async function forget(stage: Stage, profile: BrowserContext): Promise<void> {
  const page = await profile.newPage()
  await page.goto(`${stage.url}/healthz`)
  const forgotten = await page.evaluate(async () => {
    const databases = await indexedDB.databases()
    for (const { name } of databases)
      await new Promise<void>((resolve, reject) => {
        const removing = indexedDB.deleteDatabase(name as string)
        removing.onsuccess = () => resolve()
        removing.onerror = () => reject(removing.error)
      })
    return databases.length
  })
  if (forgotten === 0) throw new Error("there was no local store to empty")
  await page.close()
}
