import type { Page } from "playwright-core"
import { quantile } from "../../quantile.ts"
import { busyBetween, countPage, type ReadMetrics } from "../page-metrics.ts"
import type { Travel } from "../page-watch.ts"
import type { Profiler } from "../profile.ts"
import type { Outcome } from "../results.ts"
import { addressOf, longTasksSince, newProfile, type Stage, visit } from "../stage.ts"

const slowFrameMs = 50
/** What rounding to pixels may do. */
const jumpPx = 2

/** Scrolling a large room back until the client holds as much as it is asked to, then down and up over all of it. */
export async function scrollBack(stage: Stage, profiler: Profiler): Promise<Outcome[]> {
  const { scroll } = stage.settings
  const { slug, newest, head } = stage.large
  const profile = await newProfile(stage)
  try {
    const page = await profile.newPage()
    const readMetrics = await countPage(page)
    await visit(page, addressOf(stage, slug, "reader"), newest)
    const before = await readHeap(readMetrics)
    const loading = await profiler.watch(page, "scroll-back-load", () =>
      travel(page, readMetrics, -scroll.stepPx, head - scroll.loadedMax + 1),
    )
    const loaded = head + 1 - (await page.evaluate(() => window.klatchWatch.oldestId()))
    const after = await readHeap(readMetrics)
    const down = await profiler.watch(page, "scroll-back-down", () =>
      travel(page, readMetrics, scroll.stepPx, null),
    )
    const up = await profiler.watch(page, "scroll-back-up", () =>
      travel(page, readMetrics, -scroll.stepPx, null),
    )
    const atEnd = await readHeap(readMetrics)
    return [
      {
        case: "loading older messages",
        figures: {
          ...loading,
          loaded,
          heapBeforeMb: before.heapMb,
          heapAfterMb: after.heapMb,
          heapKbPerMessage: ((after.heapMb - before.heapMb) * 1024) / loaded,
        },
      },
      { case: "down over all that is loaded", figures: { ...down } },
      {
        case: "up over all that is loaded",
        figures: { ...up, heapBeforeMb: after.heapMb, heapAfterMb: atEnd.heapMb, nodesAfter: atEnd.nodes },
      },
    ]
  } finally {
    await profile.close()
  }
}

/**
 * A turn of the wheel, as a reader begins: at its end the log stays there, whatever grows, until a hand moves it, and
 * a script's scroll is no hand.
 */
async function leaveEnd(page: Page): Promise<void> {
  await page.getByRole("log").hover()
  await page.mouse.wheel(0, -120)
  await page.waitForFunction(() => {
    const log = document.querySelector("[role=log]")
    return log !== null && log.scrollTop + log.clientHeight < log.scrollHeight - 100
  })
}

async function travel(page: Page, readMetrics: ReadMetrics, stepPx: number, untilId: number | null) {
  if (stepPx < 0) await leaveEnd(page)
  const sinceMs = await page.evaluate(() => performance.now())
  const before = await readMetrics()
  const seen: Travel = await page.evaluate(
    ({ stepPx, untilId }) => window.klatchWatch.travel(stepPx, untilId),
    { stepPx, untilId },
  )
  const tasks = await longTasksSince(page, sinceMs)
  const frames = seen.framesMs.toSorted((a, b) => a - b)
  const jumps = seen.jumpsPx.map(Math.abs)
  return {
    ...tasks,
    ...busyBetween(before, await readMetrics()),
    frames: frames.length,
    framesOver50Ms: frames.filter((ms) => ms > slowFrameMs).length,
    frameP50Ms: quantile(frames, 0.5),
    frameP99Ms: quantile(frames, 0.99),
    frameMaxMs: quantile(frames, 1),
    framesFollowed: jumps.length,
    jumpsOver2Px: jumps.filter((px) => px > jumpPx).length,
    jumpMaxPx: Math.max(0, ...jumps),
    jumpsPx: seen.jumpsPx.filter((px) => Math.abs(px) > jumpPx),
    // What a jump that the next frame takes back leaves at the end: nothing.
    jumpSumPx: Math.abs(seen.jumpsPx.reduce((sum, px) => sum + px, 0)),
    loads: seen.loads,
    linesMax: seen.linesMax,
    ended: seen.ended,
  }
}

/** What the page's scripts hold, once all that can go is gone. */
async function readHeap(readMetrics: ReadMetrics): Promise<{ heapMb: number; nodes: number }> {
  const { heapBytes, nodes } = await readMetrics(true)
  return { heapMb: heapBytes / 2 ** 20, nodes }
}
