import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { Browser, WebSocket as PageSocket } from "playwright-core"
import { Peer } from "../harness/peer.ts"
import { type ServerProcess, startServer } from "../harness/server.ts"
import { until } from "../harness/until.ts"
import { payloads } from "./payload.ts"
import { openStage, type Stage } from "./stage.ts"
import { Tab, testMs } from "./tab.ts"
import { Site, Widget } from "./widget-site.ts"

setDefaultTimeout(testMs)

/** A tab and every WebSocket that it opens. */
async function tabWithSockets(browser: Browser, options?: Parameters<typeof Tab.blank>[1]) {
  const tab = await Tab.blank(browser, options)
  const sockets: PageSocket[] = []
  tab.page.on("websocket", (socket) => sockets.push(socket))
  return { tab, sockets, [Symbol.asyncDispose]: () => tab[Symbol.asyncDispose]() }
}

const site = new Site()
const stranger = new Site()
let stage: Stage | undefined
let server: ServerProcess
let browser: Browser
let script: (attributes: string) => string
beforeAll(async () => {
  stage = await openStage({ env: { CORS_ORIGINS: `https://other.example,${site.url}`, LIMITS: "off" } })
  ;({ server, browser } = stage)
  script = (attributes) => `<script src="${server.url}/widget.js" ${attributes}></script>`
})
afterAll(async () => {
  await stage?.[Symbol.asyncDispose]()
  await site[Symbol.asyncDispose]()
  await stranger[Symbol.asyncDispose]()
})

const say = async (peer: Peer, room: string, content: string) =>
  expect((await peer.ask({ type: "message", room_id: room, content })).type).toBe("ack")

/** The strictest policy of a page that lets the widget do what it is for. */
const strictPolicy = () =>
  [
    "default-src 'none'",
    `script-src ${server.url}`,
    `connect-src ${server.url} ${server.wsUrl}`,
    "base-uri 'none'",
    "form-action 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join("; ")

describe("[H24] a guest on a page of another origin with a strict policy", () => {
  let tab: Tab
  let widget: Widget
  let sockets: PageSocket[]
  let pat: Peer
  beforeAll(async () => {
    pat = await Peer.connect(server.wsUrl, "/ws?user=pat&room=support")
    await say(pat, "support", "said before")
    const url = site.add("/strict", { body: script('data-room="support"'), policy: strictPolicy() })
    ;({ tab, sockets } = await tabWithSockets(browser))
    await tab.page.goto(url)
    widget = new Widget(tab, "support")
  })
  afterAll(async () => {
    expect(tab.faults).toEqual([])
    await tab[Symbol.asyncDispose]()
    await pat[Symbol.asyncDispose]()
  })

  test("is not connected before the chat is opened, which puts the focus where one writes", async () => {
    await widget.launcher.waitFor()
    expect(await widget.launcher.getAttribute("aria-label")).toBe("Open the chat support")
    expect(sockets).toEqual([])
    await widget.launcher.focus()
    await tab.page.keyboard.press("Enter")
    await widget.reads("said before")
    await widget.panel.getByText("You are guest-").waitFor()
    expect(await widget.field.evaluate((field) => field.matches(":focus"))).toBe(true)
    expect(sockets).toHaveLength(1)
  })

  test("chats with a plain WebSocket", async () => {
    await tab.page.keyboard.type("hello from the shop")
    await tab.page.keyboard.press("Enter")
    const heard = await pat.hears("the guest", (frame) => frame.content === "hello from the shop")
    expect(heard.from).toMatch(/^guest-/)
    await widget.hasStored("hello from the shop")
    pat.send({ type: "typing", room_id: "support" })
    await widget.panel.getByText("pat is typing").waitFor()
    await say(pat, "support", "how can I help? https://help.example/a?b=1.")
    const link = widget.panel.getByRole("link", { name: "https://help.example/a?b=1", exact: true })
    expect(await link.getAttribute("href")).toBe("https://help.example/a?b=1")
    expect(await link.getAttribute("rel")).toContain("noopener")
    await widget.root.getByRole("status").getByText("pat: how can I help?").waitFor({ state: "attached" })
    await widget.panel.getByText("Today", { exact: true }).waitFor()
  })

  test("Escape closes it, gives the focus back, and what comes then is counted", async () => {
    await tab.page.keyboard.press("Escape")
    await widget.panel.waitFor({ state: "detached" })
    expect(await widget.launcher.evaluate((button) => button.matches(":focus"))).toBe(true)
    await tab.page.evaluate(() => {
      document.addEventListener("klatch-unread", (event) => {
        document.title = `unread ${(event as CustomEvent).detail.count}`
      })
    })
    await say(pat, "support", "still there?")
    await say(pat, "support", "hello?")
    await tab.page.waitForFunction(() => document.title === "unread 2")
    expect(await widget.launcher.getAttribute("aria-label")).toBe("Open the chat support, 2 new messages")
    expect(await widget.root.locator("[part=badge]").textContent()).toBe("2")
    await widget.root.getByRole("status").getByText("support: 2 new messages").waitFor({ state: "attached" })
    await tab.page.keyboard.press("Enter")
    await widget.reads("hello?")
    await tab.page.waitForFunction(() => document.title === "unread 0")
  })

  test("is the same guest after a reload, connected at once, since someone may have answered", async () => {
    const [name] = (await widget.panel.getByText("You are guest-").allTextContents()) as [string]
    await widget.panel.getByRole("button", { name: "Close the chat" }).click()
    await widget.panel.waitFor({ state: "detached" })
    await tab.page.reload()
    await until("connected", () => sockets.length === 2)
    await say(pat, "support", "you were away")
    await widget.root.locator("[part=badge]").getByText("1", { exact: true }).waitFor()
    await widget.open()
    await widget.panel.getByText(name, { exact: true }).waitFor()
    expect(await widget.texts()).toContain("hello from the shop")
  })
})

test("[H24] the page's style does not leak in, nor ours out, but for what is offered", async () => {
  const hostile = `<style>
    * { color: red !important; background: lime !important; font: 40px serif !important; letter-spacing: 9px;
      text-transform: uppercase; line-height: 4; visibility: hidden }
    div, section, button, dialog { display: inline !important; position: static !important; opacity: 0.1 }
    klatch-chat { opacity: 0.1; transform: rotate(45deg); display: none !important; float: left; filter: blur(9px) }
    .launcher, .panel, .bubble { border: 9px solid red }
    :root { font-size: 3px; --accent: red; --ink: red; --surface: red }
  </style>`
  const plain = site.add("/plain", { body: `<h1>Shop</h1>${script('data-room="style" data-open')}` })
  const worst = site.add("/worst", {
    head: hostile,
    body: `<h1>Shop</h1>${script('data-room="style" data-open')}`,
  })
  const themed = site.add("/themed", {
    head: `<style>klatch-chat { --klatch-accent: rgb(1, 2, 3); --klatch-radius: 3px }
      klatch-chat::part(launcher) { border-radius: 5px }</style>`,
    body: script('data-room="style" data-open data-heading="Ask us" data-position="top-left"'),
  })
  // Measured as it stands: without motion it stands there at once.
  await using tab = await Tab.blank(browser, { reducedMotion: "reduce" })
  const look = async (url: string) => {
    await tab.page.goto(url)
    const widget = new Widget(tab, "style")
    await widget.panel.getByText("Say hello").waitFor()
    const told = await widget.root.evaluate((element) => {
      const styleOf = (part: string) => {
        const found = element.shadowRoot?.querySelector(part) as Element
        const style = getComputedStyle(found)
        const { x, y, width, height } = found.getBoundingClientRect()
        const names = ["color", "background-color", "font", "letter-spacing", "text-transform", "visibility"]
        const more = ["display", "position", "opacity", "border", "border-radius", "line-height"]
        return [...[...names, ...more].map((name) => style.getPropertyValue(name)), x, y, width, height]
      }
      const parts = [".klatch", ".launcher", ".panel", ".title", ".field", ".send", ".state h3"]
      return Object.fromEntries(parts.map((part) => [part, styleOf(part)]))
    })
    return { told, heading: await widget.panel.locator("[part=title]").textContent() }
  }
  const asIs = await look(plain)
  const page = () =>
    tab.page.evaluate(() => {
      const all = [document.documentElement, document.body, document.querySelector("h1") as Element]
      return all.map((one) => {
        const style = getComputedStyle(one)
        return [...style].map((name) => `${name}: ${style.getPropertyValue(name)}`)
      })
    })
  // The rest of the page is as without the widget.
  const before = await page()
  expect(before[2]?.length).toBeGreaterThan(100)
  await tab.page.evaluate(() => document.querySelector("klatch-chat")?.remove())
  expect(await page()).toEqual(before)
  expect((await look(worst)).told).toEqual(asIs.told)
  const { told, heading } = await look(themed)
  expect(heading).toBe("Ask us")
  expect(told[".launcher"]?.[1]).toBe("rgb(1, 2, 3)")
  expect(told[".launcher"]?.[10]).toBe("5px")
  expect(told[".panel"]?.[10]).toBe("3px")
  expect(Number(told[".launcher"]?.at(-4))).toBeLessThan(100)
  expect(Number(told[".launcher"]?.at(-3))).toBeLessThan(100)
  expect(tab.faults).toEqual([])
})

test("[H24] light and dark are the page's, else the system's, else as asked", async () => {
  const hand = `${script("")}<klatch-chat room="scheme" user="ann"></klatch-chat>`
  const url = site.add("/scheme", { body: hand })
  await using tab = await Tab.blank(browser, { colorScheme: "dark" })
  await tab.page.goto(url)
  const widget = new Widget(tab, "scheme")
  await widget.open()
  const white = "rgb(255, 255, 255)"
  const isWhite = (is: boolean) =>
    until(`a ${is ? "light" : "dark"} panel`, async () => {
      const colour = await widget.panel.evaluate((panel) => getComputedStyle(panel).backgroundColor)
      return (colour === white) === is
    })
  await isWhite(false)
  await tab.page.evaluate(() => document.documentElement.style.setProperty("color-scheme", "light"))
  await isWhite(true)
  await widget.root.evaluate((element) => element.setAttribute("scheme", "dark"))
  await isWhite(false)
  await tab.page.emulateMedia({ colorScheme: "light" })
  await tab.page.evaluate(() => document.documentElement.style.removeProperty("color-scheme"))
  await isWhite(false)
  await widget.root.evaluate((element) => element.removeAttribute("scheme"))
  await isWhite(true)
})

test("[H24] taken out of the page it closes its connection; moved it goes on; put back it comes back", async () => {
  const url = site.add("/leave", { body: `<main></main>${script('data-room="leave" data-user="ann"')}` })
  await using opened = await tabWithSockets(browser)
  const { tab, sockets } = opened
  await tab.page.goto(url)
  const widget = new Widget(tab, "leave")
  await until("connected", () => sockets.length === 1)
  await widget.open()
  await widget.write("I was here")
  await widget.hasStored("I was here")
  await tab.page.evaluate(() => {
    const element = document.querySelector("klatch-chat") as Element
    document.querySelector("main")?.append(element)
  })
  await widget.write("and here")
  await widget.hasStored("and here")
  expect(sockets.map((socket) => socket.isClosed())).toEqual([false])
  await tab.page.evaluate(() => {
    const kept = document.querySelector("klatch-chat") as Element
    kept.remove()
    Object.assign(window, { kept })
  })
  await until("closed", () => sockets[0]?.isClosed())
  await tab.page.evaluate(() => document.body.append((window as unknown as { kept: Element }).kept))
  await widget.reads("and here")
  await until("connected again", () => sockets.length === 2 && !sockets[1]?.isClosed())
  expect(tab.faults).toEqual([])
})

test("[H24] two widgets on one page are two chats on one connection, side by side", async () => {
  const two = `${script('data-room="left" data-user="ann"')}${script('data-room="right" data-user="ann"')}`
  await using opened = await tabWithSockets(browser)
  const { tab, sockets } = opened
  await tab.page.goto(site.add("/two", { body: two }))
  const [left, right] = [new Widget(tab, "left"), new Widget(tab, "right")]
  const boxes = await Promise.all([left, right].map(({ launcher }) => launcher.boundingBox()))
  const [one, other] = boxes as [NonNullable<(typeof boxes)[0]>, NonNullable<(typeof boxes)[0]>]
  expect(Math.abs(one.x - other.x)).toBeGreaterThanOrEqual(one.width)
  expect(one.y).toBe(other.y)
  await using pat = await Peer.connect(server.wsUrl, "/ws?user=pat&room=left")
  await pat.ask({ type: "join", room_id: "right" })
  await left.open()
  await left.write("in the left one")
  await left.hasStored("in the left one")
  await right.open()
  await left.panel.waitFor({ state: "detached" })
  expect(await right.texts()).toEqual([])
  await say(pat, "left", "to the left one")
  await say(pat, "right", "to the right one")
  await right.reads("to the right one")
  await left.root.locator("[part=badge]").getByText("1", { exact: true }).waitFor()
  expect(sockets).toHaveLength(1)
  await tab.page.evaluate(() => document.querySelector("klatch-chat[room=left]")?.remove())
  await right.write("still here")
  await right.hasStored("still here")
  expect(sockets.map((socket) => socket.isClosed())).toEqual([false])
  await tab.page.evaluate(() => document.querySelector("klatch-chat[room=right]")?.remove())
  await until("closed", () => sockets[0]?.isClosed())
  expect(tab.faults).toEqual([])
})

test("[H24] a token is asked for before every connection, and one that is refused is told", async () => {
  const head = `<script>
    let count = 0
    window.shop = { name: "t", async token() { return this.name + ++count } }
  </script>`
  const url = site.add("/token", { head, body: script('data-room="den" data-token-callback="shop.token"') })
  await using tab = await Tab.blank(browser)
  await tab.page.goto(url)
  const widget = new Widget(tab, "den")
  await widget.open()
  // In open mode the server can check no token, and refuses each.
  await widget.panel.getByRole("alert").getByText("You are not signed in").waitFor()
  const tokens = () => tab.asked.flatMap((asked) => new URL(asked).searchParams.get("token") ?? [])
  expect(tokens()[0]).toBe("t1")
  const before = tokens().length
  await widget.panel.getByRole("button", { name: "Try again" }).click()
  await until("asked again", () => tokens().length > before)
  await widget.panel.getByText("You are not signed in").waitFor()
  expect(new Set(tokens()).size).toBe(tokens().length)
  expect(tab.asked.filter((asked) => asked.includes("user="))).toEqual([])
})

test("[H24] on a page that the server does not list it says so, and its developer is told how to list it", async () => {
  const url = stranger.add("/", { body: script('data-room="den" data-user="ann" data-open') })
  await using tab = await Tab.blank(browser)
  await tab.page.goto(url)
  const widget = new Widget(tab, "den")
  await widget.panel.getByText("No chat on this page").waitFor()
  const told = `Klatch: ${server.url} does not let ${stranger.url} in. Add this origin to the server's CORS_ORIGINS.`
  await until("told", () => tab.faults.includes(told))
})

test("[H24] on a phone it is the whole screen and holds the focus", async () => {
  const url = site.add("/phone", {
    body: `<a href="#x">a link</a>${script('data-room="phone" data-user="ann"')}`,
  })
  await using tab = await Tab.blank(browser, { viewport: { width: 390, height: 780 }, hasTouch: true })
  await tab.page.goto(url)
  const widget = new Widget(tab, "phone")
  await widget.open()
  await widget.panel.getByText("Say hello").waitFor()
  const isFull = () =>
    until("the whole screen", async () => {
      const box = await widget.panel.boundingBox()
      return box && box.x === 0 && box.y === 0 && box.width === 390 && box.height === 780
    })
  await isFull()
  expect(await widget.panel.evaluate((panel) => panel.matches(":modal"))).toBe(true)
  for (let i = 0; i < 8; i++) {
    await tab.page.keyboard.press("Tab")
    expect(await tab.page.locator("a").evaluate((link) => link.matches(":focus"))).toBe(false)
  }
  await tab.page.setViewportSize({ width: 900, height: 780 })
  await until("beside the page", () => widget.panel.evaluate((panel) => !panel.matches(":modal")))
  await tab.page.keyboard.press("Escape")
  await widget.panel.waitFor({ state: "detached" })
})

test(`[H24] ${payloads.length} payloads are read as they were written, and do nothing`, async () => {
  await using eve = await Peer.connect(server.wsUrl, "/ws?user=eve&room=pit")
  for (const payload of payloads) await say(eve, "pit", payload)
  const url = site.add("/pit", { body: script('data-room="pit" data-user="ann" data-open') })
  await using tab = await Tab.blank(browser)
  await tab.page.goto(url)
  const widget = new Widget(tab, "pit")
  await widget.reads(payloads.at(-1) as string)
  expect(await widget.texts()).toEqual([...payloads])
  const links = await widget.panel
    .locator("a")
    .evaluateAll((all) => all.map((a) => (a as HTMLAnchorElement).href))
  expect(links.filter((href) => !href.startsWith("https://"))).toEqual([])
  expect(tab.asked.filter((asked) => asked.includes("elsewhere"))).toEqual([])
  expect(tab.faults).toEqual([])
})

test("[H24] scrolling back loads to the first message, and does not move what is read", async () => {
  const count = 230
  await using ann = await Peer.connect(server.wsUrl, "/ws?user=ann&room=long")
  const numbers = Array.from({ length: count }, (_, i) => i + 1)
  const content = (n: number) => (n % 7 === 0 ? `#${n}\n${"line\n".repeat(n % 5)}end` : `#${n}`)
  await Promise.all(numbers.map((n) => say(ann, "long", content(n))))
  await using tab = await Tab.blank(browser)
  await tab.page.goto(site.add("/long", { body: script('data-room="long" data-user="bob" data-open') }))
  const widget = new Widget(tab, "long")
  await widget.reads(`#${count}`)
  const log = widget.panel.getByRole("log")
  const shown = async () => (await widget.texts()).map((text) => Number(/^#(\d+)/.exec(text)?.[1]))
  const topOfFirst = () => log.evaluate((box) => box.scrollTop)
  expect(await log.evaluate((box) => box.scrollHeight - box.clientHeight - box.scrollTop)).toBeLessThan(2)
  for (let first = (await shown())[0] as number; first > 1; ) {
    // The line that is first now stays where the reader sees it, whatever comes before it.
    const line = widget.panel.getByText(content(first).split("\n")[0] as string, { exact: false }).first()
    await log.evaluate((box) => {
      box.scrollTop = 100
    })
    await until("older ones", async () => ((await shown())[0] as number) < first)
    expect(await topOfFirst()).toBeGreaterThan(100)
    const [box, view] = [await line.boundingBox(), await log.boundingBox()]
    expect(box && view && box.y >= view.y - 200 && box.y < view.y + view.height).toBe(true)
    first = (await shown())[0] as number
    expect(await shown()).toEqual(numbers.slice(first - 1))
  }
  await widget.panel.getByText("This is the beginning.").waitFor({ state: "attached" })
  await say(ann, "long", "news")
  await widget.panel.getByText("New messages").click()
  await widget.reads("news")
  await until("the end alone", async () => (await shown()).length <= 60)
  expect(tab.faults).toEqual([])
})

test("[H24] the server away and back: a calm notice, and what was written meanwhile is there once", async () => {
  const dataDir = mkdtempSync(join(tmpdir(), "klatch-widget-"))
  const options = { dataDir, env: { CORS_ORIGINS: site.url } }
  let own = await startServer(options)
  try {
    const body = `<script src="${own.url}/widget.js" data-room="dark" data-user="ann" data-open></script>`
    await using tab = await Tab.blank(browser)
    await tab.page.goto(site.add("/away", { body }))
    const widget = new Widget(tab, "dark")
    await widget.panel.getByText("Say hello").waitFor()
    await widget.write("before")
    await widget.hasStored("before")
    await own.kill()
    await widget.panel.getByText("You are offline.").waitFor()
    await widget.write("in the dark")
    await widget.panel.locator('[data-delivery="sending"]').getByText("in the dark").waitFor()
    own = await startServer({ ...options, env: { ...options.env, PORT: String(own.port) } })
    await widget.hasStored("in the dark")
    await widget.panel.getByText("You are offline.").waitFor({ state: "detached" })
    const history = (await (await fetch(`${own.url}/history?r=dark`)).json()) as { content: string }[]
    expect(history.map((message) => message.content)).toEqual(["before", "in the dark"])
    expect(await widget.texts()).toEqual(["before", "in the dark"])
  } finally {
    await own[Symbol.asyncDispose]()
    rmSync(dataDir, { recursive: true, force: true })
  }
})
