import { type Client, type ClientOptions, createClient } from "../client.ts"
import { FakeServer } from "./fake-server.ts"
import { seeded } from "./seeded.ts"
import { VirtualClock } from "./virtual-clock.ts"

/** A fake server on a virtual clock, and clients of it. */
export function scene(seed = 1) {
  const clock = new VirtualClock()
  const server = new FakeServer(clock)
  const random = seeded(seed)
  let ids = 0
  const newClient = (user?: string, options: ClientOptions = {}): Client => {
    const client = createClient({
      url: "http://chat.test/prefix/",
      webSocket: server.webSocket,
      fetch: server.fetch,
      clock,
      random,
      newId: () => `${user ?? "guest"}-${++ids}`,
      ...(user === undefined ? {} : { user }),
      ...options,
    })
    client.connect()
    return client
  }
  return { clock, server, random, newClient }
}

/** Message contents, in order. */
export const contents = (room: {
  messages: { get(): { messages: readonly { content: string }[] } }
}): string[] => room.messages.get().messages.map((message) => message.content)
