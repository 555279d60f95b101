import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test"
import { readFileSync } from "node:fs"
import { createRequire } from "node:module"
import type { BrowserContextOptions, Page } from "playwright-core"
import { type ServerProcess, startServer } from "../harness/server.ts"
import { PrefixProxy } from "./prefix-proxy.ts"
import { openStage, type Stage } from "./stage.ts"
import { Tab, testMs } from "./tab.ts"

setDefaultTimeout(testMs)

const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8")
const secret = "a sentence of one's own"

/** A server where people sign in, and one where a name is enough, with its limits. */
let stage: Stage
let open: ServerProcess
beforeAll(async () => {
  const persistence = { ENABLE_PERSISTENCE: "false" }
  ;[stage, open] = await Promise.all([
    openStage({ env: { AUTH: "required", LIMITS: "off", ...persistence } }),
    startServer({ env: persistence }),
  ])
})
afterAll(async () => {
  await open?.[Symbol.asyncDispose]()
  await stage?.[Symbol.asyncDispose]()
})

const nameField = (page: Page) => page.getByLabel("Your name")
const passwordField = (page: Page) => page.getByLabel("Password", { exact: true })
const press = (page: Page, name: string) => page.getByRole("button", { name, exact: true }).click()
const title = (page: Page, name: string) =>
  page.getByRole("heading", { name, level: 1, exact: true }).waitFor()
const alert = async (page: Page, words: string) => page.getByRole("alert").getByText(words).waitFor()

async function fill(page: Page, name: string, password = secret): Promise<void> {
  await nameField(page).fill(name)
  await passwordField(page).fill(password)
}

/** A tab at the card that asks who is there, in a profile of its own. */
async function atCard(options: BrowserContextOptions = {}): Promise<Tab> {
  const tab = await Tab.blank(stage.browser, { reducedMotion: "reduce", ...options })
  await tab.page.goto(stage.server.url)
  await title(tab.page, "Sign in")
  return tab
}

async function signUp(name: string, at = stage.server.url): Promise<Tab> {
  const tab = await Tab.blank(stage.browser)
  await tab.page.goto(at)
  await press(tab.page, "Make an account")
  await fill(tab.page, name)
  await press(tab.page, "Make the account")
  await tab.isIn()
  return tab
}

/** Another tab of the same person. */
async function another({ page }: Tab): Promise<Page> {
  const other = await page.context().newPage()
  await other.goto(stage.server.url)
  await isIn(other)
  return other
}
const isIn = (page: Page) => page.locator("#composer").waitFor()

async function speak(page: Page, text: string): Promise<void> {
  await page.locator("#composer").fill(text)
  await page.locator("#composer").press("Enter")
  await page.locator('[data-delivery="sent"]').getByText(text, { exact: true }).waitFor()
}

/** What went wrong in a tab, but for what the server refused, which the browser tells of by itself. */
const refusals =
  /status of (?:401|403|404|409|503)|ERR_INTERNET_DISCONNECTED|HTTP Authentication failed|response code: 503/
const faults = (tab: Tab) => tab.faults.filter((one) => !refusals.test(one))

async function ask(server: ServerProcess, line: string, body: object, token?: string) {
  const [method = "", path] = line.split(" ")
  const headers = {
    "content-type": "application/json",
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
  }
  const response = await fetch(server.url + path, { method, headers, body: JSON.stringify(body) })
  const answer = await response.json().catch(() => null)
  return { status: response.status, answer: answer as { access_token: string } }
}

const signedIn = async (name: string) =>
  (await ask(stage.server, "POST /auth/login", { username: name, password: secret })).answer.access_token

test("two people sign up, each in a profile of their own, and chat; a reload stays signed in", async () => {
  await using ann = await signUp("ann")
  await using bob = await signUp("bob")
  await ann.write("hello, bob")
  await bob.reads("hello, bob")
  await bob.page.reload()
  await bob.isIn()
  await bob.write("hello, ann")
  await ann.reads("hello, ann")
  const kept = await ann.page.evaluate(() => JSON.stringify({ ...localStorage }))
  expect(kept).toContain("klr_")
  // No access token outlives the page, and none stands in an address but the WebSocket's.
  expect(kept).not.toContain("eyJ")
  expect([...ann.asked, ...bob.asked].filter((url) => /^http.*token=/.test(url))).toEqual([])
  expect([...faults(ann), ...faults(bob)]).toEqual([])
})

test("what is wrong is told in words: the name, the password, the way there", async () => {
  await using tab = await atCard()
  const { page } = tab
  await ask(stage.server, "POST /auth/signup", { username: "wim", password: secret })
  await press(page, "Sign in")
  await alert(page, "Write your name.")
  await fill(page, "wim", "not this one")
  await press(page, "Sign in")
  await alert(page, "Wrong name or password.")
  expect(await passwordField(page).evaluate((field) => field === document.activeElement)).toBe(true)
  await press(page, "Make an account")
  await press(page, "Make the account")
  await alert(page, "“wim” is taken. Take another name, or sign in if it is yours.")
  await fill(page, "?")
  await press(page, "Make the account")
  await alert(page, "A name has 2 to 32 letters")
  await fill(page, "wim", "short")
  await press(page, "Make the account")
  await alert(page, "A password has at least 8 characters.")
  await page.context().setOffline(true)
  await fill(page, "wim-too")
  await press(page, "Make the account")
  await alert(page, "The server cannot be reached. Try again in a moment.")
  await page.context().setOffline(false)
  await press(page, "Make the account")
  await tab.isIn()
  expect(faults(tab)).toEqual([])
})

test("with keys alone one signs in, after a look at what was typed", async () => {
  await ask(stage.server, "POST /auth/signup", { username: "kim", password: secret })
  await using tab = await atCard()
  const { keyboard } = tab.page
  await keyboard.type("kim")
  await keyboard.press("Tab")
  await keyboard.type(secret)
  const typed = () => passwordField(tab.page).evaluate((field) => (field as HTMLInputElement).type)
  expect(await typed()).toBe("password")
  await keyboard.press("Tab")
  await keyboard.press("Space")
  expect(await typed()).toBe("text")
  expect(await tab.page.evaluate(() => document.activeElement?.ariaLabel)).toBe("Hide the password")
  await keyboard.press("Tab")
  await keyboard.press("Enter")
  await tab.isIn()
  expect(await tab.page.evaluate(() => document.activeElement?.id)).toBe("composer")
})

test("tabs renew the sign-in side by side, and it goes on; signing out in one ends the other", async () => {
  await using tab = await signUp("tess")
  const { page } = tab
  const other = await another(tab)
  await Promise.all([speak(page, "here"), speak(other, "there")])
  const renewals: number[] = []
  page.context().on("response", (answer) => {
    if (answer.url().endsWith("/auth/refresh")) renewals.push(answer.status())
  })
  for (const round of ["one", "two"]) {
    await Promise.all([page.reload(), other.reload()])
    // Who has spoken has been let in, and has kept what the next reload needs.
    await Promise.all([speak(page, `${round}, here`), speak(other, `${round}, there`)])
  }
  expect(renewals).toEqual([200, 200, 200, 200])
  await press(page, "Sign out")
  for (const one of [page, other]) {
    await one.getByText("You have signed out.").waitFor()
    expect(await nameField(one).inputValue()).toBe("tess")
  }
  expect(await page.evaluate(() => localStorage.getItem("klatch.sign-in"))).toBeNull()
  await passwordField(other).fill(secret)
  await press(other, "Sign in")
  await Promise.all([isIn(page), isIn(other)])
})

test("a sign-in that is over is told calmly; drafts and what waited to be sent are there after the next", async () => {
  await using proxy = await PrefixProxy.start(stage.server.port, "")
  await using tab = await signUp("ovid", proxy.url)
  const { page } = tab
  await tab.write("sent at once")
  await tab.hasStored("sent at once")
  await page.reload()
  await tab.isIn()
  // The page and its files are there, the chat is not.
  const isPage = (path: string) => /^\/(?:$|\?|assets\/)/.test(path)
  proxy.intercept = (path) => (isPage(path) ? undefined : { status: "503 Unavailable", body: "{}" })
  await page.reload()
  await page.getByText("You are offline.").waitFor()
  await tab.write("sent a little later")
  await page.getByText("You are offline. 1 message waits").waitFor()
  await tab.field.fill("half a sent")
  await ask(stage.server, "POST /auth/logout", { everywhere: true }, await signedIn("ovid"))
  proxy.intercept = () => undefined
  await page.getByText("Your sign-in is over.").waitFor()
  await passwordField(page).fill(secret)
  await press(page, "Sign in")
  await tab.isIn()
  await tab.hasStored("sent a little later")
  expect(await tab.field.inputValue()).toBe("half a sent")
  // Ended while it is connected: 4401 comes back, is refused, and asks again.
  await ask(stage.server, "POST /auth/logout", { everywhere: true }, await signedIn("ovid"))
  await page.getByText("Your sign-in is over.").waitFor()
  expect(faults(tab)).toEqual([])
})

test("someone who is banned is told, is not taken back, and cannot sign in again", async () => {
  const code = /"code\\*":\\*"([\w-]+)/.exec(stage.server.lines.join("\n"))?.[1]
  const body = { username: "root", password: secret }
  const { access_token: admin } = (await ask(stage.server, "POST /auth/signup", body)).answer
  expect((await ask(stage.server, "POST /admin/claim", { code }, admin)).status).toBe(204)
  await using tab = await signUp("eve")
  const { page } = tab
  expect((await ask(stage.server, "POST /admin/users/eve/ban", {}, admin)).status).toBe(204)
  await page.getByText("You cannot come in here any more").waitFor()
  expect(await page.getByRole("button", { name: "Connect again" }).count()).toBe(0)
  await page.getByRole("alert").getByRole("button", { name: "Sign out" }).click()
  await passwordField(page).fill(secret)
  await press(page, "Sign in")
  await alert(page, "This account is banned here.")
})

test("a guest whom the server wants to know asks once, and rests until they have signed in", async () => {
  await using tab = await Tab.blank(stage.browser)
  const { page } = tab
  // It said that a name is enough, and no more by the time the guest comes in.
  let isOpen = true
  await page.route("**/rooms/discover*", (route) =>
    isOpen ? route.fulfill({ json: { rooms: [], has_more: false } }) : route.continue(),
  )
  let dials = 0
  await page.routeWebSocket("**/ws?*", (socket) => {
    dials++
    // What a stranger is told who has not said who they are in time.
    void socket.close({ code: 4401, reason: "sign in again" })
  })
  await page.goto(stage.server.url)
  await page.getByRole("button", { name: "Continue as a guest" }).waitFor()
  isOpen = false
  await press(page, "Continue as a guest")
  await title(page, "Sign in")
  expect(dials).toBe(1)
})

describe("where a name is enough", () => {
  test("whoever makes an account keeps what they said by that name, which is then theirs alone", async () => {
    await using nan = await Tab.enter(stage.browser, open.url, "nan")
    await nan.write("said before")
    await nan.hasStored("said before")
    await press(nan.page, "Change your name")
    await nameField(nan.page).fill("nan")
    await press(nan.page, "Make an account")
    await passwordField(nan.page).fill(secret)
    await press(nan.page, "Make the account")
    await nan.isIn()
    // Its author is who reads it.
    await nan.message("said before").hover()
    await nan.page.getByRole("button", { name: "Edit", exact: true }).waitFor()
    await using other = await Tab.blank(stage.browser)
    await other.page.goto(`${open.url}/?u=NAN`)
    await other.page.getByText("“NAN” is somebody's. Sign in if that is you.").waitFor()
    expect(await nameField(other.page).inputValue()).toBe("NAN")
    await press(other.page, "Go on with just a name")
    await nameField(other.page).fill("not-nan")
    await other.page.getByRole("button", { name: /^Join / }).click()
    await other.isIn()
    expect([...faults(nan), ...faults(other)]).toEqual([])
  })

  test("who tries too often is told when to come back", async () => {
    const wrong = { username: "nan", password: "not this one" }
    let status = 401
    while (status === 401) ({ status } = await ask(open, "POST /auth/login", wrong))
    expect(status).toBe(429)
    await using tab = await Tab.blank(stage.browser)
    await tab.page.goto(open.url)
    await press(tab.page, "Sign in")
    await fill(tab.page, "nan")
    await press(tab.page, "Sign in")
    await tab.page
      .getByRole("alert")
      .getByText(/^Too many attempts\. Try again in \d+ seconds\.$/)
      .waitFor()
  })
})

describe.each(["light", "dark"] as const)("in %s", (colorScheme) => {
  test("the card has no grave finding: at first, with something wrong, and for a new account", async () => {
    await using tab = await atCard({ colorScheme })
    const findings = async () => {
      const found = await tab.page.evaluate(async () => {
        const { axe } = window as unknown as {
          axe: { run(): Promise<{ violations: { id: string; impact: string | null }[] }> }
        }
        return (await axe.run()).violations
      })
      return found.filter(({ impact }) => impact === "serious" || impact === "critical").map(({ id }) => id)
    }
    await tab.page.evaluate(axeSource)
    expect(await findings()).toEqual([])
    await press(tab.page, "Sign in")
    await tab.page.getByRole("alert").waitFor()
    expect(await findings()).toEqual([])
    await press(tab.page, "Make an account")
    await title(tab.page, "Make an account")
    expect(await findings()).toEqual([])
    await tab.page.setViewportSize({ width: 320, height: 640 })
    expect(await findings()).toEqual([])
    const overflow = () => document.documentElement.scrollWidth - document.documentElement.clientWidth
    expect(await tab.page.evaluate(overflow)).toBe(0)
  })
})
