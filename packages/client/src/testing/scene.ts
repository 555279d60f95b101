import { MemoryServer, seeded, VirtualClock } from "@klatch/testing"
import { type Client, type ClientOptions, createClient } from "../client.ts"

const url = "http://chat.test/prefix/"

/**
 * An in-memory server on a virtual clock, and clients of it. It is kinder than a real one, so that a test counts only
 * what it is about: any name and token will do, and whoever comes belongs to every room without an entry. And its
 * network is worse: frames overtake each other.
 */
export function scene(seed = 1) {
  const clock = new VirtualClock()
  let guests = 0
  const server = new MemoryServer(clock, {
    url,
    identify: (query) => query.get("user") ?? `guest-${++guests}`,
    roomDefaults: { everyoneIs: "member", topic: "told over HTTP" },
    keepsOrder: false,
  })
  const random = seeded(seed)
  let ids = 0
  const newClient = (user?: string, options: ClientOptions = {}): Client => {
    const client = createClient({
      url,
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
