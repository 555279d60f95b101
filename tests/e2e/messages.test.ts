import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test"
import type { Browser } from "playwright-core"
import { Peer } from "../harness/peer.ts"
import type { ServerProcess } from "../harness/server.ts"
import { openStage, type Stage } from "./stage.ts"
import { Tab, testMs } from "./tab.ts"

setDefaultTimeout(testMs)

let stage: Stage | undefined
let server: ServerProcess
let browser: Browser
/** One page for all: each test writes into a room of its own. */
let ann: Tab
let bob: Peer
beforeAll(async () => {
  stage = await openStage()
  ;({ server, browser } = stage)
  bob = await Peer.connect(server.wsUrl, "/ws?user=bob")
  ann = await Tab.open(browser, `${server.url}/?r=lobby&u=ann`, {
    permissions: ["clipboard-read", "clipboard-write"],
  })
})
afterAll(async () => {
  expect(ann.faults).toEqual([])
  await ann[Symbol.asyncDispose]()
  await bob.close()
  await stage?.[Symbol.asyncDispose]()
})

/** Takes ann to a room, which bob is in, too. */
async function goTo(room: string): Promise<void> {
  await bob.ask({ type: "join", room_id: room })
  await ann.page.goto(`${server.url}/?r=${room}&u=ann`)
  await ann.isIn()
}

/** Says something as bob; answers its id. */
async function bobSays(room: string, content: string, more: object = {}): Promise<number> {
  const ack = await bob.ask({ type: "message", room_id: room, content, ...more })
  expect(ack.type).toBe("ack")
  return ack.message_id as number
}

const line = (text: string) => ann.log.getByRole("article").filter({ hasText: text })
const quote = (text: string) => ann.log.locator("button.reply-quote").filter({ hasText: text })
const focusedText = () => ann.page.evaluate(() => document.activeElement?.querySelector(".text")?.textContent)

describe("what is written", () => {
  beforeAll(() => goTo("write"))

  test("is read as Markdown, in elements of a fixed set and nothing else", async () => {
    const content = [
      "**b** _i_ ~~s~~ `c` [l](https://a.example/x) <b>no</b> @bob",
      "> q",
      "- u",
      "3. o",
      "```ts",
      "let x = '<i>'",
      "```",
    ].join("\n")
    await bobSays("write", content)
    await line("let x").waitFor()
    const outline = await line("let x")
      .locator(".text")
      .evaluate((text) =>
        [...text.querySelectorAll("*")].map((one) => {
          const own = [...one.childNodes].filter((node) => node.nodeType === Node.TEXT_NODE)
          return `${one.localName} ${own.map((node) => node.textContent).join("")}`.trim()
        }),
      )
    expect(outline).toEqual([
      `p${" ".repeat(6)}<b>no</b>`,
      "strong b",
      "em i",
      "s s",
      "code c",
      "a l",
      "span @bob",
      "blockquote",
      "p q",
      "ul",
      "li u",
      "ol",
      "li o",
      "pre",
      "code let x = '<i>'",
    ])
    const link = line("let x").getByRole("link")
    expect(await link.getAttribute("href")).toBe("https://a.example/x")
    expect(await link.getAttribute("rel")).toBe("noopener noreferrer nofollow")
    expect(await link.getAttribute("title")).toBe("https://a.example/x")
    expect(
      await line("let x")
        .locator("li")
        .last()
        .evaluate((item) => (item as HTMLLIElement).value),
    ).toBe(3)
  })

  test("marks one's own name above others", async () => {
    await bobSays("write", "hey @Ann, and @bob")
    const own = ann.log.locator(".mention-self")
    await own.waitFor()
    expect(await own.textContent()).toBe("@Ann")
  })

  test("is large when it is nothing but a few emoji", async () => {
    await bobSays("write", "🎉🎉")
    await bobSays("write", "🎉 done")
    const size = (text: string) =>
      ann.page
        .getByText(text, { exact: true })
        .evaluate((one) => Number.parseFloat(getComputedStyle(one).fontSize))
    expect(await size("🎉🎉")).toBeGreaterThan(1.5 * (await size("🎉 done")))
  })
})

describe("emoji", () => {
  beforeAll(() => goTo("emoji"))

  test("are offered while their name is typed, and chosen by keys", async () => {
    await ann.field.pressSequentially("so :smi")
    const list = ann.page.getByRole("listbox", { name: "Emoji of this name" })
    await list.waitFor()
    const chosen = () => list.getByRole("option", { selected: true }).textContent()
    expect(await chosen()).toContain(":smile:")
    await ann.field.press("ArrowDown")
    await ann.page.waitForFunction(
      () =>
        document.querySelector("[role=option][aria-selected=true]")?.textContent?.includes(":smile:") ===
        false,
    )
    const active = await ann.field.getAttribute("aria-activedescendant")
    expect(await list.getByRole("option", { selected: true }).getAttribute("id")).toBe(active)
    await ann.field.press("ArrowUp")
    await ann.field.press("Enter")
    await list.waitFor({ state: "detached" })
    expect(await ann.field.inputValue()).toBe("so 😄")
    await ann.field.pressSequentially(" :tada: at 12:30 :nosuch:")
    expect(await ann.field.inputValue()).toBe("so 😄 🎉 at 12:30 :nosuch:")
    await ann.field.press("Enter")
    await ann.hasStored("so 😄 🎉 at 12:30 :nosuch:")
  })

  test("are offered no more once that was refused", async () => {
    await ann.field.pressSequentially(":smi")
    const list = ann.page.getByRole("listbox")
    await list.waitFor()
    await ann.field.press("Escape")
    await list.waitFor({ state: "detached" })
    await ann.field.pressSequentially("l")
    expect(await list.count()).toBe(0)
    await ann.field.press("Enter")
    await ann.hasStored(":smil")
  })

  test("are picked from a panel by keys alone, and stand where the caret was", async () => {
    const panel = ann.page.getByRole("dialog", { name: "Emoji" })
    await ann.field.fill("ab")
    await ann.field.press("ArrowLeft")
    await ann.field.press("Shift+Tab")
    await ann.page.keyboard.press("Enter")
    await panel.waitFor()
    await ann.page.keyboard.type("rocket")
    await panel.getByRole("button", { name: "rocket", exact: true }).waitFor()
    await ann.page.keyboard.press("ArrowDown")
    await ann.page.keyboard.press("Enter")
    await panel.waitFor({ state: "detached" })
    expect(await ann.field.inputValue()).toBe("a🚀b")
    await ann.page.keyboard.type("!")
    expect(await ann.field.inputValue()).toBe("a🚀!b")
    await ann.page.getByRole("button", { name: "Choose an emoji" }).click()
    await panel.getByText("Used lately").waitFor()
    await ann.page.keyboard.press("Escape")
    await panel.waitFor({ state: "detached" })
    expect(await ann.field.evaluate((field) => field === document.activeElement)).toBe(true)
    await ann.field.fill("")
  })
})

describe("a message", () => {
  beforeAll(() => goTo("reply"))

  test("is replied to with its original above, and the quote leads there", async () => {
    await bobSays("reply", "the **original** thing")
    await line("original").hover()
    await line("original").getByRole("button", { name: "Reply" }).click()
    await ann.page.getByText("Replying to bob").waitFor()
    await ann.page.keyboard.type("my answer")
    await ann.page.keyboard.press("Enter")
    await ann.hasStored("my answer")
    expect(await ann.page.getByText("Replying to bob").count()).toBe(0)
    const heard = await bob.hears("the reply", (frame) => frame.content === "my answer")
    const born = bob.heard.find((frame) => frame.content === "the **original** thing")
    expect(heard.reply_to).toBe(born?.message_id as number)
    expect(await quote("bob").textContent()).toContain("the original thing")
    await quote("bob").click()
    await ann.page.waitForFunction(
      () => document.activeElement?.querySelector(".text")?.textContent === "the original thing",
    )
  })

  test("is reached and replied to by keys, and Escape gives the reply up", async () => {
    await ann.log.focus()
    await ann.page.keyboard.press("ArrowUp")
    expect(await focusedText()).toBe("my answer")
    await ann.page.keyboard.press("ArrowUp")
    expect(await focusedText()).toBe("the original thing")
    const tools = ann.page.getByRole("toolbar", { name: "What to do with this message from bob" })
    await tools.waitFor()
    expect(await tools.getByRole("button").count()).toBe(2)
    await ann.page.keyboard.press("r")
    await ann.page.getByText("Replying to bob").waitFor()
    expect(await ann.field.evaluate((field) => field === document.activeElement)).toBe(true)
    await ann.page.keyboard.press("Escape")
    await ann.page.getByText("Replying to bob").waitFor({ state: "detached" })
    await ann.log.focus()
    await ann.page.keyboard.press("ArrowUp")
    await ann.page.keyboard.press("e")
    await ann.page.getByLabel("Edit your message").fill("my better answer")
    await ann.page.keyboard.press("Enter")
    await ann.reads("my better answer")
  })

  test("that is deleted says so where it was replied to", async () => {
    const id = await bobSays("reply", "soon gone")
    await bobSays("reply", "about that", { reply_to: id })
    await quote("soon gone").waitFor()
    await bob.ask({ type: "delete", room_id: "reply", message_id: id })
    await quote("Reply to a deleted message").click()
    await ann.page.waitForFunction(
      () => document.activeElement?.textContent?.includes("This message was deleted.") === true,
    )
  })

  test("is copied as it was written", async () => {
    await line("original").first().hover()
    await line("original").first().getByRole("button", { name: "Copy text" }).click()
    await ann.page.getByRole("button", { name: "Copied" }).waitFor()
    expect(await ann.page.evaluate(() => navigator.clipboard.readText())).toBe("the **original** thing")
  })
})

test("what others wrote while one was away stands below a line", async () => {
  await goTo("away")
  const seen = await bobSays("away", "seen")
  await ann.reads("seen")
  await ann.rooms.getByRole("link", { name: "emoji" }).click()
  await ann.page.getByRole("heading", { name: "emoji", level: 1 }).waitFor()
  await bobSays("away", "missed", { reply_to: seen })
  await bobSays("away", "missed, too")
  await ann.rooms.getByRole("link", { name: "away" }).click()
  await ann.reads("missed, too")
  const mark = ann.log.getByRole("heading", { name: "New since you were away" })
  await mark.waitFor()
  const order = await ann.log.evaluate((log) =>
    [...log.querySelectorAll("h3, .text")].map((one) => one.textContent),
  )
  expect(order.slice(-4)).toEqual(["seen", "New since you were away", "missed", "missed, too"])
})

test("what others write while one looks has no such line", async () => {
  await goTo("here")
  await bobSays("here", "before")
  await ann.reads("before")
  await ann.page.reload()
  await ann.isIn()
  await ann.reads("before")
  // What was kept is shown at once; she looks at the room as it is once she can write there.
  await ann.write("I look")
  await ann.hasStored("I look")
  await bobSays("here", "while she looks")
  await ann.reads("while she looks")
  expect(await ann.log.getByRole("heading", { name: "New since you were away" }).count()).toBe(0)
})

test("a message that is refused says why, and is sent again or discarded", async () => {
  await using eve = await Tab.blank(browser)
  let isRefusing = true
  await eve.page.routeWebSocket(/\/ws/, (page) => {
    const onward = page.connectToServer()
    page.onMessage((message) => {
      const frame = JSON.parse(String(message)) as { type: string; ref?: string; content?: string }
      if (!isRefusing || frame.type !== "message") return onward.send(message)
      page.send(
        JSON.stringify({
          type: "error",
          ref: frame.ref,
          code: "forbidden",
          message: "You may only read here.",
        }),
      )
    })
  })
  await eve.page.goto(`${server.url}/?r=refused&u=eve`)
  await eve.isIn()
  for (const text of ["keep me", "drop me"]) {
    await eve.write(text)
    await eve.message(text).getByText("Not sent. You may only read here.").waitFor()
  }
  await eve.message("drop me").getByRole("button", { name: "Discard" }).click()
  await eve.message("drop me").waitFor({ state: "detached" })
  isRefusing = false
  await eve.message("keep me").getByRole("button", { name: "Try again" }).click()
  await eve.hasStored("keep me")
  await eve.readsAll(["keep me"])
  expect(eve.faults).toEqual([])
})
