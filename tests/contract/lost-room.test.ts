import { expect, test } from "bun:test"
import { type Client, createClient } from "@klatch/client"
import { startServer } from "../harness/server.ts"
import { until } from "../harness/until.ts"

const enter = (url: string, user: string): Client => {
  const client = createClient({ url, user })
  client.connect()
  return client
}

const shown = (client: Client, ref: string) => {
  const { status, messages } = client.room(ref).messages.get()
  return [status, ...messages.map(({ from, content }) => `${from}: ${content}`)]
}

test("a deleted room stays away though many followed it; one made under its name is found by it", async () => {
  await using server = await startServer()
  const [ann, bob] = [enter(server.url, "ann"), enter(server.url, "bob")]
  const made = await ann.rooms.create({ name: "Den", slug: "den" })
  for (const client of [ann, bob]) await client.room("den").open()
  await ann.room("den").messages.send("in the first").settled
  await ann.request("DELETE", `/rooms/${made.id}`)
  for (const client of [ann, bob])
    await until("the room to be gone", () => client.room("den").messages.get().status === "stale")
  const second = await ann.rooms.create({ name: "Den again", slug: "den" })
  expect(second.id).not.toBe(made.id)
  for (const client of [ann, bob]) {
    // Until the server has said that the first is gone, opening asks for that one.
    await until("the second to be open", () =>
      client
        .room("den")
        .open()
        .then(
          () => true,
          () => false,
        ),
    )
    await client.room("den").messages.send("in the second").settled
  }
  const all = ["ready", "ann: in the second", "bob: in the second"]
  for (const client of [ann, bob])
    await until("what is said there", () => shown(client, "den").join() === all.join())
  expect(bob.room("den").info.get()?.id).toBe(second.id)
  for (const client of [ann, bob]) client.close()
})

test("a server that comes back with nothing finds its clients as new people, who go on", async () => {
  const first = await startServer({ env: { ENABLE_PERSISTENCE: "false" } })
  const ann = enter(first.url, "ann")
  await ann.room("lobby").open()
  await ann.room("lobby").messages.send("before").settled
  const before = ann.user.get()?.id
  await first[Symbol.asyncDispose]()
  const waiting = ann.room("lobby").messages.send("while it was away")
  waiting.settled.catch(() => {})
  const { port } = new URL(first.url)
  await using second = await startServer({ env: { ENABLE_PERSISTENCE: "false", PORT: port } })
  await until("ann to be back", () => ann.connection.get().phase === "open" && ann.user.get()?.id !== before)
  await until("the lobby to be there", () => ann.room("lobby").messages.get().status === "ready")
  await ann.room("lobby").messages.send("after").settled
  expect(shown(ann, "lobby")).toContain("ann: after")
  expect(shown(ann, "lobby")).not.toContain("ann: before")
  expect(second.url).toBe(first.url)
  ann.close()
})
