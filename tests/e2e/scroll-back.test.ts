import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test"
import type { Page } from "playwright-core"
import { Peer } from "../harness/peer.ts"
import { PrefixProxy } from "./prefix-proxy.ts"
import { openStage, type Stage } from "./stage.ts"
import { Tab, testMs } from "./tab.ts"

setDefaultTimeout(testMs)

const count = 500
const jumpMaxPx = 2
const stepPx = 500
/** Near enough to the oldest loaded message that the page asks for more. */
const nearPx = 300

/** Of very different heights, as messages are. */
function contentOf(number: number): string {
  const label = `#${String(number).padStart(4, "0")}`
  if (number % 7 === 0)
    return [label, ...Array.from({ length: number % 5 }, (_, i) => `line ${i}`)].join("\n")
  if (number % 11 === 0) return `${label} ${"a long story ".repeat(number % 60)}`
  return `${label} short`
}

/** Sends all, by two authors in turn, so that lines with and without a name alternate. */
async function fill(wsUrl: string): Promise<void> {
  await using ann = await Peer.connect(wsUrl, "/ws?user=ann&room=den")
  await using bob = await Peer.connect(wsUrl, "/ws?user=bob&room=den")
  for (let from = 1; from <= count; from += 10) {
    const author = (from / 10) & 1 ? ann : bob
    const numbers = Array.from({ length: 10 }, (_, i) => from + i)
    const answers = await Promise.all(
      numbers.map((n) => author.ask({ type: "message", room_id: "den", content: contentOf(n) })),
    )
    expect(answers.map((answer) => answer.type)).toEqual(numbers.map(() => "ack"))
  }
}

/** How the log stands when nothing moves any more: its scroll, and where each message in the document is. */
interface Standing {
  readonly top: number
  readonly height: number
  readonly viewPx: number
  /** In document order: number, and distance from the top of the log in px. */
  readonly lines: readonly { readonly number: number; readonly topPx: number }[]
}

/** Waits until the log has looked the same for some frames. */
function standing(page: Page): Promise<Standing> {
  return page.evaluate(async () => {
    const look = () => {
      const box = document.querySelector("[role=log]") as HTMLElement
      const topPx = box.getBoundingClientRect().top
      const lines = [...box.querySelectorAll("article")].map((line) => ({
        number: Number(line.querySelector(".text")?.textContent?.slice(1, 5)),
        topPx: line.getBoundingClientRect().top - topPx,
      }))
      return { top: box.scrollTop, height: box.scrollHeight, viewPx: box.clientHeight, lines }
    }
    let last = look()
    for (let same = 0; same < 4; ) {
      await new Promise(requestAnimationFrame)
      const now = look()
      same = JSON.stringify(now) === JSON.stringify(last) ? same + 1 : 0
      last = now
    }
    return last
  })
}

const inView = (at: Standing) => at.lines.filter((line) => line.topPx > 0 && line.topPx < at.viewPx)

describe(`a room with ${count} messages`, () => {
  let stage: Stage | undefined
  let wsUrl: string
  let proxy: PrefixProxy
  let tab: Tab
  const seen = new Set<number>()
  /** How far a line stood from where it should, after older ones came in front, and after a turn of the wheel. */
  const jumps: number[] = []
  const slips: number[] = []

  beforeAll(async () => {
    stage = await openStage({ env: { LIMITS: "off" } })
    wsUrl = stage.server.wsUrl
    await fill(wsUrl)
    proxy = await PrefixProxy.start(stage.server.port, "")
    tab = await Tab.open(stage.browser, `${proxy.url}/client.html?r=den&u=cat`)
  })
  afterAll(async () => {
    await stage?.[Symbol.asyncDispose]()
    await proxy?.[Symbol.asyncDispose]()
  })

  /** Where the log stands; what is in the document is in order and without a gap. */
  const look = async () => {
    const at = await standing(tab.page)
    const numbers = at.lines.map((line) => line.number)
    expect(numbers).toEqual(numbers.map((_, i) => (numbers[0] as number) + i))
    for (const line of inView(at)) seen.add(line.number)
    return at
  }

  const scrollUp = async (at: Standing, px: number) => {
    await tab.page.mouse.wheel(0, -px)
    await tab.page.waitForFunction((top) => document.querySelector("[role=log]")?.scrollTop !== top, at.top)
    const after = await look()
    for (const { number, topPx } of inView(at)) {
      const now = after.lines.find((line) => line.number === number)
      if (now !== undefined) slips.push(now.topPx - topPx - px)
    }
    return after
  }

  /** Scrolls up to `px` from the oldest loaded message, and with the server held back waits there. */
  const scrollTo = async (px: number) => {
    let at = await look()
    while (at.top > px) at = await scrollUp(at, Math.min(stepPx, at.top - px))
    return at
  }

  const isAtFirst = () => tab.page.getByText("This is the beginning of den.").isVisible()

  test("opens at the newest", async () => {
    await tab.page.getByText(contentOf(count), { exact: true }).waitFor()
    const at = await look()
    expect(at.height - at.top - at.viewPx).toBeLessThanOrEqual(jumpMaxPx)
    expect(at.lines.at(-1)?.number).toBe(count)
    expect(await tab.page.getByRole("button", { name: "Go to the latest messages" }).count()).toBe(0)
  })

  test("scrolling up loads older ones to the first, and none of it moves what is read", async () => {
    await tab.log.hover()
    for (let round = 0; !(await isAtFirst()); round++) {
      proxy.hold()
      const before = await scrollTo(round % 2 === 0 ? nearPx : 0)
      proxy.release()
      await tab.page.waitForFunction(
        (height) => (document.querySelector("[role=log]")?.scrollHeight ?? 0) > height + 100,
        before.height,
      )
      const after = await look()
      const anchors = inView(before)
      expect(anchors.length).toBeGreaterThan(2)
      for (const { number, topPx } of anchors)
        jumps.push((after.lines.find((line) => line.number === number)?.topPx ?? Number.NaN) - topPx)
    }
    expect(jumps.filter((px) => !(Math.abs(px) <= jumpMaxPx))).toEqual([])
    await scrollTo(0)
    expect(slips.length).toBeGreaterThan(count / 10)
    expect(slips.filter((px) => Math.abs(px) > jumpMaxPx)).toEqual([])
    expect([...seen].sort((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, i) => i + 1))
  })

  test("a new message does not pull the reader away, and is told", async () => {
    const before = await look()
    await using ann = await Peer.connect(wsUrl, "/ws?user=ann&room=den")
    await ann.ask({ type: "message", room_id: "den", content: contentOf(count + 1) })
    await tab.page.getByText("1 new message", { exact: true }).waitFor()
    const after = await look()
    expect(inView(after)).toEqual(inView(before))
  })

  test("one click goes back to the newest", async () => {
    await tab.page.getByRole("button", { name: "Go to the latest messages" }).click()
    await tab.page.getByText(contentOf(count + 1), { exact: true }).waitFor()
    const at = await look()
    expect(at.height - at.top - at.viewPx).toBeLessThanOrEqual(jumpMaxPx)
    expect(at.lines.at(-1)?.number).toBe(count + 1)
    await tab.page.getByText("1 new message", { exact: true }).waitFor({ state: "detached" })
    expect(tab.faults).toEqual([])
  })
})
