import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test"
import type { Browser } from "playwright-core"
import { type ServerProcess, startServer } from "../harness/server.ts"
import { until } from "../harness/until.ts"
import { openStage, type Stage } from "./stage.ts"
import { Tab, testMs } from "./tab.ts"
import { Site, Widget } from "./widget-site.ts"

setDefaultTimeout(testMs)

const site = new Site()
let stage: Stage | undefined
let server: ServerProcess
let other: ServerProcess
let browser: Browser
beforeAll(async () => {
  const env = { CORS_ORIGINS: site.url, LIMITS: "off" }
  ;[stage, other] = await Promise.all([openStage({ env }), startServer({ env })])
  ;({ server, browser } = stage)
})
afterAll(async () => {
  await stage?.[Symbol.asyncDispose]()
  await other?.[Symbol.asyncDispose]()
  await site[Symbol.asyncDispose]()
})

const script = (attributes: string, from = server.url) =>
  `<script ${attributes} src="${from}/widget.js"></script>`

/** The chats of a page, once there are so many. */
async function chatsOf(tab: Tab, count: number): Promise<(string | null)[][]> {
  const chats = tab.page.locator("klatch-chat")
  await chats.nth(count - 1).waitFor({ state: "attached" })
  return chats.evaluateAll((all) => all.map((one) => [one.getAttribute("server"), one.getAttribute("room")]))
}

describe("[H24] scripts of one page, each with a chat of its own", () => {
  for (const type of ["module", "text/javascript"])
    test(`of two servers, as ${type}`, async () => {
      const name = type === "module" ? "mod" : "classic"
      const body = [
        script(`type="${type}" data-room="support" data-user="${name}"`),
        script(`type="${type}" data-room="sales" data-user="${name}"`, other.url),
      ].join("")
      await using tab = await Tab.blank(browser)
      await tab.page.goto(site.add("/two-servers", { body }))
      expect(await chatsOf(tab, 2)).toEqual([
        [server.url, "support"],
        [other.url, "sales"],
      ])
      for (const room of ["support", "sales"]) {
        const widget = new Widget(tab, room)
        await widget.open()
        await widget.write(`to ${room} by ${name}`)
        await widget.hasStored(`to ${room} by ${name}`)
      }
      expect(tab.faults).toEqual([])
    })

  test("of one address, as modules, which run once", async () => {
    const body = ["one", "two", "three"].map((room) => script(`type="module" data-room="${room}"`)).join("")
    await using tab = await Tab.blank(browser)
    await tab.page.goto(site.add("/one-address", { body }))
    expect(await chatsOf(tab, 3)).toEqual(["one", "two", "three"].map((room) => [server.url, room]))
    expect(tab.faults).toEqual([])
  })

  test("as modules that are led elsewhere, and as one without a chat", async () => {
    const moved = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      fetch: () =>
        new Response(null, {
          status: 302,
          headers: { location: `${server.url}/widget.js`, "access-control-allow-origin": "*" },
        }),
    })
    try {
      const from = `http://127.0.0.1:${moved.port}`
      const body = `${script('type="module"')}<klatch-chat room="by-hand"></klatch-chat>`
      await using tab = await Tab.blank(browser)
      await tab.page.goto(site.add("/by-hand", { body }))
      await new Widget(tab, "by-hand").open()
      await new Widget(tab, "by-hand").panel.getByText("Say hello").waitFor()
      await tab.page.goto(site.add("/moved", { body: script('type="module" data-room="moved"', from) }))
      expect(await chatsOf(tab, 1)).toEqual([[from, "moved"]])
    } finally {
      await moved.stop(true)
    }
  })
})

test("[H24] what a page adds to every object does not reach it", async () => {
  const head = `<script>
    Object.prototype.polluted = "x"
    Object.prototype.extend = function () {}
    Array.prototype.extra = 1
  </script>`
  const body = script('data-room="polluted" data-user="ann"')
  await using tab = await Tab.blank(browser)
  await tab.page.goto(site.add("/polluted", { head, body }))
  const widget = new Widget(tab, "polluted")
  await widget.open()
  for (const text of ["all the same", "and once more"]) {
    await widget.write(text)
    await widget.hasStored(text)
  }
  await tab.page.keyboard.press("Escape")
  await widget.panel.waitFor({ state: "detached" })
  await widget.open()
  await widget.reads("and once more")
  expect(tab.faults).toEqual([])
})

test("[H24] a page with an element of that name is left alone, and its developer is told", async () => {
  const head = `<script>customElements.define("klatch-chat", class extends HTMLElement {})</script>`
  await using tab = await Tab.blank(browser)
  await tab.page.goto(site.add("/taken", { head, body: script('data-room="den"') }))
  await until("told", () => tab.faults.length > 0)
  expect(tab.faults).toEqual([expect.stringContaining("has an element <klatch-chat> of its own")])
  expect(await tab.page.locator("klatch-chat").count()).toBe(0)
})

test("[H24] what the page has wrong its visitors are told calmly, its developer why", async () => {
  const wrong = [
    ['data-room="Bad Room!" data-user="ann"', "room_id: must be 1..64"],
    ['data-room="den" data-user="a b&lt;c"', "user: must be 2..32"],
  ] as const
  for (const [attributes, reason] of wrong) {
    await using tab = await Tab.blank(browser)
    await tab.page.goto(site.add("/wrong", { body: script(`${attributes} data-open`) }))
    const alert = tab.page.locator("klatch-chat").getByRole("alert")
    await alert.getByText("The chat could not be opened").waitFor()
    expect(await alert.textContent()).not.toMatch(/room|must|1\.\.|user/)
    await until("told", () =>
      tab.faults.some((fault) => fault.startsWith(`Klatch: the chat "`) && fault.includes(reason)),
    )
  }
})

test("[H24] a front that answers for the server is no refusal: the page is offline", async () => {
  // It knows nothing of origins, and lets no WebSocket through.
  const front = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: (request) => {
      const { method, headers } = request
      const { pathname, search } = new URL(request.url)
      if (pathname === "/healthz") return Response.json({ status: "ok" })
      if (pathname === "/ws") return new Response("bad gateway", { status: 502 })
      return fetch(server.url + pathname + search, { method, headers, decompress: false })
    },
  })
  try {
    await using tab = await Tab.blank(browser)
    const body = script('data-room="den" data-user="ann" data-open', `http://127.0.0.1:${front.port}`)
    const asked = tab.page.waitForRequest(/\/healthz$|\/rooms\/discover.*/)
    await tab.page.goto(site.add("/front", { body }))
    await asked
    const widget = new Widget(tab, "den")
    await widget.panel.getByText("You are offline.").waitFor()
    // By the third try the question why was answered long since.
    await until("tried again", () => tab.asked.filter((url) => url.includes("/ws")).length > 2)
    expect(await widget.panel.getByText("No chat on this page").count()).toBe(0)
    expect(tab.faults.filter((fault) => fault.includes("CORS_ORIGINS"))).toEqual([])
  } finally {
    await front.stop(true)
  }
})
