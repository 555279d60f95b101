import type { Browser } from "playwright-core"
import { type ServerOptions, type ServerProcess, startServer } from "../harness/server.ts"
import { launchBrowser } from "./browser.ts"

/** What a file of browser tests plays on: one server and one browser of its own. */
export interface Stage extends AsyncDisposable {
  readonly server: ServerProcess
  readonly browser: Browser
}

/** Starts both at once. When one does not start, the other is ended too and it rejects with the reason. */
export async function openStage(options?: ServerOptions): Promise<Stage> {
  const [server, browser] = await Promise.allSettled([startServer(options), launchBrowser()])
  const close = async () => {
    if (browser.status === "fulfilled") await browser.value.close()
    if (server.status === "fulfilled") await server.value[Symbol.asyncDispose]()
  }
  if (server.status === "fulfilled" && browser.status === "fulfilled")
    return { server: server.value, browser: browser.value, [Symbol.asyncDispose]: close }
  await close()
  throw [server, browser].find((start) => start.status === "rejected")?.reason
}
