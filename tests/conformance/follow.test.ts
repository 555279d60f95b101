import { describe, expect, setDefaultTimeout, test } from "bun:test"
import { Caller } from "./caller.ts"
import { testMs, unique } from "./target.ts"

setDefaultTimeout(testMs)

describe("rooms that a connection follows by itself", () => {
  test.each(["dm", "group"])("[R9] from hello on, no %s that is acked is missed", async (type) => {
    const [a, b, group] = [unique("alice"), unique("bob"), unique("group")]
    await using alice = await Caller.as(a)
    const first = await Caller.as(b)
    const to = type === "dm" ? b : group
    if (type === "group") await first.acked({ type, to, content: "in" })
    await alice.acked({ type, to, content: "first" })
    await first.close()
    const missed: string[] = []
    // Two frames a round, within what one connection may send at once.
    for (let i = 0; i < 45; i++) {
      await using bob = await Caller.as(b)
      const { seq } = await alice.acked({ type, to, content: `${i}` })
      await bob.settled()
      const next = await alice.acked({ type, to, content: "next" })
      await bob.hears("the next", (f) => f.content === "next" && f.seq === next.seq)
      if (!bob.heard.some((f) => f.seq === seq && f.content === `${i}`)) missed.push(`${i}`)
    }
    expect(missed).toEqual([])
  })
})
