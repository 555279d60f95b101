import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test"
import type { Locator, Page } from "playwright-core"
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
  const label = `#${String(number).padStart(5, "0")}`
  if (number % 7 === 0)
    return [label, ...Array.from({ length: number % 5 }, (_, i) => `line ${i}`)].join("\n")
  if (number % 11 === 0) return `${label} ${"a long story ".repeat(number % 60)}`
  return `${label} short`
}

/** Sends all, by two authors in turn, so that lines with and without a name alternate. Answers their ids. */
async function fill(wsUrl: string): Promise<number[]> {
  const ids: number[] = []
  await using ann = await Peer.connect(wsUrl, "/ws?user=ann&room=den")
  await using bob = await Peer.connect(wsUrl, "/ws?user=bob&room=den")
  for (let from = 1; from <= count; from += 10) {
    const author = (from / 10) & 1 ? ann : bob
    const numbers = Array.from({ length: 10 }, (_, i) => from + i)
    const answers = await Promise.all(
      numbers.map((n) => author.ask({ type: "message", room_id: "den", content: contentOf(n) })),
    )
    expect(answers.map((answer) => answer.type)).toEqual(numbers.map(() => "ack"))
    for (const answer of answers) ids.push(answer.message_id as number)
  }
  return ids
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
        number: Number(line.querySelector(".text")?.textContent?.match(/^#(\d+)/)?.[1]),
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
  let ids: number[]
  const seen = new Set<number>()
  /** How far a line stood from where it should, after older ones came in front, and after a turn of the wheel. */
  const jumps: number[] = []
  const slips: number[] = []

  beforeAll(async () => {
    stage = await openStage({ env: { LIMITS: "off" } })
    wsUrl = stage.server.wsUrl
    ids = await fill(wsUrl)
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

  const gapOf = ({ height, top, viewPx }: Standing) => Math.round(height - top - viewPx)

  test("a draft that grows and shrinks does not lose the end, and what others say is seen", async () => {
    await using ann = await Peer.connect(wsUrl, "/ws?user=ann&room=den")
    const texts = ["a long draft\n".repeat(30), "a longer draft\n".repeat(31), "short", "line\n".repeat(40)]
    for (const text of texts) {
      await tab.field.fill(text)
      expect([text.length, gapOf(await standing(tab.page))]).toEqual([text.length, 0])
    }
    // As high as it gets: each key lets it shrink and grow within one frame.
    await tab.field.press("End")
    await tab.page.keyboard.type("typed on")
    expect(gapOf(await standing(tab.page))).toBe(0)
    await ann.ask({ type: "message", room_id: "den", content: "seen over a draft" })
    await tab.reads("seen over a draft")
    expect(gapOf(await standing(tab.page))).toBe(0)
    expect(await tab.page.getByRole("button", { name: "Go to the latest messages" }).count()).toBe(0)
    await tab.page.setViewportSize({ width: 600, height: 400 })
    expect(gapOf(await standing(tab.page))).toBe(0)
    await tab.page.setViewportSize({ width: 1100, height: 720 })
    await tab.field.fill("")
    expect(gapOf(await standing(tab.page))).toBe(0)
  })

  test("who scrolls up at once after a reload is not pulled back", async () => {
    // How far from the end it stands, at each scroll since the wheel was first turned.
    await tab.page.addInitScript(() => {
      const gaps: number[] = []
      Object.assign(window, { gaps })
      const begin = () => gaps.splice(0)
      addEventListener("wheel", begin, { capture: true, once: true, passive: true })
      const look = ({ target }: Event) => {
        const box = target as HTMLElement
        if (box.role === "log") gaps.push(box.scrollHeight - box.scrollTop - box.clientHeight)
      }
      addEventListener("scroll", look, true)
    })
    for (let round = 0; round < 3; round++) {
      await tab.page.mouse.move(600, 300)
      await tab.page.reload({ waitUntil: "commit" })
      await tab.log.getByRole("article").first().waitFor()
      // A little at a time: the first turn does not leave the end yet, and one who rests there stays there. A turn
      // before there is anything to scroll moves nothing: one turns on until one is away.
      const latest = tab.page.getByRole("button", { name: "Go to the latest messages" })
      await Promise.all([1, 2, 3].map(() => tab.page.mouse.wheel(0, -45)))
      while (!(await latest.isVisible())) await tab.page.mouse.wheel(0, -45)
      await standing(tab.page)
      const gaps = await tab.page.evaluate(() => (window as unknown as { gaps: number[] }).gaps)
      // From where the wheel first moved it. Lines that are measured only now may push it by some px.
      const from = gaps.slice(gaps.findIndex((gap) => gap > 10))
      expect(Math.max(...from)).toBeGreaterThan(48)
      const back = from.filter((gap, at) => gap < Math.max(...from.slice(0, at)) - 30)
      expect({ back, from }).toEqual({ back: [], from })
    }
  })

  test("a quote leads to its original over all the pages between, and one click leads back", async () => {
    await using ann = await Peer.connect(wsUrl, "/ws?user=ann&room=den")
    const content = "about the third"
    await ann.ask({ type: "message", room_id: "den", content, reply_to: ids[2] })
    await tab.page.reload()
    await tab.reads(content)
    await tab.page.getByRole("button", { name: "Reply to an earlier message" }).click()
    const third = lineOf(tab, 3)
    await third.waitFor()
    await isFocused(third)
    const at = await standing(tab.page)
    expect(inView(at).map((line) => line.number)).toContain(3)
    expect(Math.max(...at.lines.map((line) => line.number))).toBeLessThan(200)
    await tab.page.getByRole("button", { name: "Go to the latest messages" }).click()
    await tab.page.getByRole("button", { name: "Reply to bob" }).waitFor()
    expect(tab.faults).toEqual([])
  })
})

/** The line of a message itself, and not of one that quotes it. */
const lineOf = (tab: Tab, number: number) => {
  const text = tab.page.locator(".text", { hasText: contentOf(number).slice(0, 6) })
  return tab.log.getByRole("article").filter({ has: text })
}

const isFocused = async (line: Locator) => {
  const handle = await line.elementHandle()
  await line.page().waitForFunction((one) => one === document.activeElement, handle)
}

/** More than the client holds at once: the newest are let go while one reads the oldest. */
const seaCount = 10_300
/** A view of some 500 px and 1,000 px on both sides of it hold at most 115 lines, of 22 px each. */
const fewLines = 120
/** Fewer than a server lets wait of one connection. */
const chunk = 200

describe(`a room with ${seaCount} messages`, () => {
  let stage: Stage | undefined
  let tab: Tab
  /** What the server says while it is held back; null: it is not. */
  let heldBack: (() => void)[] | null = null
  beforeAll(async () => {
    stage = await openStage({ env: { LIMITS: "off" } })
    const { server, browser } = stage
    await using ann = await Peer.connect(server.wsUrl, "/ws?user=ann")
    await ann.ask({ type: "join", room_id: "sea" })
    let first: unknown
    for (let from = 1; from <= seaCount; from += chunk) {
      const frame = (n: number) => ({ type: "message", room_id: "sea", content: contentOf(n) })
      const ack = await ann.ask(frame(from))
      first ??= ack.message_id
      for (let n = from + 1; n < from + chunk - 1 && n < seaCount; n++) ann.send(frame(n))
      if (from + chunk - 1 <= seaCount) await ann.ask(frame(from + chunk - 1))
      ann.heard.length = 0
    }
    await ann.ask({ type: "message", room_id: "sea", content: "about the first", reply_to: first })
    tab = await Tab.blank(browser)
    await tab.page.routeWebSocket(/\/ws/, (page) => {
      page.connectToServer().onMessage((message) => {
        if (heldBack === null) page.send(message)
        else heldBack.push(() => page.send(message))
      })
    })
    await tab.page.goto(`${server.url}/client.html?r=sea&u=cat`)
    await tab.isIn()
  })
  afterAll(() => stage?.[Symbol.asyncDispose]())

  const lines = () => tab.log.getByRole("article").count()

  test("is gone through to the first message, with few lines in the document", async () => {
    await tab.reads("about the first")
    await standing(tab.page)
    expect(await lines()).toBeLessThan(fewLines)
    await tab.page.getByRole("button", { name: "Reply to an earlier message" }).click()
    const first = lineOf(tab, 1)
    // Over two hundred pages.
    await first.waitFor({ timeout: testMs / 2 })
    await isFocused(first)
    expect(await lines()).toBeLessThan(fewLines)
  })

  test("loads the newest, which were let go, without moving what is read", async () => {
    await tab.log.focus()
    await tab.page.keyboard.press("PageDown")
    heldBack = []
    let before = await standing(tab.page)
    // Lines that were never seen turn out taller or lower than thought: the end moves until they are.
    while (before.height - before.top - before.viewPx > jumpMaxPx) {
      await tab.page.keyboard.press("End")
      before = await standing(tab.page)
    }
    expect(before.lines.at(-1)?.number).toBeGreaterThan(9_000)
    // The oldest are let go for the newest, once nothing moves.
    const dropped = tab.page.evaluate(async () => {
      const box = document.querySelector("[role=log]") as HTMLElement
      for (let highest = 0; box.scrollHeight > highest - 500; ) {
        highest = Math.max(highest, box.scrollHeight)
        await new Promise(requestAnimationFrame)
      }
    })
    for (const say of heldBack) say()
    heldBack = null
    const last = before.lines.at(-1)?.number as number
    await lineOf(tab, last + 1).waitFor()
    await dropped
    const after = await standing(tab.page)
    const anchors = inView(before)
    expect(anchors.length).toBeGreaterThan(2)
    const slips = anchors.map(
      ({ number, topPx }) =>
        (after.lines.find((line) => line.number === number)?.topPx ?? Number.NaN) - topPx,
    )
    expect(slips.filter((px) => !(Math.abs(px) <= jumpMaxPx))).toEqual([])
    expect(await lines()).toBeLessThan(fewLines)
  })

  test("what one writes far back is shown at the end", async () => {
    await tab.write("back again")
    await tab.hasStored("back again")
    await tab.reads("about the first")
    expect(await lines()).toBeLessThan(fewLines)
    expect(await tab.page.getByRole("button", { name: "Go to the latest messages" }).count()).toBe(0)
    expect(tab.faults).toEqual([])
  })
})
