import { Peer } from "../../../tests/harness/peer.ts"
import { spread } from "../../quantile.ts"
import { fillRoom } from "../fill.ts"
import { busyBetween, countPage } from "../page-metrics.ts"
import type { Profiler } from "../profile.ts"
import type { Outcome } from "../results.ts"
import { addressOf, longTasksSince, newProfile, type Stage, visit } from "../stage.ts"

/** Typing a long sentence into a room in which others write all the while. `round` gives it a room of its own. */
export async function typing(stage: Stage, profiler: Profiler, round: number): Promise<Outcome[]> {
  const { characters, perSec, messagesPerSec, warmMs } = stage.settings.typing
  const room = await fillRoom(stage.wsUrl, `busy-${round}`, stage.settings.smallRoom)
  const profile = await newProfile(stage)
  try {
    const page = await profile.newPage()
    await visit(page, addressOf(stage, room.slug, "typist"), room.newest)
    await page.locator("#composer").focus()
    await using others = await startWriting(stage.wsUrl, room.slug, messagesPerSec)
    await Bun.sleep(warmMs)
    const sinceMs = await page.evaluate(() => performance.now())
    const readMetrics = await countPage(page)
    const before = await readMetrics()
    const sentBefore = others.sent()
    const beganMs = performance.now()
    await profiler.watch(page, "typing", async () => {
      for (let at = 0; at < characters; at++) {
        await Bun.sleep(Math.max(0, beganMs + (at * 1000) / perSec - performance.now()))
        await page.keyboard.press(at % 6 === 5 ? "Space" : "abcdefghijklmnopqrstuvwxyz"[at % 26]!)
      }
    })
    const seconds = (performance.now() - beganMs) / 1000
    const sent = others.sent() - sentBefore
    const busy = busyBetween(before, await readMetrics())
    const tasks = await longTasksSince(page, sinceMs)
    const typed = (await page.locator("#composer").inputValue()).length
    const keys = spread(Float64Array.from(await page.evaluate(() => window.klatchWatch.keyPaintsMs)))
    const last = await others.sendLast()
    // Nothing was left behind: what was written last is drawn, too.
    await page.evaluate((text) => window.klatchWatch.drawn(text), last)
    return [
      {
        case: `${messagesPerSec} messages/s`,
        figures: {
          ...tasks,
          ...busy,
          keyPaintP50Ms: keys.p50,
          keyPaintP99Ms: keys.p99,
          keyPaintMaxMs: keys.max,
          keysPainted: keys.n,
          charactersLost: characters - typed,
          messagesPerSec: sent / seconds,
        },
      },
    ]
  } finally {
    await profile.close()
  }
}

interface Others extends AsyncDisposable {
  sent(): number
  /** Writes one more and answers its text. */
  sendLast(): Promise<string>
}

/** Writes at a steady rate, whatever comes back, until it is disposed. */
async function startWriting(wsUrl: string, slug: string, perSec: number): Promise<Others> {
  const peer = await Peer.connect(wsUrl, `/ws?user=talker&room=${slug}`)
  const beganMs = performance.now()
  let sent = 0
  const timer = setInterval(() => {
    const due = ((performance.now() - beganMs) / 1000) * perSec
    for (; sent < due; sent++)
      peer.send({ type: "message", room_id: slug, content: `talk ${sent} of this and that` })
  }, 5)
  return {
    sent: () => sent,
    async sendLast() {
      clearInterval(timer)
      const content = "the last word"
      await peer.ask({ type: "message", room_id: slug, content })
      return content
    },
    async [Symbol.asyncDispose]() {
      clearInterval(timer)
      await peer.close()
    },
  }
}
