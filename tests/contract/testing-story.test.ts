import { expect, test } from "bun:test"
import { memoryStage, realStage, type Stage, startMs } from "./testing-stage.ts"
import { Story } from "./testing-story.ts"

const unknownId = "01900000-0000-7000-8000-00000000dead"

/** Every frame and every address that the SDK uses, well and badly. */
async function tell(stage: Stage): Promise<unknown[]> {
  const story = new Story(stage)
  await asking(story)
  for (const name of ["ann", "bob"]) await story.enter(name)
  const general = await talking(story)
  await changing(story, general)
  await reading(story, general)
  await comingBack(story, general)
  await belonging(story)
  await writingToOne(story)
  await wrong(story, general)
  return story.lines
}

async function asking(story: Story): Promise<void> {
  await story.ask("GET", "/rooms")
  await story.ask("GET", "/rooms?user=x")
  await story.ask("GET", "/rooms?token=abc")
  await story.ask("GET", "/rooms?user=ann")
  await story.ask("GET", "/rooms/discover?user=ann&limit=1")
  await story.ask("GET", "/rooms/discover?limit=0")
  await story.ask("GET", "/rooms/discover?limit=abc")
  await story.ask("GET", `/rooms/discover?q=${"x".repeat(65)}`)
  await story.ask("GET", "/rooms/discover?after=UP%20there")
  await story.ask("GET", "/rooms/nowhere?user=ann")
  await story.ask("PUT", "/rooms?user=ann")
}

async function talking(story: Story): Promise<string> {
  const { room_id } = (await story.say("ann", { type: "join", room_id: "General" })) as { room_id?: string }
  const general = String(room_id)
  await story.say("bob", { type: "join", room_id: general })
  await story.say("bob", { type: "join", room_id: "general", since: 0 })
  await story.say("ann", { type: "message", room_id: general, content: " one ", client_id: "a" })
  await story.say("ann", { type: "message", room_id: "general", content: "one again", client_id: "a" })
  await story.say("bob", { type: "message", room_id: general, content: "two", client_id: "a", reply_to: 3 })
  await story.say("bob", { type: "message", room_id: general, content: "lost", reply_to: 1 })
  await story.say("bob", { type: "message", room_id: general, content: "lost", thread_id: 99 })
  await story.say("ann", {
    type: "message",
    room_id: general,
    content: "file",
    attachments: [{ file_id: unknownId }],
  })
  await story.say("ann", { type: "message", room_id: "nowhere", content: "?" })
  await story.sayTwice("ann", { type: "typing", room_id: general })
  await story.say("ann", { type: "typing", room_id: "general", active: false })
  await story.say("ann", { type: "typing", room_id: unknownId })
  await story.say("ann", { type: "chat", body: "in the lobby" })
  await story.say("bob", { type: "chat", body: "in general", room_id: "general" })
  return general
}

async function changing(story: Story, general: string): Promise<void> {
  await story.say("ann", { type: "edit", room_id: general, message_id: 3, content: "One" })
  await story.say("bob", { type: "edit", room_id: general, message_id: 3, content: "mine" })
  await story.say("bob", { type: "delete", room_id: general, message_id: 3 })
  await story.say("ann", { type: "history", room_id: general })
  await story.say("bob", { type: "join", room_id: general, since: 2 })
  await story.say("ann", { type: "delete", room_id: general, message_id: 3 })
  await story.say("ann", { type: "delete", room_id: general, message_id: 3 })
  await story.say("ann", { type: "edit", room_id: general, message_id: 3, content: "late" })
  await story.say("ann", { type: "edit", room_id: general, message_id: 1, content: "no message" })
  await story.say("ann", { type: "edit", room_id: "nowhere", message_id: 1, content: "no room" })
  await story.say("bob", { type: "join", room_id: general, since: 0 })
}

async function reading(story: Story, general: string): Promise<void> {
  for (let n = 1; n <= 5; n++) await story.say("ann", { type: "message", room_id: general, content: `${n}` })
  for (const window of [
    { limit: 2 },
    { before: 9, limit: 2 },
    { after: 4, limit: 2 },
    { after: 99 },
    { before: 0 },
  ])
    await story.say("bob", { type: "history", room_id: general, ...window })
  await story.say("bob", { type: "history", room_id: general, before: 3, after: 1 })
  await story.say("bob", { type: "history", room_id: general, limit: 101 })
  await story.ask("GET", "/rooms?user=bob")
  const { room_id: inbox } = (await story.say("bob", { type: "join", room_id: await own(story, "bob") })) as {
    room_id?: string
  }
  await story.enter("bob")
  await story.say("bob", { type: "read", room_id: general, message_id: 9 })
  await story.say("bob", { type: "read", room_id: general, message_id: 4 })
  await story.ask("GET", "/rooms?user=bob")
  await story.say("bob", { type: "read", room_id: "general", message_id: 9_999 })
  await story.say("bob", { type: "read", room_id: String(inbox), message_id: 1 })
  await story.say("bob", { type: "read", room_id: "nowhere", message_id: 1 })
  await story.ask("GET", "/rooms?user=bob&limit=1")
  await story.ask("GET", "/rooms?user=bob&after=00000000-0000-7000-8000-000000000001")
  await story.ask("GET", "/rooms?user=bob&after=ffffffff-0000-7000-8000-000000000001")
}

/** A user's id, as the members of a room tell it. */
async function own(story: Story, name: string): Promise<string> {
  const { members } = (await story.ask("GET", `/rooms/general/members?user=${name}`)) as {
    members?: { id: string; username: string }[]
  }
  return members?.find(({ username }) => username === name)?.id ?? ""
}

async function comingBack(story: Story, general: string): Promise<void> {
  await story.say("ann", { type: "leave", room_id: general })
  await story.say("bob", { type: "message", room_id: general, content: "ann is away" })
  await story.say("ann", { type: "resume", rooms: { [general]: 10, [unknownId]: 3 } })
  await story.say("ann", { type: "resume", rooms: { [general]: 9_999 } })
  await story.say("ann", { type: "leave", room_id: "nowhere" })
  await story.say("bob", { type: "join", room_id: "flood" })
  const frame = { type: "message", room_id: "flood", content: "x" }
  // Few enough at a time for the real server, which bounds what waits to be stored.
  for (let chunk = 0; chunk < 5; chunk++)
    await story.flood(
      "bob",
      Array.from({ length: 205 }, () => frame),
    )
  const { room_id: flood } = (await story.say("ann", { type: "join", room_id: "flood", since: 3 })) as {
    room_id?: string
  }
  await story.say("ann", { type: "resume", rooms: { [general]: 12, [String(flood)]: 0 } })
  await story.say("bob", { type: "message", room_id: "flood", content: "after the gap" })
}

async function belonging(story: Story): Promise<void> {
  const secret = { kind: "private", name: "Secret", slug: "secret", topic: "hush" }
  await story.ask("POST", "/rooms?user=ann", secret)
  await story.ask("POST", "/rooms?user=ann", secret)
  await story.ask("POST", "/rooms?user=ann", { name: "Über  Tea!", members: ["nobody-there"] })
  await story.ask("POST", "/rooms?user=ann", { name: "Über  Tea!", members: ["bob"] })
  await story.ask("POST", "/rooms?user=ann", { kind: "group", name: "No slug" })
  await story.ask("POST", "/rooms?user=ann", { name: "" })
  await story.ask("POST", "/rooms?user=ann", { name: "x", kind: "direct" })
  await story.ask("POST", "/rooms?user=ann", { name: "x", slug: unknownId })
  await story.ask("POST", "/rooms?user=ann", "{")
  await story.ask("POST", "/rooms", secret)
  await story.ask("GET", "/rooms/secret?user=ann")
  await story.ask("GET", "/rooms/secret?user=bob")
  await story.ask("GET", "/rooms/secret/members")
  await story.ask("POST", "/rooms/secret/join?user=bob")
  await story.say("bob", { type: "join", room_id: "secret" })
  await story.say("bob", { type: "message", room_id: "secret", content: "hello?" })
  await story.say("bob", { type: "history", room_id: "secret" })
  await story.say("bob", { type: "leave", room_id: "secret" })
  await story.ask("POST", "/rooms/secret/members?user=bob", { users: ["bob"] })
  await story.ask("POST", "/rooms/secret/members?user=ann", { users: [] })
  await story.ask("POST", "/rooms/secret/members?user=ann", { users: ["bob", "ann"] })
  await story.say("bob", { type: "join", room_id: "secret" })
  await story.ask("GET", "/rooms/secret/members?user=bob&limit=1")
  await story.ask("POST", "/rooms/secret/leave?user=bob")
  await story.ask("POST", "/rooms/secret/leave?user=bob")
  await story.say("ann", { type: "message", room_id: "secret", content: "alone" })
  await story.ask("POST", "/rooms/general/leave?user=bob")
  await story.ask("POST", "/rooms/general/leave?user=bob")
  await story.ask("POST", "/rooms/general/members?user=bob", { users: ["ann"] })
  await story.ask("POST", "/rooms/general/join?user=bob")
  await story.say("bob", { type: "leave", room_id: "general", forget: true })
  await story.say("bob", { type: "message", room_id: "general", content: "a member again" })
  await story.ask("GET", "/rooms/general?user=bob")
  await story.ask("GET", "/rooms/general")
  await story.ask("GET", "/rooms/discover?user=bob&q=e&limit=2")
  await story.ask("GET", "/rooms/discover?user=bob&q=%25&after=general")
}

async function writingToOne(story: Story): Promise<void> {
  await story.say("ann", { type: "dm", to: "BOB", content: "psst", client_id: "d" })
  await story.ask("POST", "/dm?user=bob", { to: "ann" })
  await story.ask("POST", "/dm?user=bob", { to: "nobody-there" })
  await story.ask("POST", "/dm?user=bob", { to: "?" })
  await story.say("bob", { type: "dm", to: unknownId, content: "?" })
  await story.say("bob", { type: "dm", to: "bob", content: "to myself" })
  await story.say("ann", { type: "dm", to: "cay", content: "not here yet" })
  await story.ask("GET", "/rooms?user=cay")
  await story.enter("cay")
  await story.say("ann", { type: "group", to: "team", content: "all hands" })
  await story.say("cay", { type: "group", to: "team", content: "here" })
  await story.say("cay", { type: "join", room_id: "team", since: 0 })
  await story.say("ann", { type: "read", room_id: "team", message_id: 4 })
  await story.say("cay", { type: "broadcast", content: "to all", client_id: "b" })
  await story.say("cay", { type: "broadcast", content: "to all", client_id: "b" })
  await story.ask("GET", "/rooms?user=ann")
}

async function wrong(story: Story, general: string): Promise<void> {
  const isError = (frame: { type: string }) => frame.type === "error"
  await story.send("ann", "no json", isError)
  await story.send("ann", "[1]", isError)
  await story.send("ann", '{"type":"constructor"}', isError)
  await story.send("ann", '{"type":"ping"}', (frame) => frame.type === "pong")
  await story.say("ann", { type: "dance" })
  await story.say("ann", { type: "message", room_id: general, content: "  " })
  await story.say("ann", { type: "message", room_id: general, content: "x".repeat(8_001) })
  await story.say("ann", { type: "message", room_id: "not a slug", content: "x" })
  await story.say("ann", { type: "join", room_id: general, since: -1 })
  await story.say("ann", { type: "join", room_id: unknownId })
  await story.say("ann", { type: "join", room_id: await own(story, "bob") })
  await story.say("ann", { type: "message", room_id: await own(story, "ann"), content: "dear diary" })
  await story.say("ann", { type: "resume", rooms: { general: 1 } })
  for (const type of ["react", "unreact"] as const)
    await story.say("ann", { type, room_id: general, message_id: 4, emoji: "+1" })
  for (const type of ["pin", "unpin"] as const)
    await story.say("ann", { type, room_id: general, message_id: 4 })
  await story.say("ann", { type: "presence", users: [] })
  await story.say("ann", { type: "auth", token: "abc" })
}

test(
  "the in-memory Klatch answers every frame and request in the words of the real server",
  async () => {
    await using memory = await memoryStage()
    await using real = await realStage()
    const [told, wanted] = [await tell(memory), await tell(real)]
    expect(told.length).toBe(wanted.length)
    for (const [at, line] of wanted.entries()) expect(told[at]).toEqual(line)
  },
  startMs,
)
