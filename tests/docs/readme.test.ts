import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test"
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { Browser } from "playwright-core"
import { launchBrowser } from "../e2e/browser.ts"
import { runCommand } from "./command.ts"
import { curl } from "./curl.ts"
import { blocksOf, storyOf } from "./document.ts"
import { PageHost } from "./page-host.ts"
import { tellInBrowser } from "./tell-in-browser.ts"

setDefaultTimeout(90_000)

const root = join(import.meta.dirname, "../..")
const scratch = mkdtempSync(join(tmpdir(), "klatch-readme-"))
const readme = readFileSync(join(root, "README.md"), "utf8")
/** What a person sees of a server that has started: its process, and where it is. */
const startLine = /\((\d+)\): Klatch is at (http:\S+)/

let browser: Browser
let host: PageHost
beforeAll(async () => {
  symlinkSync(join(root, "node_modules"), join(scratch, "node_modules"))
  host = new PageHost()
  browser = await launchBrowser()
})
afterAll(async () => {
  await browser?.close()
  host?.stop()
  rmSync(scratch, { recursive: true, force: true })
})

/** The first command of the page, after the line that fetches the checkout. */
function startCommand(): string {
  const [{ info, text } = { info: "", text: "" }] = blocksOf(readme)
  const [fetching, command, ...others] = text.split("\n")
  expect(info).toBe("sh")
  expect(fetching).toStartWith("git clone ")
  expect(others).toEqual([])
  return command ?? ""
}

describe("README.md", () => {
  test("starts a server, says what it then answers, and finds it all again after kill -9", async () => {
    const env = {
      PORT: "0",
      HOST: "127.0.0.1",
      APP_ENV: "development",
      DATA_DIR: join(scratch, "data"),
      CORS_ORIGINS: host.url,
    }
    const start = async () => {
      const running = await runCommand(startCommand(), startLine, env)
      const [, pid, url = ""] = startLine.exec(running.line) ?? []
      return { running, pid: Number(pid), url }
    }
    {
      const { running, pid, url } = await start()
      await using _running = running
      const { acts, programs } = storyOf("README.md", readme, url)
      expect([acts.length, programs.length]).toEqual([1, 0])
      mkdirSync(join(scratch, "acts"))
      const path = join(scratch, "acts/readme.tsx")
      writeFileSync(path, acts[0] ?? "")
      const world = { kill: () => Promise.reject("nobody does"), start: () => Promise.reject("nobody does") }
      await tellInBrowser({ browser, host, paths: [path], world })
      process.kill(pid, "SIGKILL")
      await running.ended
    }
    const { running, url } = await start()
    await using _again = running
    const texts = JSON.parse(await curl(`curl ${url}/history?r=plans`)) as { content: string }[]
    expect(texts.map(({ content }) => content)).toEqual(["Hi", "Hello!"])
  })
})
