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

  test("[R9] a resume as the first frame hears each room in order from its cursor, without repeat", async () => {
    const [a, b] = [unique("alice"), unique("bob")]
    await using alice = await Caller.as(a)
    const { room_id } = await alice.acked({ type: "dm", to: b, content: "0" })
    for (let i = 1; i <= 5; i++) await alice.acked({ type: "dm", to: b, content: `${i}` })
    await using bob = await Caller.as(b)
    // Said between hello and the resume: it must not come before what was missed.
    const { seq } = await alice.acked({ type: "dm", to: b, content: "live" })
    await bob.acked({ type: "resume", rooms: { [String(room_id)]: 3 } })
    await bob.hears("the newest", (f) => f.content === "live")
    const heard = bob.entries(room_id).map((f) => Number(f.seq))
    expect(heard).toEqual(Array.from({ length: Number(seq) - 3 }, (_, i) => i + 4))
  })
})
