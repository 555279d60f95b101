import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test"
import { openStage, type Stage } from "./stage.ts"
import { Tab, testMs } from "./tab.ts"

setDefaultTimeout(testMs)

let stage: Stage | undefined
beforeAll(async () => {
  stage = await openStage()
})
afterAll(() => stage?.[Symbol.asyncDispose]())

/** What has the focus: its own words, in short. */
const focused = (tab: Tab) =>
  tab.page.evaluate(() => {
    const one = document.activeElement as HTMLElement
    return one.id || one.getAttribute("aria-label") || one.textContent
  })

/** Whether one can see where the focus is: a ring of its own, or of the field it stands in. */
const hasRing = (tab: Tab) =>
  tab.page.evaluate(() => {
    const isRinged = (one: Element | null | undefined) => {
      const style = one ? getComputedStyle(one) : undefined
      return style !== undefined && (style.boxShadow !== "none" || style.outlineStyle !== "none")
    }
    const one = document.activeElement
    return isRinged(one) || isRinged(one?.closest(".find, .composer"))
  })

// The pointer is never used here: what a test does it does by keys, in the order of these tests.
describe("with keys alone", () => {
  let tab: Tab
  const press = async (...keys: string[]) => {
    for (const key of keys) await tab.page.keyboard.press(key)
  }
  const type = (text: string) => tab.page.keyboard.type(text)
  const title = (name: string) => tab.page.getByRole("heading", { name, level: 1, exact: true }).waitFor()
  const isFocused = (id: string) =>
    tab.page.waitForFunction((wanted) => document.activeElement?.id === wanted, id)

  beforeAll(async () => {
    tab = await Tab.blank((stage as Stage).browser)
    await tab.page.goto(`${stage?.server.url}/`)
  })
  afterAll(async () => {
    expect(tab.faults).toEqual([])
    await tab[Symbol.asyncDispose]()
  })

  test("one picks a name and stands where one writes", async () => {
    await isFocused("name")
    await type("ann")
    await press("Enter")
    await tab.isIn()
    await isFocused("composer")
  })

  test("one writes, and edits what was written", async () => {
    await type("a frist word")
    await press("Enter")
    await tab.hasStored("a frist word")
    await press("ArrowUp")
    await tab.page.getByLabel("Edit your message").waitFor()
    await press("Control+a")
    await type("a first word")
    await press("Enter")
    await tab.reads("a first word")
    await isFocused("composer")
  })

  test("the palette makes a room", async () => {
    await press("Control+k")
    await tab.page.getByRole("combobox").waitFor()
    await type("garden")
    await tab.page.getByRole("option", { name: "Make “garden”", selected: true }).waitFor()
    await press("Enter")
    expect(await tab.page.getByLabel("Name", { exact: true }).inputValue()).toBe("garden")
    await press("Tab")
    await type("Tomatoes, mostly")
    await press("Enter")
    await title("garden")
    await tab.page.getByText("Tomatoes, mostly").waitFor()
    await isFocused("composer")
    await type("the first ripe one")
    await press("Enter")
    await tab.hasStored("the first ripe one")
  })

  test("the palette goes back, and closes without a trace", async () => {
    await press("Control+k")
    await tab.page.getByRole("option", { name: /lobby/, selected: true }).waitFor()
    await press("ArrowDown", "ArrowUp", "Enter")
    await title("lobby")
    await isFocused("composer")
    await press("Control+k")
    await tab.page.getByRole("combobox").waitFor()
    await press("Escape")
    await tab.page.getByRole("combobox").waitFor({ state: "detached" })
    await isFocused("composer")
  })

  test("Alt and the arrows go from room to room, round and round", async () => {
    await press("Alt+ArrowDown")
    await title("garden")
    await press("Alt+ArrowDown")
    await title("lobby")
    await press("Alt+ArrowUp")
    await title("garden")
  })

  test("the search finds a room; the list is one stop for Tab, and the arrows move in it", async () => {
    await press("Control+Shift+F")
    await isFocused("find")
    await type("lob")
    await tab.rooms.getByRole("link", { name: "garden" }).waitFor({ state: "detached" })
    await press("Enter")
    await title("lobby")
    await press("Control+Shift+F", "Escape", "ArrowDown")
    const [above, below] = (await tab.rooms.getByRole("link").allTextContents()) as [string, string]
    expect(await focused(tab)).toBe(above)
    await press("ArrowDown")
    expect(await focused(tab)).toBe(below)
    expect(await hasRing(tab)).toBe(true)
    await press("Tab")
    expect(await focused(tab)).toBe("Write to someone")
    await press("Shift+Tab")
    expect(await focused(tab)).toBe(below)
    await press("Enter")
    await title(below)
  })

  test("Escape leads back to where one writes, and the question mark tells of all keys", async () => {
    await press("Shift+Tab")
    expect(await focused(tab)).not.toBe("composer")
    await press("?")
    const help = tab.page.getByRole("dialog", { name: "Keyboard" })
    await help.waitFor()
    await press("Escape")
    await help.waitFor({ state: "detached" })
    await press("Escape")
    await isFocused("composer")
    // Where one writes it is a question mark.
    await type("?")
    expect(await tab.field.inputValue()).toBe("?")
    expect(await help.count()).toBe(0)
    await press("Backspace")
  })

  test("the members come and go, and the focus with them", async () => {
    await press("Control+Shift+M")
    await tab.page.getByRole("complementary", { name: "Members" }).getByText("you").waitFor()
    expect(await focused(tab)).toBe("Hide the members")
    await press("Escape")
    await tab.page.getByRole("complementary", { name: "Members" }).waitFor({ state: "detached" })
    await isFocused("composer")
  })

  test("the palette switches the theme", async () => {
    const isDark = () => tab.page.waitForFunction(() => document.documentElement.dataset.theme === "dark")
    await press("Control+k")
    await type("dark")
    await tab.page.getByRole("option", { name: "Theme: dark", selected: true }).waitFor()
    await press("Enter")
    await isDark()
  })

  test("everything that Tab stops at shows that it does; the first skips to where one writes", async () => {
    await tab.page.reload()
    await tab.isIn()
    await isFocused("composer")
    const stops: (string | null)[] = []
    const isOnPage = () => tab.page.evaluate(() => document.activeElement !== document.body)
    // Round once: behind the last of the page comes the browser's own frame, then its first.
    while (!stops.includes("composer")) {
      await press("Tab")
      if (!(await isOnPage())) continue
      const stop = await focused(tab)
      expect(stops).not.toContain(stop)
      stops.push(stop)
      expect([stop, await hasRing(tab)]).toEqual([stop, true])
    }
    const first = stops.indexOf("Skip to the place to write")
    expect(stops.slice(first + 1, first + 3)).toEqual(["find", "Make a room"])
    for (const stop of ["Keyboard help", "Show the members"]) expect(stops).toContain(stop)
    // The list of rooms is one stop, however many rooms there are.
    expect(stops.filter((stop) => stop === "garden" || stop === "lobby")).toHaveLength(1)
    while ((await focused(tab)) !== "Skip to the place to write") await press("Tab")
    await press("Enter")
    await isFocused("composer")
  })
})
