import type { Page } from "playwright-core"

/** What Chromium counts of a page. Times of its main thread are sums, by the clock, since it began. */
export interface PageMetrics {
  readonly atMs: number
  readonly taskMs: number
  readonly scriptMs: number
  readonly styleMs: number
  readonly layoutMs: number
  readonly heapBytes: number
  readonly nodes: number
  /** When the page was gone to, on the clock of CPU profiles. */
  readonly navigationUs: number
}

/** Reads them; with `isSwept` after all that nobody holds any more is gone. */
export type ReadMetrics = (isSwept?: boolean) => Promise<PageMetrics>

/** Begins to count: the sums are of the time from here on. */
export async function countPage(page: Page): Promise<ReadMetrics> {
  const session = await page.context().newCDPSession(page)
  await session.send("Performance.enable")
  return async (isSwept = false) => {
    if (isSwept) await session.send("HeapProfiler.collectGarbage")
    return metricsOf((await session.send("Performance.getMetrics")).metrics)
  }
}

function metricsOf(metrics: readonly { name: string; value: number }[]): PageMetrics {
  const get = (name: string) => {
    const metric = metrics.find((one) => one.name === name)
    if (metric === undefined) throw new Error(`the browser does not tell ${name}`)
    return metric.value
  }
  return {
    atMs: get("Timestamp") * 1_000,
    taskMs: get("TaskDuration") * 1_000,
    scriptMs: get("ScriptDuration") * 1_000,
    styleMs: get("RecalcStyleDuration") * 1_000,
    layoutMs: get("LayoutDuration") * 1_000,
    heapBytes: get("JSHeapUsedSize"),
    nodes: get("Nodes"),
    navigationUs: get("NavigationStart") * 1e6,
  }
}

/** How busy the page's thread was between two readings, as shares of that time. */
export function busyBetween(before: PageMetrics, after: PageMetrics): Record<string, number> {
  const share = (part: "taskMs" | "scriptMs" | "styleMs" | "layoutMs") =>
    (after[part] - before[part]) / (after.atMs - before.atMs)
  return {
    busyShare: share("taskMs"),
    scriptShare: share("scriptMs"),
    styleShare: share("styleMs"),
    layoutShare: share("layoutMs"),
  }
}
