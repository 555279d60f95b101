import { expect } from "bun:test"
import type { Browser, BrowserContext, BrowserContextOptions, Locator, Page } from "playwright-core"

/** How long something may take to show itself, on a machine with other work to do. */
const showMs = 15_000

/** What a file of browser tests may take for its start, and one of its tests. */
export const testMs = 60_000

/** What a browser says of a socket that was still opening when its page went, or its user signed in or out. */
const leftMeanwhile = /WebSocket is closed before the connection is established/

/** A tab in a profile of its own, as a person at another machine has it, and what went wrong in it. */
export class Tab implements AsyncDisposable {
  readonly page: Page
  /** The console's errors and warnings, uncaught errors, dialogs, breaches of the page's policy, hits of the probe. */
  readonly faults: string[] = []
  /** Every address it has asked for, WebSockets too. */
  readonly asked: string[] = []
  readonly #context: BrowserContext

  private constructor(context: BrowserContext, page: Page) {
    this.#context = context
    this.page = page
    page.on("console", (message) => {
      if (message.type() !== "error" && message.type() !== "warning") return
      if (!leftMeanwhile.test(message.text())) this.faults.push(message.text())
    })
    page.on("pageerror", (error) => this.faults.push(String(error)))
    page.on("dialog", (dialog) => {
      this.faults.push(`dialog: ${dialog.message()}`)
      void dialog.dismiss()
    })
    page.on("websocket", (socket) => this.asked.push(socket.url()))
    context.on("request", (request) => this.asked.push(request.url()))
  }

  /** A tab with nothing in it. */
  static async blank(browser: Browser, options: BrowserContextOptions = {}): Promise<Tab> {
    const context = await browser.newContext({ viewport: { width: 1100, height: 720 }, ...options })
    context.setDefaultTimeout(showMs)
    const tab = new Tab(context, await context.newPage())
    await context.exposeFunction("__hit", (what: unknown) => tab.faults.push(`hit: ${what}`))
    await context.addInitScript(() =>
      document.addEventListener("securitypolicyviolation", (event) => {
        const { __hit } = window as unknown as { __hit: (what: string) => void }
        __hit(`${event.violatedDirective} ${event.blockedURI}`)
      }),
    )
    return tab
  }

  /** Opens an address and waits until its room can be written to. */
  static async open(browser: Browser, url: string, options?: BrowserContextOptions): Promise<Tab> {
    const tab = await Tab.blank(browser, options)
    await tab.page.goto(url)
    await tab.isIn()
    return tab
  }

  /** Opens an address, picks a name as a person does, and waits until its room can be written to. */
  static async enter(
    browser: Browser,
    url: string,
    name: string,
    options?: BrowserContextOptions,
  ): Promise<Tab> {
    const tab = await Tab.blank(browser, options)
    await tab.page.goto(url)
    await tab.page.getByLabel("Your name").fill(name)
    await tab.page.getByRole("button", { name: /^Join / }).click()
    await tab.isIn()
    return tab
  }

  get field(): Locator {
    return this.page.locator("#composer")
  }

  get log(): Locator {
    return this.page.getByRole("log")
  }

  /** The lists of rooms. */
  get rooms(): Locator {
    return this.page.getByRole("navigation", { name: "Rooms" })
  }

  /** The message with this text, alone. */
  message(text: string): Locator {
    return this.log.getByRole("article").filter({ has: this.page.getByText(text, { exact: true }) })
  }

  /** Resolves once the room's log stands there: connected, joined, and its first page loaded. */
  async isIn(): Promise<void> {
    await this.log.waitFor()
    await this.field.waitFor()
  }

  async write(text: string): Promise<void> {
    await this.field.fill(text)
    await this.field.press("Enter")
  }

  /** Resolves once the message with this text is acked: the page knows it is stored. */
  async hasStored(text: string): Promise<void> {
    await this.log.locator('[data-delivery="sent"]').getByText(text, { exact: true }).waitFor()
  }

  async reads(text: string): Promise<void> {
    await this.message(text).waitFor()
  }

  /** Waits until the log's messages are these, in this order and no others; all must fit into the window. */
  async readsAll(texts: readonly string[]): Promise<void> {
    const expected = JSON.stringify(texts)
    const isThere = this.page.waitForFunction((expected) => {
      const lines = [...document.querySelectorAll("[role=log] .text")]
      return JSON.stringify(lines.map((line) => line.textContent)) === expected
    }, expected)
    await isThere.catch(async () => expect(await this.texts()).toEqual([...texts]))
  }

  texts(): Promise<string[]> {
    return this.log.locator(".text").allTextContents()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#context.close()
  }
}
