import { expect, setDefaultTimeout, test } from "bun:test"
import { TestRedis } from "../../harness/redis.ts"
import { until } from "../../harness/until.ts"
import { World } from "./world.ts"

setDefaultTimeout(120_000)

const graceMs = 1_000
const everyMs = 50
const counts = { kick: 300, "ban from the room": 300, expiry: 250, "ban from the server": 150 } as const
type Kind = keyof typeof counts | "sign-out" | "new password"
const accountsEach = 25

/** Someone who hears the room, until their right to ends. */
interface Listener {
  readonly kind: Kind
  readonly name: string
  readonly socket: WebSocket
  /** When the last message was sent that reached them. */
  lastSentMs: number
  heard: number
  endedMs: number
}

/** Two nodes that meet over Redis: the world of the case that runs now. */
let world: World

test("[A7] [N3] [N4] of 1,050 whose right ended on one of two nodes, none hears what is sent 1 s later", async () => {
  await using redis = await TestRedis.start()
  world = await World.open(redis.url)
  await using _ = world
  await endAll(1)
})

test("[N3] [N4] nor on another node while Redis is down", async () => {
  const redis = await TestRedis.start()
  world = await World.open(redis.url)
  await using _ = world
  await redis[Symbol.asyncDispose]()
  await endAll(0.2)
})

/** Such a share of all kinds of ends, while messages flow. */
async function endAll(share: number): Promise<void> {
  const room = (
    (await world.ask("owner", "POST", "/rooms", { kind: "private", name: "Flow" })).body as { id: string }
  ).id
  const names = Object.entries(counts).flatMap(([kind, count]) =>
    Array.from({ length: count * share }, (_, i) => ({
      kind: kind as Kind,
      name: `${kind.replaceAll(" ", "-")}-${i}`.slice(0, 30),
    })),
  )
  await inTurns(names, 40, ({ name }) => world.enter(name))
  const accounts = (["sign-out", "new password"] as const).flatMap((kind) =>
    Array.from({ length: accountsEach * share }, (_, i) => ({
      kind: kind as Kind,
      name: `${kind.replaceAll(" ", "-")}-${i}`,
    })),
  )
  await inTurns(accounts, 4, ({ name }) => world.signUp(name))
  const everyone = [...names, ...accounts]
  for (let i = 0; i < everyone.length; i += 100) {
    const users = everyone.slice(i, i + 100).map(({ name }) => world.id(name))
    expect((await world.ask("owner", "POST", `/rooms/${room}/members`, { users })).status).toBe(204)
  }
  // Every other one is on the node where nothing ends.
  const listeners = await inTurns(everyone, 40, (one) =>
    listen(one.kind, one.name, room, everyone.indexOf(one) % 2),
  )
  let isFlowing = true
  const flowing = flow(room, () => isFlowing)
  await until("everyone hears", () => listeners.every(({ heard }) => heard > 0))

  await inTurns(listeners, 30, async (one) => {
    if (one.kind === "expiry") {
      // Renewed by a token that ends soon.
      one.endedMs = (Math.floor(Date.now() / 1_000) + 2) * 1_000
      one.socket.send(JSON.stringify({ type: "auth", token: await world.tokenOf(one.name, one.endedMs) }))
    } else {
      const answer = await end(one.kind, one.name, room)
      one.endedMs = Date.now()
      expect([one.kind, answer.status, answer.body]).toEqual([one.kind, 204, null])
    }
  })
  const lastEndMs = Math.max(...listeners.map(({ endedMs }) => endedMs))
  // A message that is sent two seconds after the last end has gone by: whoever still heard would have heard it.
  await until("two more seconds of messages", () => newestMs > lastEndMs + 2 * graceMs)
  isFlowing = false
  await flowing
  const late = listeners.filter(({ lastSentMs, endedMs }) => lastSentMs > endedMs + graceMs)
  const latestMs = Math.max(...listeners.map(({ lastSentMs, endedMs }) => lastSentMs - endedMs))
  const heard = listeners.reduce((sum, one) => sum + one.heard, 0)
  console.log(
    `n=${listeners.length} ends, ${heard} deliveries; late: ${late.length}; the latest ${latestMs} ms after`,
  )
  expect(late.map(({ kind, name }) => `${kind} ${name}`)).toEqual([])
  expect(listeners.length).toBeGreaterThanOrEqual(1_000 * share)
  for (const { socket } of listeners) socket.close()
}

let newestMs = 0

/** Messages that say when they were sent, at a steady rate. */
async function flow(room: string, isOn: () => boolean): Promise<void> {
  const socket = await open("owner", room)
  let dueMs = Date.now()
  while (isOn()) {
    await until("the next one is due", () => Date.now() >= dueMs)
    newestMs = Date.now()
    socket.send(JSON.stringify({ type: "message", room_id: room, content: String(newestMs) }))
    dueMs += everyMs
  }
  socket.close()
}

async function listen(kind: Kind, name: string, room: string, node: number): Promise<Listener> {
  const socket = await open(name, room, [world.app, world.other][node])
  const listener: Listener = { kind, name, socket, lastSentMs: 0, heard: 0, endedMs: 0 }
  socket.onmessage = ({ data }) => {
    const event = JSON.parse(String(data)) as { type: string; content?: string }
    if (event.type !== "message") return
    listener.heard++
    listener.lastSentMs = Math.max(listener.lastSentMs, Number(event.content))
  }
  return listener
}

/** A socket that follows the room. */
async function open(name: string, room: string, node = world.app): Promise<WebSocket> {
  const url = `${node.url.replace("http", "ws")}/ws?subscribe=none&room=${room}`
  const socket = new WebSocket(url, {
    headers: { authorization: `Bearer ${world.tokens.get(name)}` },
  } as never)
  let isJoined = false
  socket.onmessage = ({ data }) => {
    isJoined ||= String(data).includes('"type":"ack"')
  }
  await until(`${name} is in the room`, () => isJoined)
  return socket
}

function end(kind: Exclude<Kind, "expiry">, name: string, room: string) {
  switch (kind) {
    case "kick":
      return world.ask("owner", "DELETE", `/rooms/${room}/members/${name}`)
    case "ban from the room":
      return world.ask("owner", "POST", `/rooms/${room}/bans`, { user: name })
    case "ban from the server":
      return world.ask("root", "POST", `/admin/users/${name}/ban`)
    case "sign-out":
      return world.ask(name, "POST", "/auth/logout", {})
    case "new password":
      return world.ask(name, "POST", "/auth/password", {
        old_password: world.password,
        password: "another sentence",
      })
  }
}

/** Does `work` for each, so many at once. */
async function inTurns<T, R>(all: readonly T[], atOnce: number, work: (one: T) => Promise<R>): Promise<R[]> {
  const results: R[] = []
  let next = 0
  const turn = async () => {
    while (next < all.length) {
      const at = next++
      results[at] = await work(all[at] as T)
    }
  }
  await Promise.all(Array.from({ length: atOnce }, turn))
  return results
}
