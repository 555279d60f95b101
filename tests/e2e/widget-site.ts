import type { Locator } from "playwright-core"
import type { Tab } from "./tab.ts"

export interface HostPage {
  readonly body: string
  readonly head?: string
  readonly policy?: string
}

/** Somebody's own site, at an origin of its own. Its pages are set by path. */
export class Site implements AsyncDisposable {
  readonly pages = new Map<string, HostPage>()
  readonly #server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: (request) => {
      const page = this.pages.get(new URL(request.url).pathname)
      if (page === undefined) return new Response(null, { status: 204 })
      const { body, head = "", policy } = page
      return new Response(
        `<!doctype html><html lang="en"><title>Shop</title>${head}<body>${body}</body></html>`,
        {
          headers: {
            "content-type": "text/html;charset=utf-8",
            ...(policy && { "content-security-policy": policy }),
          },
        },
      )
    },
  })
  readonly url = `http://127.0.0.1:${this.#server.port}`

  /** Makes a page and answers its address. */
  add(path: string, page: HostPage): string {
    this.pages.set(path, page)
    return this.url + path
  }

  [Symbol.asyncDispose] = () => this.#server.stop(true)
}

/** A widget in a tab, as a person finds it. */
export class Widget {
  readonly root: Locator
  readonly launcher: Locator
  readonly panel: Locator
  readonly field: Locator

  constructor(tab: Tab, room: string) {
    this.root = tab.page.locator(`klatch-chat[room="${room}"]`)
    this.launcher = this.root.locator("[part=launcher]")
    this.panel = this.root.getByRole("dialog")
    this.field = this.panel.getByLabel("Write a message")
  }

  async open(): Promise<void> {
    await this.launcher.click()
    await this.panel.waitFor()
  }

  async write(text: string): Promise<void> {
    await this.field.fill(text)
    await this.field.press("Enter")
  }

  async hasStored(text: string): Promise<void> {
    await this.panel.locator('[data-delivery="sent"]').getByText(text, { exact: true }).waitFor()
  }

  async reads(text: string): Promise<void> {
    await this.panel.getByText(text, { exact: true }).waitFor()
  }

  texts(): Promise<string[]> {
    return this.panel.locator(".bubble").allTextContents()
  }
}
