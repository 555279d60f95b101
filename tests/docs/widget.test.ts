import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { Browser, Locator, Page } from "playwright-core"
import { launchBrowser } from "../e2e/browser.ts"
import { Peer } from "../harness/peer.ts"
import { until } from "../harness/until.ts"
import { type Running, runCommand } from "./command.ts"
import { curl } from "./curl.ts"
import { blocksOf } from "./document.ts"

setDefaultTimeout(60_000)

const root = join(import.meta.dirname, "../..")
const dataDir = mkdtempSync(join(tmpdir(), "klatch-widget-"))
const blocks = blocksOf(readFileSync(join(root, "docs/widget.md"), "utf8"))
const startLine = /: Klatch is at (http:\S+)/

/** A shop's own pages, by their paths, at an origin of its own. */
const pages = new Map<string, { readonly html: string; readonly policy?: string }>()
const shop = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  fetch(request) {
    const page = pages.get(new URL(request.url).pathname)
    if (!page) return new Response(null, { status: 204 })
    const headers = new Headers({ "content-type": "text/html;charset=utf-8" })
    if (page.policy) headers.set("content-security-policy", page.policy)
    return new Response(`<!doctype html><html lang="en"><title>Shop</title><body>${page.html}`, { headers })
  },
})

let browser: Browser
let server: Running
let url = ""
beforeAll(async () => {
  const command = told("sh").replace("https://shop.example", shop.url.origin)
  expect(command).toContain(shop.url.origin)
  const env = { PORT: "0", HOST: "127.0.0.1", APP_ENV: "development", DATA_DIR: dataDir }
  ;[browser, server] = await Promise.all([launchBrowser(), runCommand(command, startLine, env)])
  url = startLine.exec(server.line)?.[1] ?? ""
})
afterAll(async () => {
  await browser?.close()
  await server?.[Symbol.asyncDispose]()
  await shop.stop(true)
  rmSync(dataDir, { recursive: true, force: true })
})

/** A block of the page, as it is written for our server. */
function told(info: string, at = 0): string {
  const block = blocks.filter((block) => block.info === info)[at]
  if (!block) throw new Error(`docs/widget.md has no block ${at} of "${info}"`)
  return block.text
    .replaceAll("wss://chat.example", url.replace(/^http/, "ws"))
    .replaceAll("https://chat.example", url)
}

/** Opens a page of the shop as somebody new, and does something there; what goes wrong in it is a fault. */
async function visit(path: string, act: (page: Page, chat: Locator, printed: string[]) => Promise<void>) {
  const context = await browser.newContext()
  try {
    const page = await context.newPage()
    const printed: string[] = []
    const faults: string[] = []
    page.on("pageerror", (error) => faults.push(String(error)))
    page.on("console", (message) => (message.type() === "log" ? printed : faults).push(message.text()))
    await page.goto(shop.url.origin + path)
    await act(page, page.locator('klatch-chat[room="support"]'), printed)
    expect(faults).toEqual([])
  } finally {
    await context.close()
  }
}

describe("docs/widget.md", () => {
  test("is told as a whole", () => {
    expect(blocks.map(({ info }) => info)).toEqual(["html", "sh", "html", "js", "css", ""])
  })

  test("one line puts a chat on a page, under the policy that the page names", async () => {
    pages.set("/line", { html: told("html"), policy: told("") })
    await visit("/line", async (_page, chat) => {
      await chat.locator("[part=launcher]").click()
      const field = chat.getByLabel("Write a message")
      await field.fill("Is anybody here?")
      await field.press("Enter")
      await chat.locator('[data-delivery="sent"]').getByText("Is anybody here?", { exact: true }).waitFor()
    })
    const texts = JSON.parse(await curl(`curl ${url}/history?r=support`)) as { content: string }[]
    expect(texts.map(({ content }) => content)).toContain("Is anybody here?")
  })

  test("an element of one's own is led by the page's code and looks as its style says", async () => {
    await using pat = await Peer.connect(url.replace(/^http/, "ws"), "/ws?user=pat&room=support")
    await pat.ask({ type: "message", room_id: "support", content: "Welcome" })
    const html = `${told("html", 1)}<style>${told("css")}</style><script type="module">${told("js")}</script>`
    pages.set("/element", { html })
    await visit("/element", async (page, chat, printed) => {
      await chat.getByText("Welcome", { exact: true }).waitFor()
      await chat.getByText("Ask us", { exact: true }).waitFor()
      const launcher = chat.locator("[part=launcher]")
      const look = await launcher.evaluate((button) => {
        const { backgroundColor, borderRadius, fontFamily } = getComputedStyle(button)
        return { backgroundColor, borderRadius, fontFamily }
      })
      expect(look).toEqual({
        backgroundColor: "rgb(194, 65, 12)",
        borderRadius: "12px",
        fontFamily: "Georgia, serif",
      })
      await page.evaluate(() => (document.querySelector("klatch-chat") as unknown as { hide(): void }).hide())
      await chat.getByRole("dialog").waitFor({ state: "hidden" })
      await pat.ask({ type: "message", room_id: "support", content: "Still there?" })
      await until("the unread message is told", () => printed.at(-1) === "1")
      const left = (await launcher.boundingBox())?.x ?? Number.NaN
      expect(left).toBeLessThan((page.viewportSize()?.width ?? 0) / 2)
    })
  })
})
