import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test"
import type { Page } from "playwright-core"
import { OidcServer } from "../harness/oidc.ts"
import { visitProvider } from "../harness/oidc-visitor.ts"
import { PrefixProxy } from "./prefix-proxy.ts"
import { openStage, type Stage } from "./stage.ts"
import { Tab, testMs } from "./tab.ts"

setDefaultTimeout(testMs)

/** A server behind a path prefix, whose people sign in by a real provider, in a real browser. */
let stage: Stage
let provider: OidcServer
let proxy: PrefixProxy
beforeAll(async () => {
  provider = await OidcServer.start()
  stage = await openStage({
    env: { ...provider.environment(), AUTH: "required", LIMITS: "off", ENABLE_PERSISTENCE: "false" },
  })
  proxy = await PrefixProxy.start(stage.server.port, "/some/prefix")
})
afterAll(async () => {
  await proxy?.[Symbol.asyncDispose]()
  await stage?.[Symbol.asyncDispose]()
  await provider?.[Symbol.asyncDispose]()
})

const press = (page: Page, name: string) => page.getByRole("button", { name, exact: true }).click()
/** A choice on the provider's page. */
const choose = (page: Page, name: string) => page.getByRole("link", { name, exact: true }).click()
/** What went wrong in a tab, but for what the server refused, which the browser tells of by itself. */
const faults = (tab: Tab) => tab.faults.filter((one) => !/status of (?:401|403|503)/.test(one))

async function post(path: string, body: object, token?: string) {
  const headers = {
    "content-type": "application/json",
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
  }
  const response = await fetch(stage.server.url + path, {
    method: "POST",
    headers,
    body: JSON.stringify(body),
  })
  return (await response.json().catch(() => null)) as { access_token: string }
}

/** A tab that has come back from the provider; it is not said as what. */
async function visit(as: string, at = `${stage.server.url}/`): Promise<Tab> {
  const tab = await Tab.blank(stage.browser)
  await tab.page.goto(at)
  await press(tab.page, "Sign in with Example")
  await choose(tab.page, as)
  return tab
}

test("[A17] one signs in by the provider, lands in the room of the link, chats, leaves, comes again", async () => {
  const { access_token } = await post("/auth/signup", {
    username: "host",
    password: "a sentence of one's own",
  })
  await post("/rooms", { name: "Hall" }, access_token)
  const link = `${proxy.url}/?r=hall`
  await using tab = await visit("Sign in as ada", link)
  const { page } = tab
  await tab.isIn()
  await page.getByRole("heading", { name: "Hall" }).first().waitFor()
  expect(page.url()).toBe(link)
  await tab.write("hello from elsewhere")
  await tab.hasStored("hello from elsewhere")
  await page.reload()
  await tab.isIn()
  await tab.reads("hello from elsewhere")
  expect(page.url()).toBe(link)
  const kept = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }]))
  expect(kept).toContain("klr_")
  // Neither the provider's tokens nor what the tab proved itself by is here any more.
  for (const word of ["eyJ", "verifier", "nonce", "klatch.oidc"]) expect(kept).not.toContain(word)
  const codes = tab.asked.filter((url) => /[?&]code=/.test(url))
  expect(codes.map((url) => url.startsWith(`${proxy.url}/?`))).toEqual([true])

  await press(page, "Sign out")
  await page.getByText("You have signed out.").waitFor()
  await press(page, "Sign in with Example")
  await choose(page, "Sign in as ada")
  await tab.isIn()
  await tab.reads("hello from elsewhere")
  await using other = await visit("Sign in as bea", link)
  await other.isIn()
  await other.reads("hello from elsewhere")
  await tab.message("hello from elsewhere").getByText("ada", { exact: true }).waitFor()
  expect([...faults(tab), ...faults(other), ...proxy.strays]).toEqual([])
})

test("[A17] who is denied, has an answer of others, or is refused is told so in a sentence", async () => {
  await using tab = await visit("No, go back")
  const { page } = tab
  await page.getByText("Signing in with Example was cancelled, or is not allowed to you.").waitFor()
  expect(page.url()).toBe(`${stage.server.url}/`)

  // A link with somebody else's code, so that one would write in their name.
  const { code, iss } = await visitProvider(provider, `${stage.server.url}/`, "bea")
  await page.goto(`${stage.server.url}/?r=den&${new URLSearchParams({ code, iss, state: "made-up" })}`)
  await page.getByText("This tab did not ask for that sign-in").waitFor()
  expect(page.url()).toBe(`${stage.server.url}/?r=den`)
  // The same when the state of one's own question is changed on the way.
  await page.route(
    `${provider.issuer}/auth?*`,
    (route) => {
      const url = new URL(route.request().url())
      url.searchParams.set("state", "changed")
      return route.fulfill({ status: 302, headers: { location: url.href } })
    },
    { times: 1 },
  )
  await press(page, "Sign in with Example")
  await choose(page, "Sign in as ada")
  await page.getByText("This tab did not ask for that sign-in").waitFor()

  provider.ofTokens = (given) => ({ ...given, id_token: `${given.id_token}x` })
  await press(page, "Sign in with Example")
  await choose(page, "Sign in as ada")
  await page.getByText("Signing in with Example did not work. Try again.").waitFor()
  // Whoever runs the server reads why, and nothing that anyone could sign in by.
  const log = stage.server.lines.join("\n")
  expect(log).toContain('"event":"provider_failed"')
  const codes = tab.asked.flatMap((url) => new URL(url).searchParams.getAll("code"))
  expect(codes.length).toBeGreaterThan(1)
  for (const secret of [...codes, "eyJ"]) expect(log).not.toContain(secret)
  provider.ofTokens = (given) => given
  await press(page, "Sign in with Example")
  await choose(page, "Sign in as ada")
  await tab.isIn()
  // Such a link does nothing to who is in.
  await page.goto(`${stage.server.url}/?${new URLSearchParams({ code, iss, state: "made-up" })}`)
  await tab.isIn()
  expect(await page.getByText("This tab did not ask").count()).toBe(0)
  expect(faults(tab)).toEqual([])
})
