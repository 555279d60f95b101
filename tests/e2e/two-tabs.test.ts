import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test"
import type { Browser } from "playwright-core"
import { Peer } from "../harness/peer.ts"
import type { ServerProcess } from "../harness/server.ts"
import { PrefixProxy } from "./prefix-proxy.ts"
import { openStage, type Stage } from "./stage.ts"
import { Tab, testMs } from "./tab.ts"

setDefaultTimeout(testMs)

let stage: Stage | undefined
let server: ServerProcess
let browser: Browser
beforeAll(async () => {
  stage = await openStage()
  ;({ server, browser } = stage)
})
afterAll(() => stage?.[Symbol.asyncDispose]())

const at = (path: string) => server.url + path

describe("two tabs in one room", () => {
  let ann: Tab
  let bob: Tab
  beforeAll(async () => {
    ;[ann, bob] = await Promise.all([Tab.enter(browser, at("/"), "ann"), Tab.enter(browser, at("/"), "bob")])
  })
  afterAll(async () => {
    expect([...ann.faults, ...bob.faults]).toEqual([])
    await ann[Symbol.asyncDispose]()
    await bob[Symbol.asyncDispose]()
  })

  test("what one writes the other reads, both ways and in order", async () => {
    await ann.write("hello, bob")
    await bob.reads("hello, bob")
    await bob.write("hello, ann")
    await ann.reads("hello, ann")
    await ann.write("two\nlines")
    for (const tab of [ann, bob]) await tab.readsAll(["hello, bob", "hello, ann", "two\nlines"])
    expect(await bob.message("hello, bob").locator(".author").textContent()).toBe("ann")
  })

  test("a reload keeps the name, the room and the history", async () => {
    const before = await ann.texts()
    for (const tab of [ann, bob]) {
      await tab.page.reload()
      await tab.isIn()
      await tab.readsAll(before)
    }
    await ann.write("back again")
    await bob.readsAll([...before, "back again"])
    expect(await bob.message("back again").textContent()).toContain("ann")
  })

  test("who is typing is told to the other, and ends with what is sent", async () => {
    const line = ann.page.getByText("bob is typing", { exact: true })
    await bob.field.pressSequentially("well")
    await line.waitFor()
    expect(await bob.page.getByText("is typing").count()).toBe(0)
    await bob.field.press("Enter")
    await ann.reads("well")
    await line.waitFor({ state: "detached" })
  })

  test("an edit and a deletion are seen in the other tab, and only one's own can be changed", async () => {
    await ann.write("a mistaek")
    await bob.reads("a mistaek")
    const own = ann.message("a mistaek")
    await own.hover()
    await own.getByRole("button", { name: "Edit" }).click()
    await ann.page.getByLabel("Edit your message").fill("a mistake")
    await ann.page.getByLabel("Edit your message").press("Enter")
    await bob.reads("a mistake")
    await bob.message("a mistake").getByText("edited").waitFor()
    const changing = bob.message("a mistake").getByRole("button", { name: /^(?:Edit|Delete)$/ })
    expect(await changing.count()).toBe(0)
    await ann.message("a mistake").hover()
    await ann.message("a mistake").getByRole("button", { name: "Delete" }).click()
    await ann.message("a mistake").getByRole("button", { name: "Delete" }).click()
    for (const tab of [ann, bob]) {
      await tab.log.getByText("This message was deleted.").waitFor()
      expect(await tab.texts()).not.toContain("a mistake")
    }
  })

  test("the arrow up in the empty field edits one's last message", async () => {
    await bob.write("no doubt")
    await bob.hasStored("no doubt")
    await bob.field.press("ArrowUp")
    await bob.page.getByLabel("Edit your message").fill("not a doubt")
    await bob.page.getByLabel("Edit your message").press("Enter")
    await ann.reads("not a doubt")
    expect(await bob.field.evaluate((field) => field === document.activeElement)).toBe(true)
  })

  test("a plain WebSocket and a tab talk to each other", async () => {
    await using pat = await Peer.connect(server.wsUrl, "/ws?user=pat&room=lobby")
    const ack = await pat.ask({ type: "message", room_id: "lobby", content: "from a socket" })
    expect(ack.type).toBe("ack")
    await ann.reads("from a socket")
    await ann.write("from a page")
    const heard = await pat.hears("the page", (frame) => frame.content === "from a page")
    expect(heard).toMatchObject({ type: "message", from: "ann", room: "lobby", seq: Number(ack.seq) + 1 })
  })

  test("a message written to someone is in their list without a reload", async () => {
    await ann.page.getByRole("button", { name: "Write to someone" }).click()
    await ann.page.getByLabel("Their name").fill("bob")
    await ann.page.getByRole("button", { name: "Start writing" }).click()
    await ann.page.getByRole("heading", { name: "bob", level: 1 }).waitFor()
    await ann.write("between us")
    const item = bob.rooms.getByRole("link", { name: "ann" })
    await item.click()
    await bob.page.getByRole("heading", { name: "ann", level: 1 }).waitFor()
    await bob.readsAll(["between us"])
    await bob.write("only us")
    await ann.readsAll(["between us", "only us"])
  })

  test("a room that one makes the other finds", async () => {
    await ann.page.getByRole("button", { name: "Make a room" }).click()
    await ann.page.getByLabel("Name", { exact: true }).fill("Weekend plans")
    await ann.page.getByLabel("Topic (optional)").fill("Where to, and who drives")
    await ann.page.getByRole("button", { name: "Make the room" }).click()
    await ann.page.getByRole("heading", { name: "Weekend plans" }).waitFor()
    await ann.page.getByText("Nothing here yet").waitFor()
    await ann.write("the lake?")
    await bob.page.getByLabel("Find a room").fill("week")
    await bob.rooms.getByRole("link", { name: "Weekend plans" }).click()
    await bob.readsAll(["the lake?"])
    await bob.page.getByText("Where to, and who drives").waitFor()
    await bob.write("the lake!")
    await ann.readsAll(["the lake?", "the lake!"])
    await bob.page.goBack()
    await bob.readsAll(["between us", "only us"])
  })
})

test("/client.html?r=room&u=name goes straight into the room, also after a reload", async () => {
  await using ann = await Tab.open(browser, at("/client.html?r=den&u=ann"))
  await using cat = await Tab.open(browser, at("/client.html?r=den&u=cat"))
  await ann.write("in the den")
  await cat.readsAll(["in the den"])
  await cat.page.reload()
  await cat.isIn()
  await cat.readsAll(["in the den"])
  expect(new URL(cat.page.url()).search).toBe("?r=den&u=cat")
  const history = (await (await fetch(at("/history?r=den"))).json()) as { content: string }[]
  expect(history.map((message) => message.content)).toEqual(["in the den"])
  expect([...ann.faults, ...cat.faults]).toEqual([])
})

test("a name that is somebody's is asked about, and another one will do", async () => {
  await using proxy = await PrefixProxy.start(server.port, "")
  const error = { code: "unauthorized", message: "in whatever words" }
  proxy.intercept = (path) =>
    path.includes("user=taken") ? { status: "401 Unauthorized", body: JSON.stringify({ error }) } : undefined
  await using tab = await Tab.blank(browser)
  await tab.page.goto(`${proxy.url}/client.html?r=den&u=taken`)
  await tab.page.getByText("“taken” is somebody's. Sign in if that is you.").waitFor()
  expect(await tab.page.getByLabel("Your name").inputValue()).toBe("taken")
  await tab.page.getByRole("button", { name: "Go on with just a name" }).click()
  await tab.page.getByLabel("Your name").fill("dora")
  await tab.page.getByRole("button", { name: "Join den" }).click()
  await tab.isIn()
  await tab.write("as dora, then")
  await tab.hasStored("as dora, then")
  expect(new URL(tab.page.url()).search).toBe("?r=den")
})

test("a guest is given a name and can write", async () => {
  await using guest = await Tab.blank(browser)
  await guest.page.goto(at("/?r=hall"))
  await guest.page.getByRole("button", { name: "Continue as a guest" }).click()
  await guest.isIn()
  await guest.write("hello from nobody")
  await guest.reads("hello from nobody")
  expect(await guest.page.locator(".author").textContent()).toMatch(/^guest-/)
})
