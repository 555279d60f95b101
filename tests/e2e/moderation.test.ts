import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test"
import { readFileSync } from "node:fs"
import { createRequire } from "node:module"
import type { Page } from "playwright-core"
import { openStage, type Stage } from "./stage.ts"
import { Tab, testMs } from "./tab.ts"

setDefaultTimeout(testMs)

const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8")
const password = "a sentence of one's own"

/** What a page still loads is not waited for. */
const quick = { waitUntil: "commit" } as const

/** Whoever is taken out must see it within this time. */
const seenMs = 1_000

let stage: Stage
let ann: Tab
let bob: Tab
beforeAll(async () => {
  stage = await openStage({ env: { AUTH: "required", LIMITS: "off", ENABLE_PERSISTENCE: "false" } })
  const look = { reducedMotion: "reduce" } as const
  ;[ann, bob] = await Promise.all([Tab.blank(stage.browser, look), Tab.blank(stage.browser, look)])
})
afterAll(async () => {
  await stage?.[Symbol.asyncDispose]()
})

const button = ({ page }: Tab, name: string) => page.getByRole("button", { name, exact: true })
const press = (tab: Tab, name: string) => button(tab, name).click()
const menuOf = async (tab: Tab, who: string, choice: string) => {
  await press(tab, `What to do about ${who}`)
  await tab.page.getByRole("menuitem", { name: choice, exact: true }).click()
}
const isAt = ({ page }: Tab, room: string) =>
  page.getByRole("heading", { name: room, level: 1, exact: true }).waitFor()

async function signUp({ page }: Tab, name: string): Promise<void> {
  await page.getByRole("button", { name: "Make an account" }).click()
  await page.getByLabel("Your name").fill(name)
  await page.getByLabel("Password", { exact: true }).fill(password)
  await page.getByRole("button", { name: "Make the account" }).click()
}

/** A new link into the room that is looked at. */
async function invite(tab: Tab, people = "1 person"): Promise<string> {
  await press(tab, "Invite by a link")
  await tab.page.getByLabel("People", { exact: true }).selectOption(people)
  await press(tab, "Make a link")
  const link = await tab.page.getByLabel("The link", { exact: true }).inputValue()
  await tab.page.keyboard.press("Escape")
  return link
}

/** How long after the page asks for it someone else reads a sentence, in ms. */
async function seenAfter(label: string, asked: RegExp, page: Page, sentence: string): Promise<number> {
  const now = () => performance.now()
  const asking = ann.page
    .waitForRequest((request) => /DELETE|POST/.test(request.method()) && asked.test(request.url()))
    .then(now)
  const seeing = page.getByText(sentence, { exact: true }).waitFor().then(now)
  await press(ann, label)
  return (await seeing) - (await asking)
}

/** What is wrong with a page in the light and in the dark, for those who cannot see it or not well. */
async function findings({ page }: Tab): Promise<string[]> {
  if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(axeSource)
  const found: string[] = []
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" })
    const grave = await page.evaluate(async () => {
      const { axe } = window as unknown as {
        axe: {
          run(): Promise<{ violations: { id: string; impact: string | null; nodes: { html: string }[] }[] }>
        }
      }
      return (await axe.run()).violations.filter(
        ({ impact }) => impact === "serious" || impact === "critical",
      )
    })
    for (const { id, nodes } of grave) found.push(`${colorScheme} ${id} ${nodes[0]?.html}`)
  }
  return found
}

test("two people sign up; one invites, promotes, kicks and bans; the other sees it within a second", async () => {
  await ann.page.goto(stage.server.url)
  await signUp(ann, "ann")
  await ann.isIn()
  await press(ann, "Make a room")
  await ann.page.getByLabel("Name", { exact: true }).fill("Den")
  await ann.page.getByRole("radio", { name: "Private", exact: true }).check()
  await press(ann, "Make the room")
  await isAt(ann, "Den")
  await press(ann, "Show the members")
  const first = await invite(ann)
  // The code outlives the sign-up.
  await bob.page.goto(first, quick)
  await bob.page.getByText("You are invited to a room here.").waitFor()
  await signUp(bob, "bob")
  await isAt(bob, "Den")
  await bob.isIn()
  expect(new URL(bob.page.url()).searchParams.has("invite")).toBe(false)
  // Nobody came through the lobby on the way.
  await bob.rooms.getByRole("region", { name: "More rooms" }).getByText("lobby").waitFor()
  await bob.write("hello, ann")
  await ann.reads("hello, ann")
  await ann.write("hello, bob")
  await bob.reads("hello, bob")

  await press(bob, "Show the members")
  await menuOf(ann, "bob", "Make moderator")
  await bob.page.getByText("moderator, you", { exact: true }).waitFor()
  await menuOf(ann, "bob", "Remove from the room")
  const gone = "You are not in Den any more"
  const kickMs = await seenAfter("Remove", /\/members\//, bob.page, gone)
  await bob.page.getByText("ann has taken you out of this room.").waitFor()
  expect(await bob.page.locator("#composer").count()).toBe(0)

  await bob.page.goto(await invite(ann), quick)
  await isAt(bob, "Den")
  await bob.reads("hello, bob")
  await menuOf(ann, "bob", "Ban from the room")
  await ann.page.getByLabel("Why (optional)").fill("too loud")
  const banMs = await seenAfter("Ban", /\/bans/, bob.page, gone)
  await ann.page.getByText("for ever · too loud").waitFor()
  await bob.page.goto(await invite(ann), quick)
  await bob.page.getByText("You are banned from this room.").waitFor()
  await bob.page.goto(first, quick)
  await bob.page.getByText("This invitation is not good any more").waitFor()
  console.log(`seen after a kick: ${Math.round(kickMs)} ms, after a ban: ${Math.round(banMs)} ms`)
  expect(Math.max(kickMs, banMs)).toBeLessThan(seenMs)
})

test("with keys alone someone is let back in, made a moderator, and not banned by a slip", async () => {
  const { keyboard } = ann.page
  const focused = () =>
    ann.page.evaluate(() => document.activeElement?.ariaLabel ?? document.activeElement?.textContent)
  await button(ann, "Let back in: bob").focus()
  await keyboard.press("Enter")
  await button(ann, "Let back in: bob").waitFor({ state: "detached" })
  await bob.page.goto(await invite(ann), quick)
  await isAt(bob, "Den")
  const more = button(ann, "What to do about bob")
  await more.focus()
  await keyboard.press("ArrowDown")
  expect(await focused()).toBe("Make admin")
  await keyboard.press("ArrowDown")
  await keyboard.press("Enter")
  await ann.page.getByText("moderator", { exact: true }).waitFor()
  expect(await focused()).toBe("What to do about bob")
  await keyboard.press("Enter")
  await keyboard.press("End")
  expect(await focused()).toBe("Ban from the room")
  await keyboard.press("ArrowDown")
  expect(await focused()).toBe("Make admin")
  await keyboard.press("Escape")
  expect(await focused()).toBe("What to do about bob")
  await keyboard.press("Enter")
  await keyboard.press("ArrowUp")
  await keyboard.press("Enter")
  await ann.page.getByRole("heading", { name: "Ban bob from Den?" }).waitFor()
  // The answer that changes nothing has the focus.
  expect(await focused()).toBe("Cancel")
  await keyboard.press("Enter")
  await ann.page.getByRole("dialog").waitFor({ state: "detached" })
  // Whoever stands lower is shown nothing to press.
  await press(bob, "Show the members")
  await bob.page.getByText("owner", { exact: true }).waitFor()
  expect(await button(bob, "What to do about ann").count()).toBe(0)
  expect(await button(bob, "Room settings").count()).toBe(0)
})

test("who may not write is told why: muted, only reading, too early, archived", async () => {
  const off = (words: string | RegExp) => bob.page.locator(".composer-off").getByText(words).waitFor()
  await menuOf(ann, "bob", "Make member")
  await menuOf(ann, "bob", "Mute for 10 minutes")
  await off(/^You are muted here until \d/)
  await menuOf(ann, "bob", "Let them write again")
  await bob.field.waitFor()
  await menuOf(ann, "bob", "Let only read")
  await off("You can only read here.")
  await menuOf(ann, "bob", "Make member")
  await bob.field.waitFor()
  await press(ann, "Room settings")
  await ann.page.getByLabel("Slow mode").selectOption("Once in 5 seconds")
  await ann.page.getByLabel("Topic").fill("Quietly")
  await press(ann, "Save")
  await bob.page.getByText("Quietly").waitFor()
  await bob.write("one")
  await bob.hasStored("one")
  await bob.page.getByText(/^Slow mode: write again in [1-5] s$/).waitFor()
  await bob.write("two")
  expect(await bob.field.inputValue()).toBe("two")
  await press(ann, "Room settings")
  await ann.page.getByLabel("Slow mode").selectOption("Off")
  await press(ann, "Save")
  await bob.page.getByText(/^Slow mode/).waitFor({ state: "detached" })
  await bob.field.press("Enter")
  await ann.reads("two")
  await press(ann, "Room settings")
  await ann.page.getByLabel(/^Archived/).check()
  await press(ann, "Save")
  await off("This room is archived: it can be read, and nothing more.")
  await ann.page.locator(".composer-off").waitFor()
  await press(ann, "Room settings")
  await ann.page.getByLabel(/^Archived/).uncheck()
  await press(ann, "Save")
  await bob.field.waitFor()
})

test("the new screens have no grave finding, in the light, in the dark, and on a phone", async () => {
  await press(ann, "What to do about bob")
  await ann.page.getByRole("menu").waitFor()
  // It stays while others write, and goes when there is no saying any more where its button is.
  await bob.write("more to read")
  await ann.reads("more to read")
  expect(await ann.page.getByRole("menu").count()).toBe(1)
  expect(await findings(ann)).toEqual([])
  await ann.page.getByRole("menuitem", { name: "Ban from the room" }).click()
  expect(await findings(ann)).toEqual([])
  await press(ann, "Cancel")
  await press(ann, "Room settings")
  expect(await findings(ann)).toEqual([])
  await press(ann, "Cancel")
  await press(ann, "What to do about bob")
  await ann.page.setViewportSize({ width: 360, height: 700 })
  await ann.page.getByRole("menu").waitFor({ state: "detached" })
  await press(ann, "Invite by a link")
  await press(ann, "Make a link")
  await ann.page.getByLabel("The link", { exact: true }).waitFor()
  expect(await findings(ann)).toEqual([])
  await press(ann, "Close")
  const overflow = () => document.documentElement.scrollWidth - document.documentElement.clientWidth
  expect(await ann.page.evaluate(overflow)).toBe(0)
  // The list of members lies over the room as it goes.
  await bob.page.setViewportSize({ width: 360, height: 700 })
  await menuOf(ann, "bob", "Remove from the room")
  await press(ann, "Remove")
  await bob.page.getByText("You are not in Den any more").waitFor()
  // The focus did not get lost with the one who had it.
  await ann.page.waitForFunction(() => document.activeElement?.classList.contains("panel-close"))
  expect(await findings(bob)).toEqual([])
  await press(bob, "Go to the lobby")
  await isAt(bob, "lobby")
})

test("a name leads to a direct message; whoever signs out leaves nothing of it on the device", async () => {
  for (const { page } of [ann, bob]) await page.setViewportSize({ width: 1100, height: 720 })
  await ann.log.getByRole("button", { name: "bob", exact: true }).first().click()
  await isAt(ann, "bob")
  await ann.isIn()
  await ann.write("just between us")
  await bob.rooms.getByRole("link", { name: "ann" }).click()
  await bob.reads("just between us")
  const kept = () =>
    bob.page.evaluate(async () => {
      const databases = (await indexedDB.databases()).map(({ name }) => name ?? "")
      return [...databases, ...Object.keys(localStorage)].filter((name) => name.includes("@"))
    })
  expect(await kept()).not.toEqual([])
  await press(bob, "Sign out")
  await bob.page.getByText("You have signed out.").waitFor()
  await bob.page.waitForFunction(async () =>
    (await indexedDB.databases()).every(({ name }) => !name?.startsWith("klatch.@")),
  )
  expect(await kept()).toEqual([])
  // What a browser tells by itself of an answer that refuses.
  const refusals = /status of (?:401|403|404)/
  expect([...ann.faults, ...bob.faults].filter((one) => !refusals.test(one))).toEqual([])
})
