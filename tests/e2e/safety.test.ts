import { afterAll, afterEach, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test"
import type { Browser } from "playwright-core"
import { Peer } from "../harness/peer.ts"
import type { ServerProcess } from "../harness/server.ts"
import { until } from "../harness/until.ts"
import { hostile } from "./payload.ts"
import { PrefixProxy } from "./prefix-proxy.ts"
import { openStage, type Stage } from "./stage.ts"
import { Tab, testMs } from "./tab.ts"

setDefaultTimeout(testMs)

let stage: Stage | undefined
let server: ServerProcess
let browser: Browser
beforeAll(async () => {
  stage = await openStage({ env: { LIMITS: "off" } })
  ;({ server, browser } = stage)
})
afterAll(() => stage?.[Symbol.asyncDispose]())

/** What a tab asked for that is not of its own origin. */
const strangers = (tab: Tab, origin: string) =>
  tab.asked.filter((url) => new URL(url.replace(/^ws/, "http")).origin !== origin)

/** Nothing ran, nothing was blocked, nothing was asked for elsewhere. */
function expectClean(tab: Tab, url: string = server.url): void {
  expect(tab.faults).toEqual([])
  expect(tab.asked.length).toBeGreaterThan(2)
  expect(strangers(tab, new URL(url).origin)).toEqual([])
}

/** All that Markdown may make of a message, and the attributes that it may have. */
const allowed = {
  elements:
    "p, strong, em, s, code, pre, blockquote, ul, ol, li, span.mention, a[href^='http'], a[href^='mailto:']",
  attributes: [
    "class",
    "dir",
    "href",
    "title",
    "target",
    "rel",
    "tabindex",
    "value",
    "data-place",
    "data-language",
  ],
}

/** Elements and attributes in the page that only markup from a message or a name could have put there. */
const injected = (tab: Tab) =>
  tab.page.evaluate(({ elements, attributes }) => {
    const isBare = (element: Element) =>
      element.getAttributeNames().every((name) => attributes.includes(name))
    return [...document.body.querySelectorAll("*")].flatMap((element) => {
      const isOurs =
        !element.parentElement?.closest(".text") || (element.matches(elements) && isBare(element))
      const handlers = element.getAttributeNames().filter((name) => name.startsWith("on"))
      const foreign = element.matches(
        "script, iframe, object, embed, base, meta, link, style, video, math, img",
      )
      return isOurs && !foreign && handlers.length === 0 ? [] : [element.outerHTML]
    })
  }, allowed)

test("the probe sees what runs, what is blocked, what is loaded and what leaves", async () => {
  await using tab = await Tab.open(browser, `${server.url}/?r=probe&u=ann`)
  expectClean(tab)
  const sees = (what: string) =>
    until(`the probe sees ${what}`, () => tab.faults.some((fault) => fault.includes(what)))
  await tab.page.evaluate(() => {
    const { __hit } = window as unknown as { __hit: (what: string) => void }
    __hit("it ran")
    setTimeout(() => alert("it spoke"))
    document.body.insertAdjacentHTML("beforeend", "<img src=/none onerror=__hit(2)>")
    fetch("https://elsewhere.example/").catch(() => {})
  })
  for (const what of ["hit: it ran", "dialog: it spoke", "script-src-attr inline", "404"]) await sees(what)
  await sees("connect-src https://elsewhere.example")
  expect(await injected(tab)).toHaveLength(1)
})

const texts = hostile.map((payload) => payload.written)
/** Those of one line: a name has no second. */
const lines = texts.filter((text) => !text.includes("\n"))
/** Taken as they are by the server, for rooms and for people. */
const isName = (text: string) => /^[\w.-]{2,32}$/.test(text)
/** Some of each kind, where it takes a while. */
const some = lines.filter((text, i) => i % 8 === 0 && !isName(text))

describe(`${hostile.length} payloads`, () => {
  let tab: Tab
  beforeAll(async () => {
    tab = await Tab.open(browser, `${server.url}/client.html?r=pit&u=ann`)
  })
  afterAll(() => tab[Symbol.asyncDispose]())
  afterEach(async () => {
    expect(await injected(tab)).toEqual([])
    expectClean(tab)
  })

  test("are more than two hundred", () => expect(new Set(texts).size).toBeGreaterThan(200))

  test("as messages, live and from the history, are read as they were written", async () => {
    await using eve = await Peer.connect(server.wsUrl, "/ws?user=eve")
    // As many at once as fit into a high window.
    await tab.page.setViewportSize({ width: 1100, height: 3_600 })
    let links = 0
    for (const [i, some] of chunksOf(hostile, 70).entries()) {
      const room = `pit-${i}`
      await tab.page.goto(`${server.url}/client.html?r=${room}&u=ann`)
      await tab.isIn()
      for (const { written } of some)
        expect((await eve.ask({ type: "message", room_id: room, content: written })).type).toBe("ack")
      const read = some.map((payload) => payload.read)
      await tab.readsAll(read)
      expect(await injected(tab)).toEqual([])
      await tab.page.reload()
      await tab.readsAll(read)
      expect(await injected(tab)).toEqual([])
      const hrefs = await tab.log
        .locator("a")
        .evaluateAll((all) => all.map((a) => (a as HTMLAnchorElement).href))
      expect(hrefs.filter((href) => !/^(https?:\/\/[a-z]+\.example\/|mailto:)/.test(href))).toEqual([])
      links += hrefs.length
    }
    expect(links).toBeGreaterThan(5)
    await tab.page.setViewportSize({ width: 1100, height: 720 })
  })

  test("as what is replied to, over the field and in the log", async () => {
    await using eve = await Peer.connect(server.wsUrl, "/ws?user=eve")
    await tab.page.goto(`${server.url}/client.html?r=answers&u=ann`)
    await tab.isIn()
    for (const [i, content] of some.entries()) {
      const ack = await eve.ask({ type: "message", room_id: "answers", content })
      await eve.ask({ type: "message", room_id: "answers", content: `about ${i}`, reply_to: ack.message_id })
      await tab.message(`about ${i}`).locator(".reply-quote").waitFor()
      await tab.message(`about ${i}`).focus()
      await tab.page.keyboard.press("ArrowUp")
      await tab.page.keyboard.press("r")
      await tab.page.locator("#reply-bar").waitFor()
      if (i % 6 === 0) expect(await injected(tab)).toEqual([])
    }
  })

  test("as rooms to go to", async () => {
    await goToAll(tab, some)
    await tab.page.getByRole("heading", { name: "This room is not here" }).waitFor()
  })

  test("as rooms to find, and as people to write to", async () => {
    for (const text of some) {
      await tab.page.getByLabel("Find a room").fill(text)
      await tab.rooms.getByText(`Nothing matches “${text}”.`, { exact: true }).waitFor()
    }
    await tab.page.getByRole("button", { name: "Write to someone" }).click()
    for (const text of some) {
      await tab.page.getByLabel("Their name").fill(text.slice(0, 32))
      await tab.page.getByRole("button", { name: "Start writing" }).click()
      await tab.page.getByRole("alert").getByText("A name has 2 to 32 letters").waitFor()
    }
  })

  test("as one's own messages, written and edited in the page", async () => {
    await tab.page.goto(`${server.url}/client.html?r=own&u=ann`)
    await tab.isIn()
    const own = hostile.filter((payload) => some.includes(payload.written))
    for (const { written } of own) await tab.write(written)
    await tab.readsAll(own.map((payload) => payload.read))
    await tab.hasStored(own.at(-1)?.read as string)
    await tab.field.press("ArrowUp")
    await tab.page.getByLabel("Edit your message").fill(texts[8] as string)
    await tab.page.getByLabel("Edit your message").press("Enter")
    await tab.readsAll([...own.slice(0, -1).map((payload) => payload.read), texts[8] as string])
  })

  test("as names and topics of rooms, in the list, the head and the title", async () => {
    const rooms = await Promise.all(lines.map(makeRoom))
    await tab.page.goto(`${server.url}/client.html?r=hall&u=ann`)
    const wanted = rooms.map(({ ref, name }) => [`?r=${ref}&u=ann`, name] as const)
    await tab.page.waitForFunction((wanted) => {
      const names = new Map([...document.querySelectorAll("nav a")].map((a) => [a.getAttribute("href"), a]))
      return wanted.every(([href, name]) => names.get(href)?.textContent?.includes(name))
    }, wanted)
    expect(await injected(tab)).toEqual([])
    for (const { ref, name } of rooms.filter(({ name }) => some.includes(name))) {
      await tab.rooms.locator(`a[href="?r=${ref}&u=ann"]`).click()
      await tab.page.getByRole("heading", { level: 1 }).getByText(name, { exact: true }).waitFor()
      await tab.page.locator(".topic").getByText(name, { exact: true }).waitFor()
      await tab.page.waitForFunction((title) => document.title.includes(title), name)
    }
  })

  test("as names, in the address and in the field", async () => {
    const wrong = tab.page.getByRole("alert").getByText("A name has 2 to 32 letters")
    for (const text of some) {
      await tab.page.goto(`${server.url}/client.html?${new URLSearchParams({ u: text, r: text })}`)
      expect(await tab.page.getByLabel("Your name").inputValue()).toBe(text)
      await wrong.waitFor()
    }
    for (const text of some) {
      await tab.page.getByLabel("Your name").fill(text.slice(0, 32))
      await wrong.waitFor({ state: "detached" })
      await tab.page.getByLabel("Your name").press("Enter")
      await wrong.waitFor()
    }
  })
})

function chunksOf<T>(all: readonly T[], size: number): T[][] {
  const count = Math.ceil(all.length / size)
  return Array.from({ length: count }, (_, i) => all.slice(i * size, (i + 1) * size))
}

/** Goes to rooms in the page itself, to each until it says that it is not here. */
const goToAll = (tab: Tab, rooms: readonly string[]) =>
  tab.page.evaluate(async (rooms) => {
    const frame = () => new Promise(requestAnimationFrame)
    for (const room of rooms) {
      history.pushState(null, "", `?${new URLSearchParams({ r: room, u: "ann" })}`)
      dispatchEvent(new PopStateEvent("popstate"))
      await frame()
      while (document.querySelector("main [role=alert] h2") === null) await frame()
    }
  }, rooms)

test("payloads as names are refused by the server, in words no browser takes for a page", async () => {
  for (const payload of texts) {
    const response = await fetch(`${server.url}/rooms?${new URLSearchParams({ user: payload })}`)
    expect(response.status).toBe(400)
    expect(response.headers.get("content-type")).toStartWith("application/json")
    expect(response.headers.get("x-content-type-options")).toBe("nosniff")
  }
})

describe.each(["", "/apps/chat"])("behind a proxy, at the prefix “%s”", (prefix) => {
  let proxy: PrefixProxy
  beforeAll(async () => {
    proxy = await PrefixProxy.start(server.port, prefix)
  })
  afterAll(() => proxy[Symbol.asyncDispose]())

  test("/ and /client.html are a whole chat, and ask nobody else", async () => {
    await using ann = await Tab.enter(browser, `${proxy.url}/?r=porch`, "ann")
    await using bob = await Tab.open(browser, `${proxy.url}/client.html?r=porch&u=bob`)
    await ann.write(`hello at ${prefix}`)
    await bob.reads(`hello at ${prefix}`)
    await bob.write(`hello yourself at ${prefix}`)
    await ann.reads(`hello yourself at ${prefix}`)
    await bob.page.reload()
    await bob.reads(`hello yourself at ${prefix}`)
    await bob.rooms.getByRole("link", { name: "porch" }).waitFor()
    for (const tab of [ann, bob]) expectClean(tab, proxy.url)
    expect(proxy.strays).toEqual([])
  })
})

test("/docs is whole, asks nobody else, and every link of it leads to something of this server", async () => {
  await using tab = await Tab.blank(browser)
  await tab.page.goto(`${server.url}/docs`)
  await tab.page.getByRole("heading", { level: 1 }).waitFor()
  expectClean(tab)
  const links = await tab.page
    .locator("a")
    .evaluateAll((all) => [...new Set(all.map((a) => (a as HTMLAnchorElement).href))])
  const pages = new Set(links.map((href) => href.split("#")[0] as string))
  expect(pages.size).toBeGreaterThan(2)
  for (const href of pages) {
    expect(href).toStartWith(`${server.url}/`)
    expect((await fetch(href)).status).toBe(200)
  }
  const lost = await tab.page.evaluate((links) => {
    const ids = links.map((href) => decodeURIComponent(new URL(href).hash.slice(1)))
    return ids.filter((id) => id !== "" && document.getElementById(id) === null)
  }, links)
  expect(lost).toEqual([])
})

async function makeRoom(name: string, number: number): Promise<{ ref: string; name: string }> {
  const response = await fetch(`${server.url}/rooms?user=ann`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ kind: "public", name, topic: name, slug: `room-${number}` }),
  })
  expect(response.status).toBe(201)
  const room = (await response.json()) as { id: string; slug: string | null; name: string }
  expect(room.name).toBe(name)
  return { ref: room.slug ?? room.id, name }
}
