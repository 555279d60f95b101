import type { Browser } from "playwright-core"
import { type ServerOptions, type ServerProcess, startServer } from "../harness/server.ts"
import { launchBrowser } from "./browser.ts"

/** What a file of browser tests plays on: a server of its own, and the browser, in which it has contexts of its own. */
export interface Stage extends AsyncDisposable {
  readonly server: ServerProcess
  readonly browser: Browser
}

/** One for all files of this process, which ends it: starting one costs as much as a test. */
let shared: Promise<Browser> | undefined
async function sharedBrowser(): Promise<Browser> {
  const browser = await shared?.catch(() => undefined)
  if (browser?.isConnected()) return browser
  shared = launchBrowser()
  return await shared
}

/** Starts both at once. When one does not start, the other is ended too and it rejects with the reason. */
export async function openStage(options?: ServerOptions): Promise<Stage> {
  const [server, browser] = await Promise.allSettled([startServer(options), sharedBrowser()])
  const close = async () => {
    if (browser.status === "fulfilled")
      await Promise.all(browser.value.contexts().map((context) => context.close()))
    if (server.status === "fulfilled") await server.value[Symbol.asyncDispose]()
  }
  if (server.status === "fulfilled" && browser.status === "fulfilled")
    return { server: server.value, browser: browser.value, [Symbol.asyncDispose]: close }
  await close()
  throw [server, browser].find((start) => start.status === "rejected")?.reason
}
