import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test"
import { readFileSync } from "node:fs"
import { createRequire } from "node:module"
import { PrefixProxy } from "./prefix-proxy.ts"
import { openStage, type Stage } from "./stage.ts"
import { Tab, testMs } from "./tab.ts"

setDefaultTimeout(2 * testMs)

/** The part of axe-core's answer that is looked at. */
interface Finding {
  readonly id: string
  readonly impact: string | null
  readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[]
}

const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8")
const grave = ["serious", "critical"]

let stage: Stage | undefined
let proxy: PrefixProxy
beforeAll(async () => {
  stage = await openStage()
  proxy = await PrefixProxy.start(stage.server.port, "")
})
afterAll(async () => {
  await proxy?.[Symbol.asyncDispose]()
  await stage?.[Symbol.asyncDispose]()
})

/** The grave findings on what is shown now, each as "what: where". */
async function findings({ page }: Tab): Promise<string[]> {
  // By the debugger and not by a script element, which the page's policy would refuse.
  if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(axeSource)
  const found = await page.evaluate(async () => {
    const { axe } = window as unknown as { axe: { run(): Promise<{ violations: Finding[] }> } }
    return (await axe.run()).violations
  })
  return found
    .filter(({ impact }) => impact !== null && grave.includes(impact))
    .flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`))
}

const themes = ["light", "dark"] as const
// Without motion, so that nothing is looked at while it is half there.
const look = (colorScheme: (typeof themes)[number]) => ({ colorScheme, reducedMotion: "reduce" as const })

test("the rules see a colour too faint and a button without a name", async () => {
  await using tab = await Tab.open((stage as Stage).browser, `${proxy.url}/?r=probe&u=ann`, look("light"))
  expect(await findings(tab)).toEqual([])
  await tab.page.evaluate(() => {
    const button = document.createElement("button")
    const faint = document.createElement("p")
    faint.textContent = "hardly there"
    faint.style.color = "#ccc"
    document.querySelector("main")?.append(button, faint)
  })
  const found = await findings(tab)
  expect(found.map((one) => one.split(":")[0])).toEqual(["button-name", "color-contrast"])
})

describe.each(themes)("in %s, no screen has a grave finding:", (scheme) => {
  let tab: Tab
  const open = (query: string) => Tab.open((stage as Stage).browser, `${proxy.url}/${query}`, look(scheme))
  const press = (name: string) => tab.page.getByRole("button", { name, exact: true }).click()
  const isClean = async () => expect(await findings(tab)).toEqual([])

  beforeAll(async () => {
    await using other = await open(`?r=den-${scheme}&u=bob`)
    await other.write("a first word")
    await other.hasStored("a first word")
    tab = await open(`?r=den-${scheme}&u=ann-${scheme}`)
  })
  afterAll(() => tab?.[Symbol.asyncDispose]())

  test("the question for a name, and a name that cannot be", async () => {
    await using blank = await Tab.blank((stage as Stage).browser, look(scheme))
    await blank.page.goto(proxy.url)
    await blank.page.getByLabel("Your name").waitFor()
    expect(await findings(blank)).toEqual([])
    await blank.page.getByLabel("Your name").fill("?")
    await blank.page.getByLabel("Your name").press("Enter")
    await blank.page.getByRole("alert").waitFor()
    expect(await findings(blank)).toEqual([])
  })

  test("a room with messages, and one's own pointed at", async () => {
    await tab.write("a word of my own, see https://example.org")
    await tab.reads("a first word")
    await tab.log.getByText("a word of my own").hover()
    await isClean()
  })

  test("a room in which nothing was written, and an unread one beside it", async () => {
    await tab.page.goto(`${proxy.url}/?r=hall-${scheme}&u=ann-${scheme}`)
    await tab.page.getByText("Nothing here yet").waitFor()
    await using other = await open(`?r=den-${scheme}&u=bob`)
    await other.write("a second word")
    await tab.rooms.getByText("1 new").waitFor()
    await isClean()
  })

  test("the members of a private room, with the question before leaving it", async () => {
    await press("Make a room")
    await isClean()
    await tab.page.getByLabel("Name", { exact: true }).fill(`Surprise ${scheme}`)
    await tab.page.getByRole("radio", { name: "Private", exact: true }).check()
    await press("Make the room")
    await tab.page.getByRole("heading", { name: `Surprise ${scheme}`, level: 1 }).waitFor()
    await press("Show the members")
    await tab.page.getByText("owner, you").waitFor()
    await isClean()
    await press("Leave this room")
    await isClean()
    await press("Stay")
    await tab.page.keyboard.press("Escape")
  })

  test("the palette, with and without something found, and the help", async () => {
    await press("Jump to a room or person")
    await tab.page.getByRole("option").first().waitFor()
    await isClean()
    await tab.page.keyboard.type("no such thing")
    await tab.page.getByRole("option", { name: "Make “no such thing”" }).waitFor()
    await isClean()
    await tab.page.keyboard.press("Escape")
    await press("Keyboard help")
    await isClean()
    await tab.page.keyboard.press("Escape")
    await press("Write to someone")
    await isClean()
    await tab.page.keyboard.press("Escape")
  })

  test("a search that finds nothing", async () => {
    await tab.page.getByLabel("Find a room").fill("zebra")
    await tab.page.getByRole("button", { name: "Make “zebra”" }).waitFor()
    await isClean()
  })

  test("a room that is not there", async () => {
    await tab.page.goto(`${proxy.url}/?r=0190c5a2-0000-7000-8000-000000000000&u=ann-${scheme}`)
    await tab.page.getByText("This room is not here").waitFor()
    await isClean()
  })

  test("without a connection: what was kept, and what was not", async () => {
    proxy.intercept = (path) => (isPage(path) ? undefined : { status: "503 Unavailable", body: "{}" })
    await tab.page.goto(`${proxy.url}/?r=den-${scheme}&u=ann-${scheme}`)
    await tab.page.getByText("You are offline.").waitFor()
    await tab.reads("a first word")
    await isClean()
    await tab.page.goto(`${proxy.url}/?r=never-${scheme}&u=ann-${scheme}`)
    await tab.page.getByText("This room is not on this device yet").waitFor()
    await isClean()
    proxy.intercept = () => undefined
  })

  test("on a phone, with the list of rooms and with the members", async () => {
    await tab.page.setViewportSize({ width: 390, height: 780 })
    await tab.page.goto(`${proxy.url}/?r=den-${scheme}&u=ann-${scheme}`)
    await tab.isIn()
    await isClean()
    await tab.page.getByRole("button", { name: /^Open the list of rooms/ }).click()
    await tab.rooms.getByRole("link").first().waitFor()
    await isClean()
    await tab.page.keyboard.press("Escape")
    await press("Show the members")
    await tab.page.getByText("bob", { exact: true }).first().waitFor()
    await isClean()
  })
})

/** The page and its files, which a browser or a server in front may hold while the chat is out of reach. */
const isPage = (path: string): boolean => path === "/" || path.startsWith("/?") || path.startsWith("/assets/")
