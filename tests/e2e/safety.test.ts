import { afterAll, afterEach, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test"
import type { Browser } from "playwright-core"
import { Peer } from "../harness/peer.ts"
import type { ServerProcess } from "../harness/server.ts"
import { until } from "../harness/until.ts"
import { payloads } from "./payload.ts"
import { PrefixProxy } from "./prefix-proxy.ts"
import { openStage, type Stage } from "./stage.ts"
import { Tab, testMs } from "./tab.ts"

setDefaultTimeout(testMs)

let stage: Stage | undefined
let server: ServerProcess
let browser: Browser
beforeAll(async () => {
  stage = await openStage()
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

/** Elements and attributes in the page that only markup from a message or a name could have put there. */
const injected = (tab: Tab) =>
  tab.page.evaluate(() =>
    [...document.body.querySelectorAll("*")].flatMap((element) => {
      // What a message's own marks may come to, and no attribute besides these.
      const marks = "p, pre, code, blockquote, ul, ol, li, strong, em, s, br, span.mention, a[href^='http']"
      const known = "class dir tabindex title data-language value href rel target".split(" ")
      const isPlain = element.getAttributeNames().every((name) => known.includes(name))
      const isOurs =
        !element.closest(".text") || element.matches(".text") || (element.matches(marks) && isPlain)
      const handlers = element.getAttributeNames().filter((name) => name.startsWith("on"))
      const foreign = element.matches("script, iframe, object, embed, base, meta, link, style, video, math")
      return isOurs && !foreign && handlers.length === 0 ? [] : [element.outerHTML]
    }),
  )

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

describe(`${payloads.length} payloads`, () => {
  let tab: Tab
  beforeAll(async () => {
    tab = await Tab.open(browser, `${server.url}/client.html?r=pit&u=ann`)
  })
  afterAll(() => tab[Symbol.asyncDispose]())
  afterEach(async () => {
    expect(await injected(tab)).toEqual([])
    expectClean(tab)
  })

  test("as messages, live and from the history, are read as they were written", async () => {
    await using eve = await Peer.connect(server.wsUrl, "/ws?user=eve&room=pit")
    for (const content of payloads)
      expect((await eve.ask({ type: "message", room_id: "pit", content })).type).toBe("ack")
    await tab.readsAll(payloads)
    expect(await injected(tab)).toEqual([])
    await tab.page.reload()
    await tab.readsAll(payloads)
    const links = await tab.log
      .locator("a")
      .evaluateAll((all) => all.map((a) => (a as HTMLAnchorElement).href))
    expect(links.length).toBeGreaterThan(1)
    expect(links.filter((href) => !/^https?:\/\/[a-z]+\.example\//.test(href))).toEqual([])
  })

  test("as rooms to go to, to find, and as people to write to", async () => {
    for (const payload of payloads) {
      await tab.page.evaluate((room) => {
        history.pushState(null, "", `?${new URLSearchParams({ r: room, u: "ann" })}`)
        dispatchEvent(new PopStateEvent("popstate"))
      }, payload)
      await tab.page.getByRole("heading", { name: "This room is not here" }).waitFor()
    }
    for (const payload of payloads) {
      await tab.page.getByLabel("Find a room").fill(payload)
      await tab.rooms.getByText(`Nothing matches “${payload}”.`, { exact: true }).waitFor()
    }
    await tab.page.getByRole("button", { name: "Write to someone" }).click()
    for (const payload of payloads) {
      await tab.page.getByLabel("Their name").fill(payload.slice(0, 32))
      await tab.page.getByRole("button", { name: "Start writing" }).click()
      await tab.page.getByRole("alert").getByText("A name has 2 to 32 letters").waitFor()
    }
  })

  test("as one's own messages, written and edited in the page", async () => {
    await tab.page.goto(`${server.url}/client.html?r=own&u=ann`)
    await tab.isIn()
    const some = payloads.slice(0, 8)
    for (const text of some) await tab.write(text)
    await tab.hasStored(some.at(-1) as string)
    await tab.field.press("ArrowUp")
    await tab.page.getByLabel("Edit your message").fill(payloads[8] as string)
    await tab.page.getByLabel("Edit your message").press("Enter")
    await tab.readsAll([...some.slice(0, -1), payloads[8] as string])
  })

  test("as names and topics of rooms, in the list, the head and the title", async () => {
    const rooms = await Promise.all(payloads.map(makeRoom))
    await tab.page.goto(`${server.url}/client.html?r=hall&u=ann`)
    for (const { ref, name } of rooms)
      await tab.rooms.locator(`a[href="?r=${ref}&u=ann"]`).getByText(name, { exact: true }).waitFor()
    for (const { ref, name } of rooms.filter((_, i) => i % 4 === 0)) {
      await tab.rooms.locator(`a[href="?r=${ref}&u=ann"]`).click()
      await tab.page.getByRole("heading", { level: 1 }).getByText(name, { exact: true }).waitFor()
      await tab.page.locator(".topic").getByText(name, { exact: true }).waitFor()
      await tab.page.waitForFunction((title) => document.title.startsWith(title), name)
    }
  })

  test("as names, in the address and in the field", async () => {
    const wrong = tab.page.getByRole("alert").getByText("A name has 2 to 32 letters")
    for (const payload of payloads.filter((_, i) => i % 4 === 0)) {
      await tab.page.goto(`${server.url}/client.html?${new URLSearchParams({ u: payload, r: payload })}`)
      expect(await tab.page.getByLabel("Your name").inputValue()).toBe(payload)
      await wrong.waitFor()
    }
    for (const payload of payloads) {
      await tab.page.getByLabel("Your name").fill(payload.slice(0, 32))
      await wrong.waitFor({ state: "detached" })
      await tab.page.getByLabel("Your name").press("Enter")
      await wrong.waitFor()
    }
  })
})

test("payloads as names are refused by the server, in words no browser takes for a page", async () => {
  for (const payload of payloads) {
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

async function makeRoom(name: string): Promise<{ ref: string; name: string }> {
  const response = await fetch(`${server.url}/rooms?user=ann`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ kind: "public", name, topic: name }),
  })
  expect(response.status).toBe(201)
  const room = (await response.json()) as { id: string; slug: string | null; name: string }
  expect(room.name).toBe(name)
  return { ref: room.slug ?? room.id, name }
}
