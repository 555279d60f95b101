import { expect, test } from "bun:test"
import { createClient, type Room } from "@klatch/client"
import { createTestKlatch } from "@klatch/testing"
import { createElement } from "react"
import { renderToString } from "react-dom/server"
import { KlatchProvider, useConnection, useMessages, useRoom, useRooms, useTyping, useUser } from "./index.ts"

/** Everything that hooks tell, in words. */
function Summary() {
  const { room, info, status, error } = useRoom("lobby")
  const list = useRooms()
  const told = [
    useConnection().phase,
    useUser()?.username ?? "nobody",
    info?.slug ?? "unknown",
    status,
    error?.code ?? "fine",
    list.status,
    list.rooms.length,
  ]
  return createElement("p", null, createElement("b", null, told.join(" ")), createElement(Inside, { room }))
}

function Inside({ room }: { readonly room: Room }) {
  const { messages, status, hasOlder } = useMessages(room)
  return [status, hasOlder, messages.length, useTyping(room, ({ users }) => users.length)].join(" ")
}

const page = "<p><b>idle nobody unknown empty fine empty 0</b>empty false 0 0</p>"

test("[K35] a server renders that nothing is known yet, opens nothing and asks nothing", async () => {
  const { clock, server, clientOptions } = createTestKlatch()
  const asked: string[] = []
  const fetch = async (url: string) => {
    asked.push(url)
    return new Response()
  }
  const client = createClient({ ...clientOptions("ann"), fetch })
  expect(renderToString(createElement(KlatchProvider, { client }, createElement(Summary)))).toBe(page)
  await clock.run(1_000)
  expect({ asked, frames: server.frames, connections: server.connections }).toEqual({
    asked: [],
    frames: [],
    connections: 0,
  })
})

test("[K35] a server renders the same with a client that knows more", async () => {
  const { clock, server, clientOptions } = createTestKlatch()
  server.post("lobby", "ann", "one")
  const client = createClient(clientOptions("ann"))
  client.connect()
  await Promise.all([clock.settle(client.room("lobby").open()), clock.settle(client.rooms.load())])
  expect(client.room("lobby").messages.get().messages).toHaveLength(1)
  expect(renderToString(createElement(KlatchProvider, { client }, createElement(Summary)))).toBe(page)
  client.close()
})
