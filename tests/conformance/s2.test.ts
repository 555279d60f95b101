import { describe, expect, setDefaultTimeout, test } from "bun:test"
import { messageEvent } from "@klatch/protocol"
import { ask } from "./answer.ts"
import { Caller } from "./caller.ts"
import { testMs, unique } from "./target.ts"

setDefaultTimeout(testMs)

describe("S2: rooms by address", () => {
  test("[O25] /chat?r=&u= joins, plain text is said to the room, /history?r= is an array, oldest first", async () => {
    const room = unique("room")
    const [a, b] = [unique("ann"), unique("bob")]
    await using ann = await Caller.open(`/chat?r=${room}&u=${a}`)
    await using bob = await Caller.open(`/chat?r=${room}&u=${b}`)
    await bob.hears("the ack", (f) => f.type === "ack")
    ann.send("hello")
    await bob.hears("hello", (f) => f.content === "hello" && f.from === a)
    bob.send("hi there")
    await ann.hears("hi there", (f) => f.content === "hi there" && f.from === b)
    const { status, body } = await ask(`GET /history?r=${room}`)
    expect(status).toBe(200)
    const items = (body as unknown[]).map((item) => messageEvent.strict().parse(item))
    expect(items.map((m) => [m.from, m.content])).toEqual([
      [a, "hello"],
      [b, "hi there"],
    ])
  })

  test("[O25] who comes later finds the history and hears only what is new", async () => {
    const room = unique("room")
    await using ann = await Caller.open(`/chat?r=${room}&u=${unique("ann")}`)
    ann.send("before")
    await ann.hears("before", (f) => f.content === "before")
    await using bob = await Caller.open(`/chat?r=${room}&u=${unique("bob")}`)
    await bob.hears("the ack", (f) => f.type === "ack")
    ann.send("after")
    await bob.hears("after", (f) => f.content === "after")
    expect(bob.heard.filter((f) => f.content === "before")).toEqual([])
    expect(((await ask(`GET /history?r=${room}`)).body as unknown[]).length).toBe(2)
  })

  test("[O25] /client.html is the web client, and rooms do not hear each other", async () => {
    const page = await ask("GET /client.html")
    expect([page.status, page.headers.get("content-type")?.split(";")[0]]).toEqual([200, "text/html"])
    await using ann = await Caller.open(`/chat?r=${unique("one")}&u=${unique("ann")}`)
    await using bob = await Caller.open(`/chat?r=${unique("two")}&u=${unique("bob")}`)
    ann.send("only here")
    await ann.hears("it", (f) => f.content === "only here")
    await bob.settled()
    expect(bob.heard.filter((f) => f.content === "only here")).toEqual([])
  })

  test("[O25] without a room, text goes to the lobby", async () => {
    await using ann = await Caller.open(`/chat?u=${unique("ann")}`)
    const text = unique("to the lobby")
    await ann.acked({ type: "join", room_id: "lobby" })
    ann.send(text)
    expect(await ann.hears("it", (f) => f.content === text)).toMatchObject({ room: "lobby" })
  })
})
