import { describe, expect, setDefaultTimeout, test } from "bun:test"
import { startServer } from "../harness/server.ts"
import { ask } from "./answer.ts"
import { Caller } from "./caller.ts"
import { targetAt, testMs, unique } from "./target.ts"

setDefaultTimeout(testMs)

/** What a tab does when it is opened: the history, then live. */
async function tab(name: string, room: string, at: ReturnType<typeof targetAt>) {
  const caller = await Caller.as(name, `room_id=${room}`, { at })
  await caller.hears("the ack", (f) => f.type === "ack")
  const page = await caller.acked({ type: "history", room_id: room })
  return { caller, shown: (page.messages as { content: string }[]).map((m) => m.content) }
}

describe("S0: two tabs", () => {
  test("[O20] what one types the other reads, a reload still shows it, and so does a start after kill -9", async () => {
    await using first = await startServer()
    const at = targetAt(first.url)
    const page = await ask("GET /", { at })
    expect([page.status, page.headers.get("content-type")?.split(";")[0]]).toEqual([200, "text/html"])
    const ann = await tab("ann", "general", at)
    const bob = await tab("bob", "general", at)
    await ann.caller.acked({ type: "message", room_id: "general", content: "can you read this?" })
    await bob.caller.hears("what ann typed", (f) => f.content === "can you read this?")
    await bob.caller.acked({ type: "message", room_id: "general", content: "yes" })
    await ann.caller.hears("what bob typed", (f) => f.content === "yes")
    await bob.caller.close()
    const reloaded = await tab("bob", "general", at)
    expect(reloaded.shown).toEqual(["can you read this?", "yes"])
    await first.kill()
    await using second = await startServer({ dataDir: first.dataDir })
    const again = await tab("bob", "general", targetAt(second.url))
    expect(again.shown).toEqual(["can you read this?", "yes"])
    await again.caller.close()
  })

  test("[O20] the page loads nothing that this server does not have", async () => {
    const { text } = await ask("GET /")
    const own = [...text.matchAll(/(?:src|href)="([^"]+)"/g)].map((match) => match[1] as string)
    expect(own.length).toBeGreaterThan(0)
    for (const path of own) {
      expect(path).toMatch(/^(\.?\/|data:)/)
      if (!path.startsWith("data:"))
        expect((await ask(`GET /${path.replace(/^\.?\//, "")}`)).status).toBe(200)
    }
    expect((await ask(`GET /assets/${unique("missing")}.js`)).status).toBe(404)
  })
})
