import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import type { Page } from "playwright-core"
import { countPage } from "./page-metrics.ts"

/** Runs `act`, and where profiles are wanted keeps what the page's thread did meanwhile. */
export interface Profiler {
  watch<T>(page: Page, name: string, act: () => Promise<T>): Promise<T>
}

const samplingUs = 500
const listedMax = 12
const snippetChars = 90

/** Keeps nothing and costs nothing. */
export const noProfiler: Profiler = { watch: (_page, _name, act) => act() }

/**
 * Writes a `.cpuprofile` for each into `directory` (Chromium's tools open it), and says where the time inside of
 * tasks over 50 ms went. Sampling costs time itself, so what is measured beside it is no measurement.
 */
export function cpuProfiler(directory: string, say: (line: string) => void): Profiler {
  mkdirSync(directory, { recursive: true })
  return {
    async watch(page, name, act) {
      const session = await page.context().newCDPSession(page)
      await session.send("Profiler.enable")
      await session.send("Profiler.setSamplingInterval", { interval: samplingUs })
      const sinceMs = await page.evaluate(() => performance.now())
      await session.send("Profiler.start")
      const result = await act()
      const { profile } = await session.send("Profiler.stop")
      writeFileSync(join(directory, `${name}.cpuprofile`), JSON.stringify(profile))
      const { navigationUs } = await (await countPage(page))()
      const tasks = await page.evaluate(
        (since) => window.klatchWatch.longTasks.filter((task) => task.startMs >= since),
        sinceMs,
      )
      say(`${name}: ${tasks.length} tasks over 50 ms${tasks.length === 0 ? "" : "; in them, by function:"}`)
      const spans = tasks.map(({ startMs, ms }): [number, number] => [
        navigationUs + startMs * 1_000,
        navigationUs + (startMs + ms) * 1_000,
      ])
      for (const line of await topOf(profile as CpuProfile, spans)) say(`  ${line}`)
      await session.detach()
      return result
    },
  }
}

interface CpuProfile {
  startTime: number
  nodes: { id: number; callFrame: CallFrame }[]
  samples: number[]
  timeDeltas: number[]
}

interface CallFrame {
  functionName: string
  url: string
  lineNumber: number
  columnNumber: number
}

/** The functions that ran longest inside of `spans` (begin and end, in us), each with the beginning of its text. */
async function topOf(profile: CpuProfile, spans: readonly [number, number][]): Promise<string[]> {
  const frames = new Map(profile.nodes.map((node) => [node.id, node.callFrame]))
  const spent = new Map<string, { frame: CallFrame; us: number }>()
  let atUs = profile.startTime
  profile.samples.forEach((id, i) => {
    atUs += profile.timeDeltas[i] ?? 0
    const frame = frames.get(id)
    if (frame === undefined || !spans.some(([begin, end]) => atUs >= begin && atUs <= end)) return
    const key = `${frame.functionName} ${frame.url} ${frame.lineNumber}:${frame.columnNumber}`
    const one = spent.get(key) ?? { frame, us: 0 }
    // A sample stands for the time until the next one.
    one.us += profile.timeDeltas[i + 1] ?? 0
    spent.set(key, one)
  })
  const top = [...spent.values()].toSorted((a, b) => b.us - a.us).slice(0, listedMax)
  return Promise.all(
    top.map(
      async ({ frame, us }) => `${(us / 1000).toFixed(1)} ms ${frame.functionName} ${await textOf(frame)}`,
    ),
  )
}

const texts = new Map<string, Promise<string[]>>()

async function textOf({ url, lineNumber, columnNumber }: CallFrame): Promise<string> {
  if (!url.startsWith("http")) return ""
  const reading = texts.get(url) ?? fetch(url).then(async (answer) => (await answer.text()).split("\n"))
  texts.set(url, reading)
  return (await reading)[lineNumber]?.slice(columnNumber, columnNumber + snippetChars) ?? ""
}
