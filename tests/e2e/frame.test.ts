import { afterAll, afterEach, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test"
import type { Browser } from "playwright-core"
import type { ServerProcess } from "../harness/server.ts"
import { until } from "../harness/until.ts"
import { PrefixProxy } from "./prefix-proxy.ts"
import { openStage, type Stage } from "./stage.ts"
import { Tab, testMs } from "./tab.ts"

setDefaultTimeout(testMs)

let stage: Stage | undefined
let server: ServerProcess
let browser: Browser
let proxy: PrefixProxy
beforeAll(async () => {
  stage = await openStage()
  ;({ server, browser } = stage)
  proxy = await PrefixProxy.start(server.port, "")
})
afterEach(() => {
  proxy.intercept = () => undefined
})
afterAll(async () => {
  await proxy?.[Symbol.asyncDispose]()
  await stage?.[Symbol.asyncDispose]()
})

const open = (query: string, url = server.url) => Tab.open(browser, `${url}/${query}`)
const link = (tab: Tab, name: string) => tab.rooms.getByRole("link", { name })
const press = (tab: Tab, name: string) => tab.page.getByRole("button", { name, exact: true }).click()
const titleIs = (tab: Tab, title: string) =>
  tab.page.waitForFunction((wanted) => document.title === wanted, title)
const members = (tab: Tab) => tab.page.getByRole("complementary", { name: "Members" })
/** The page and its files, which a browser or a server in front may hold while the chat is out of reach. */
const isPage = (path: string) => path === "/" || path.startsWith("/?") || path.startsWith("/assets/")
const unavailable = { status: "503 Unavailable", body: "{}" }

describe("what was not read", () => {
  test("is counted beside the room, in the title and in the tab's picture, until it is looked at", async () => {
    await using ann = await open("?r=c-garden&u=c-ann")
    await using bob = await open("?r=c-garden&u=c-bob")
    const icon = () => ann.page.locator("link[rel=icon]").getAttribute("href")
    await bob.write("one")
    await ann.reads("one")
    await titleIs(ann, "c-garden · Klatch")
    const plain = await icon()
    await ann.page.goto(`${server.url}/?r=c-hall&u=c-ann`)
    await ann.isIn()
    for (const text of ["two", "three"]) await bob.write(text)
    await link(ann, "c-garden").getByText("2 new").waitFor({ state: "attached" })
    await titleIs(ann, "(2) c-hall · Klatch")
    expect(await icon()).toMatch(/^data:image\/svg\+xml,.*%3E2%3C/)
    await link(ann, "c-garden").click()
    await ann.reads("three")
    await titleIs(ann, "c-garden · Klatch")
    expect(await link(ann, "c-garden").textContent()).toBe("c-garden")
    expect(await icon()).toBe(plain)
    // What comes while one looks is read as it comes: neither picture nor title flickers.
    await ann.page.evaluate(() => {
      document.body.dataset.marks = "0"
      const count = () => (document.body.dataset.marks = String(Number(document.body.dataset.marks) + 1))
      const seen = { subtree: true, childList: true, attributes: true, characterData: true }
      new MutationObserver(count).observe(document.head, seen)
    })
    for (const text of ["four", "five", "six"]) {
      await bob.write(text)
      await ann.reads(text)
    }
    expect(await ann.page.evaluate(() => document.body.dataset.marks)).toBe("0")
    expect(ann.faults).toEqual([])
  })

  test("is known to the server: another device counts what is left", async () => {
    await using bob = await open("?r=d-garden&u=d-bob")
    await using ann = await open("?r=d-garden&u=d-ann")
    await bob.write("seen")
    await ann.reads("seen")
    await ann.page.goto(`${server.url}/?r=d-hall&u=d-ann`)
    await ann.isIn()
    await bob.write("not seen")
    await bob.hasStored("not seen")
    await using phone = await open("?r=d-hall&u=d-ann")
    await link(phone, "d-garden").getByText("1 new").waitFor({ state: "attached" })
    await link(phone, "d-garden").click()
    await phone.reads("not seen")
    // And the first one hears that it was read there.
    await titleIs(ann, "d-hall · Klatch")
  })
})

describe("a draft", () => {
  test("outlives a reload, is the room's own, and is gone once it is sent", async () => {
    await using tab = await open("?r=one-room&u=drafter")
    await tab.field.fill("half a tho")
    await tab.page.goto(`${server.url}/?r=another&u=drafter`)
    await tab.isIn()
    expect(await tab.field.inputValue()).toBe("")
    await tab.page.goto(`${server.url}/?r=one-room&u=drafter`)
    await tab.isIn()
    expect(await tab.field.inputValue()).toBe("half a tho")
    await tab.field.fill("half a thought")
    await tab.field.press("Enter")
    await tab.hasStored("half a thought")
    await tab.page.reload()
    await tab.isIn()
    expect(await tab.field.inputValue()).toBe("")
  })

  test("of another name stays with that name", async () => {
    await using tab = await open("?r=one-room&u=drafter")
    await tab.field.fill("mine alone")
    await tab.page.goto(`${server.url}/?r=one-room&u=stranger`)
    await tab.isIn()
    expect(await tab.field.inputValue()).toBe("")
  })
})

describe("the theme", () => {
  const ground = (tab: Tab) => tab.page.evaluate(() => getComputedStyle(document.body).backgroundColor)
  const switcher = (tab: Tab) => tab.page.getByRole("button", { name: /^Theme: / })

  test("follows the device until one is chosen, and is then kept", async () => {
    await using tab = await open("?r=den&u=ann")
    const light = await ground(tab)
    await tab.page.emulateMedia({ colorScheme: "dark" })
    const dark = await ground(tab)
    expect(dark).not.toBe(light)
    await switcher(tab).click()
    expect(await ground(tab)).toBe(light)
    await switcher(tab).click()
    await tab.page.emulateMedia({ colorScheme: "light" })
    expect(await ground(tab)).toBe(dark)
    await tab.page.reload()
    await tab.isIn()
    expect(await ground(tab)).toBe(dark)
    await switcher(tab).click()
    expect(await ground(tab)).toBe(light)
  })

  test("is there before anything is painted", async () => {
    await using tab = await open("?r=den&u=ann")
    await switcher(tab).click()
    await tab.page.addInitScript(() => {
      new MutationObserver((_, observer) => {
        observer.disconnect()
        performance.mark("theme")
      }).observe(document, { attributes: true, subtree: true, attributeFilter: ["data-theme"] })
    })
    await tab.page.reload()
    await tab.isIn()
    const [themed, painted] = await tab.page.evaluate(async () => {
      const paint = await new Promise<number>((resolve) =>
        new PerformanceObserver((list) => resolve(list.getEntries()[0]?.startTime ?? 0)).observe({
          type: "paint",
          buffered: true,
        }),
      )
      return [performance.getEntriesByName("theme")[0]?.startTime ?? Number.POSITIVE_INFINITY, paint]
    })
    expect(painted).toBeGreaterThan(themed as number)
  })
})

describe("without a connection", () => {
  test("a reload shows the rooms and messages that were kept; what is written is sent once it is back", async () => {
    await using tab = await open("?r=cellar&u=mole", proxy.url)
    await tab.write("before the dark")
    await tab.hasStored("before the dark")
    await link(tab, "cellar").waitFor()
    await tab.page.reload()
    await tab.isIn()
    proxy.intercept = (path) => (isPage(path) ? undefined : unavailable)
    await tab.page.reload()
    await tab.readsAll(["before the dark"])
    await link(tab, "cellar").waitFor()
    await tab.page.getByText("You are offline. What you write is sent when the connection is back.").waitFor()
    for (const text of ["in the dark", "still dark", "dark again"]) await tab.write(text)
    await tab.page.getByText("You are offline. 3 messages wait and are sent when").waitFor()
    await tab.page.reload()
    await tab.page.getByText("You are offline. 3 messages wait and are sent when").waitFor()
    proxy.intercept = () => undefined
    await tab.hasStored("dark again")
    await tab.readsAll(["before the dark", "in the dark", "still dark", "dark again"])
    await tab.page.getByText("You are offline.").waitFor({ state: "detached" })
    const history = (await (await fetch(`${server.url}/history?r=cellar`)).json()) as { content: string }[]
    expect(history.map(({ content }) => content)).toEqual(await tab.texts())
  })

  test("a room that is not on this device says so, and can be written to", async () => {
    await using tab = await open("?r=cellar&u=newt", proxy.url)
    proxy.intercept = (path) => (isPage(path) ? undefined : unavailable)
    await tab.page.goto(`${proxy.url}/?r=attic&u=newt`)
    await tab.page.getByText("This room is not on this device yet").waitFor()
    // Each further try to connect leaves that as it is.
    await tab.page.evaluate(() => {
      new MutationObserver(() => {
        if (document.querySelector(".log-loading, .list-loading")) document.body.dataset.flickered = "yes"
      }).observe(document.body, { childList: true, subtree: true })
    })
    const tries = () => tab.asked.filter((url) => url.startsWith("ws")).length
    const before = tries()
    await until("two further tries", () => tries() >= before + 2)
    expect(await tab.page.evaluate(() => document.body.dataset.flickered)).toBeUndefined()
    await tab.write("first thing up here")
    await tab.reads("first thing up here")
    proxy.intercept = () => undefined
    await tab.hasStored("first thing up here")
  })

  test("rooms that cannot be loaded are asked for again by a button", async () => {
    // The page also asks by itself, after each connect and each room it is added to: none of these is answered, so
    // that it is the button that brings the rooms.
    let isPressed = false
    proxy.intercept = (path) => {
      if (path.startsWith("/pressed")) isPressed = true
      if (path.startsWith("/pressed")) return { status: "200 OK", body: "{}" }
      return !isPressed && path.startsWith("/rooms?") ? unavailable : undefined
    }
    await using tab = await open("?r=cellar&u=toad", proxy.url)
    await tab.page.getByText("The rooms could not be loaded.").waitFor()
    await tab.page.evaluate(() => {
      const tell = (event: Event) => {
        if (!(event.target instanceof HTMLElement) || event.target.textContent !== "Try again") return
        // Heard by the proxy before the page can ask for anything.
        const request = new XMLHttpRequest()
        request.open("GET", "/pressed", false)
        request.send()
      }
      document.addEventListener("click", tell, { capture: true })
    })
    expect(await link(tab, "cellar").count()).toBe(0)
    await tab.rooms.getByRole("button", { name: "Try again" }).click()
    await link(tab, "cellar").waitFor()
    await tab.page.getByText("The rooms could not be loaded.").waitFor({ state: "detached" })
  })

  test("while the first answer is on its way, the places of what comes are shown", async () => {
    await using tab = await Tab.blank(browser)
    await tab.page.goto(`${proxy.url}/`)
    await tab.page.getByLabel("Your name").waitFor()
    proxy.hold()
    await tab.page.getByLabel("Your name").fill("snail")
    await press(tab, "Join lobby")
    await tab.page.getByRole("status", { name: "Loading messages" }).waitFor()
    await tab.page.getByRole("status", { name: "Loading rooms" }).waitFor()
    proxy.release()
    await tab.isIn()
    await link(tab, "lobby").waitFor()
  })
})

describe("the members of a room", () => {
  test("are listed, and one can be written to from there", async () => {
    await using ann = await open("?r=m-den&u=m-ann")
    await press(ann, "Show the members")
    await members(ann).getByText("you").waitFor()
    await using bob = await open("?r=m-den&u=m-bob")
    await members(ann).getByTitle("Write to m-bob").click()
    await ann.page.getByRole("heading", { name: "m-bob", level: 1 }).waitFor()
    await ann.write("hello from the list")
    await link(bob, "m-ann").click()
    await bob.readsAll(["hello from the list"])
  })

  test("of a private room are added by those inside, and leave it after a calm question", async () => {
    await using cat = await open("?r=m-den&u=m-cat")
    await using dan = await open("?r=m-den&u=m-dan")
    await press(cat, "Make a room")
    await cat.page.getByLabel("Name", { exact: true }).fill("Surprise party")
    await cat.page.getByRole("radio", { name: "Private", exact: true }).check()
    await press(cat, "Make the room")
    await cat.page.getByRole("heading", { name: "Surprise party", level: 1 }).waitFor()
    await press(cat, "Show the members")
    await cat.page.getByLabel("Add people").fill("m-nobody-of-this-name")
    await press(cat, "Add")
    await cat.page.getByText("One of them is nobody here. Check the spelling.").waitFor()
    await cat.page.getByLabel("Add people").fill("m-dan")
    await press(cat, "Add")
    await cat.page.getByText("Added m-dan.").waitFor()
    await members(cat).getByTitle("Write to m-dan").waitFor()
    await link(dan, "Surprise party").click()
    await dan.page.getByText("Nothing here yet").waitFor()
    await press(dan, "Show the members")
    await press(dan, "Leave this room")
    await members(dan).getByText("Leave Surprise party?").waitFor()
    await members(dan).getByText("Only its members can add you again.").waitFor()
    await press(dan, "Stay")
    await press(dan, "Leave this room")
    await press(dan, "Leave")
    await dan.page.getByRole("heading", { name: "m-den", level: 1 }).waitFor()
    await link(dan, "Surprise party").waitFor({ state: "detached" })
    await members(cat).getByTitle("Write to m-dan").waitFor({ state: "detached" })
  })
})

describe("a search", () => {
  test("that finds nothing offers to make the room", async () => {
    await using tab = await open("?r=den&u=ann")
    await tab.page.getByLabel("Find a room").fill("Zebra crossing")
    await tab.page.getByText("Nothing matches “Zebra crossing”.").waitFor()
    await press(tab, "Make “Zebra crossing”")
    await press(tab, "Make the room")
    await tab.page.getByRole("heading", { name: "Zebra crossing", level: 1 }).waitFor()
    expect(new URL(tab.page.url()).searchParams.get("r")).toBe("zebra-crossing")
  })

  test("by the palette finds public rooms and people, and says when there is nobody of a name", async () => {
    await using tab = await open("?r=den&u=seeker")
    await tab.page.keyboard.press("Control+k")
    await tab.page.keyboard.type("zebra")
    await tab.page.getByRole("option", { name: "Zebra crossing Not joined", selected: true }).waitFor()
    await tab.page.keyboard.press("Enter")
    await tab.page.getByRole("heading", { name: "Zebra crossing", level: 1 }).waitFor()
    await tab.page.keyboard.press("Control+k")
    await tab.page.keyboard.type("nobody-at-all")
    await tab.page.getByRole("option", { name: "Write to nobody-at-all" }).click()
    await tab.page.getByText("There is nobody of this name here.").waitFor()
    await tab.page.keyboard.press("Escape")
    await tab.page.getByRole("combobox").waitFor({ state: "detached" })
  })
})

test("of a long list, the room that is looked at is in view", async () => {
  await using tab = await open("?r=l-first&u=l-ann")
  for (let i = 0; i < 30; i++)
    await fetch(`${server.url}/rooms?user=l-ann`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ kind: "public", name: `l-room ${i}` }),
    })
  await link(tab, "l-room 29").waitFor()
  const isInView = () =>
    tab.page.waitForFunction(() => {
      const item = document.querySelector(".lists [aria-current]")?.getBoundingClientRect()
      const box = document.querySelector(".lists")?.getBoundingClientRect()
      return item && box && item.top >= box.top && item.bottom <= box.bottom
    })
  for (const key of ["Alt+ArrowUp", "Alt+ArrowDown", "Alt+ArrowUp"]) {
    await tab.page.keyboard.press(key)
    await isInView()
  }
  await tab.page.reload()
  await tab.isIn()
  await isInView()
  expect(tab.faults).toEqual([])
})

describe("on a phone", () => {
  const phone = { viewport: { width: 390, height: 780 }, hasTouch: true, isMobile: true }
  /** Nothing is wider than the screen. */
  const fits = (tab: Tab) => tab.page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)

  test("the rooms lie in a drawer, which closes by itself and keeps the room out of reach meanwhile", async () => {
    await using tab = await Tab.open(browser, `${server.url}/?r=p-den&u=p-ann`, phone)
    await using bob = await open("?r=p-hall&u=p-bob")
    await bob.write("anyone there?")
    await bob.hasStored("anyone there?")
    const opener = tab.page.getByRole("button", { name: /^Open the list of rooms/ })
    expect(await link(tab, "p-den").isVisible()).toBe(false)
    await opener.click()
    await link(tab, "p-den").waitFor()
    expect(await fits(tab)).toBe(true)
    expect(await tab.page.locator("main").evaluate((pane) => (pane as HTMLElement).inert)).toBe(true)
    await tab.page.keyboard.press("Escape")
    await link(tab, "p-den").waitFor({ state: "hidden" })
    await tab.page.waitForFunction(() => document.activeElement?.classList.contains("list-button"))
    await opener.click()
    await tab.page.getByLabel("Find a room").fill("p-hall")
    await link(tab, "p-hall").click()
    await tab.readsAll(["anyone there?"])
    await link(tab, "p-hall").waitFor({ state: "hidden" })
    await bob.page.goto(`${server.url}/?r=p-den&u=p-bob`)
    await bob.isIn()
    await bob.write("and here?")
    await tab.page.getByRole("button", { name: "Open the list of rooms, 1 new messages" }).waitFor()
    await press(tab, "Show the members")
    await members(tab).getByText("p-bob").waitFor()
    expect(await fits(tab)).toBe(true)
    await members(tab).getByRole("button", { name: "Hide the members" }).click()
    await members(tab).waitFor({ state: "detached" })
    expect(tab.faults).toEqual([])
  })
})

test("those who want less motion see none", async () => {
  await using tab = await Tab.open(browser, `${server.url}/?r=den&u=ann`, { reducedMotion: "reduce" })
  const moves = () =>
    tab.page.evaluate(
      () =>
        [...document.querySelectorAll("*")].filter((one) => {
          const { transitionDuration, animationDuration, animationIterationCount } = getComputedStyle(one)
          const lasts = (durations: string) => durations.split(",").some((one) => Number.parseFloat(one) > 0)
          return lasts(transitionDuration) || (lasts(animationDuration) && animationIterationCount !== "0")
        }).length,
    )
  expect(await moves()).toBe(0)
  await tab.page.emulateMedia({ reducedMotion: "no-preference" })
  expect(await moves()).toBeGreaterThan(0)
})
