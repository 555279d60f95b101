import { randomUUID } from "node:crypto"
import { join } from "node:path"

/** The server that is put to the test. */
export interface Target {
  readonly url: string
  readonly wsUrl: string
}

/** What a test may take, with a server's start in it. */
export const testMs = 60_000

let found: Promise<Target> | undefined

/** The server at CHAT_URL, else one of our own that every file of this run shares. Rejects when it does not start. */
export const target = (): Promise<Target> => {
  found ??= (process.env.CHAT_URL ? Promise.resolve(process.env.CHAT_URL) : startShared()).then(targetAt)
  return found
}

export const targetAt = (url: string): Target => ({
  url: url.replace(/\/$/, ""),
  wsUrl: url.replace(/\/$/, "").replace(/^http/, "ws"),
})

/** The keeper ends its server when this process is gone: a test run has no end of its own to hook into. */
async function startShared(): Promise<string> {
  const keeper = Bun.spawn(
    [process.execPath, "--no-install", join(import.meta.dirname, "shared-server.fixture.ts")],
    { stdin: "pipe", stdout: "pipe", stderr: "inherit" },
  )
  keeper.unref()
  const { value } = await keeper.stdout.getReader().read()
  if (!value) throw new Error("the shared server did not start")
  return new TextDecoder().decode(value).trim()
}

/** A name that nothing else in any run has: tests share one server and its data. */
export const unique = (prefix: string): string => `${prefix}-${randomUUID().slice(-12)}`
