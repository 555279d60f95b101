import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test"
import { readdirSync, readFileSync } from "node:fs"
import { createClient } from "@klatch/client"
import { Peer } from "../harness/peer.ts"
import { type ServerProcess, startServer } from "../harness/server.ts"
import { until } from "../harness/until.ts"

setDefaultTimeout(60_000)

const count = 3
const range = (n: number) => Array.from({ length: n }, (_, i) => i)

describe(`${count} workers on one port`, () => {
  let server: ServerProcess
  beforeAll(async () => {
    server = await startServer({ env: { WORKERS: String(count), LIMITS: "off" } })
  })
  afterAll(() => server?.[Symbol.asyncDispose]())

  const workers = () => childrenOf(server.pid).filter((pid) => commandOf(pid).includes("main.ts"))
  const metric = async (name: string) => {
    const page = await (await fetch(`${server.url}/metrics`)).text()
    return Number(new RegExp(`^${name} (.+)$`, "m").exec(page)?.[1])
  }
  const enter = async (n: number, room: string) => {
    const peer = await Peer.connect(server.wsUrl, `/ws?user=peer-${n}&room=${room}`)
    await peer.hears("the join", (frame) => frame.type === "ack")
    return peer
  }

  test("[N7] all hear all in one order, whichever took them; one page tells of all", async () => {
    expect(workers()).toHaveLength(count)
    const peers = await Promise.all(range(18).map((n) => enter(n, "hall")))
    const room_id = peers[0]!.heard.find((frame) => frame.type === "ack")?.room_id
    for (const [n, peer] of peers.entries())
      expect((await peer.ask({ type: "message", room_id, content: `from ${n}` })).type).toBe("ack")
    const said = (peer: Peer) => peer.entries(room_id).filter(({ type }) => type === "message")
    await until("all of it everywhere", () => peers.every((peer) => said(peer).length === peers.length))
    const order = said(peers[0]!).map(({ seq }) => seq)
    for (const peer of peers) expect(said(peer).map(({ seq }) => seq)).toEqual(order)
    expect(await metric("websocket_connections_total")).toBe(peers.length)
    expect(await metric("klatch_messages_total")).toBe(peers.length)
    expect(await metric("klatch_ready")).toBe(1)
    expect(await metric("klatch_bus_up")).toBe(1)
    for (const peer of peers) await peer.close()
  })

  test("[N7] one that is killed is started anew; the others go on, and nothing is lost", async () => {
    const clients = range(6).map((n) => createClient({ url: server.url, user: `sdk-${n}` }))
    for (const client of clients) {
      client.connect()
      await client.room("yard").open()
    }
    const before = workers()
    const sent = range(60).map(async (i) => {
      await clients[i % clients.length]!.room("yard").messages.send(`m${i}`).settled
      if (i === 20) process.kill(before[1]!, "SIGKILL")
    })
    await Promise.all(sent)
    await until("another in its place", () => {
      const now = workers()
      return now.length === count && !now.includes(before[1]!)
    })
    for (const client of clients)
      await until("all of it", () => textsOf(client.room("yard").messages.get().messages).length === 60)
    const texts = textsOf(clients[0]!.room("yard").messages.get().messages)
    expect(texts.toSorted()).toEqual(
      range(60)
        .map((i) => `m${i}`)
        .toSorted(),
    )
    for (const client of clients) client.close()
  })

  test("[N7] SIGHUP starts all anew, one after the other, and whoever writes meanwhile loses nothing", async () => {
    const clients = range(4).map((n) => createClient({ url: server.url, user: `hup-${n}` }))
    for (const client of clients) {
      client.connect()
      await client.room("court").open()
    }
    const before = workers()
    process.kill(server.pid, "SIGHUP")
    let sent = 0
    let failed = 0
    const isOver = () => server.lines.some((line) => line.includes('"event":"restarted"'))
    while (!isOver()) {
      const n = sent++
      const { settled } = clients[n % clients.length]!.room("court").messages.send(`h${n}`)
      await settled.catch(() => failed++)
    }
    expect(failed).toBe(0)
    expect(workers().filter((pid) => before.includes(pid))).toEqual([])
    expect(workers()).toHaveLength(count)
    for (const client of clients)
      await until(
        "all of it",
        () => textsOf(client.room("court").messages.get().messages).length >= Math.min(sent, 50),
      )
    await until("the log", async () => (await historyOf(server.url, "court")).length === sent)
    expect((await historyOf(server.url, "court")).toSorted()).toEqual(
      range(sent)
        .map((i) => `h${i}`)
        .toSorted(),
    )
    console.log(`n=${sent} sends while ${count} workers were started anew: ${failed} failed`)
    for (const client of clients) client.close()
  })

  test("[N7] SIGTERM drains all, and none is left", async () => {
    const pids = [server.pid, ...workers()]
    expect(await server.stop()).toBe(0)
    expect(pids.filter((pid) => commandOf(pid) !== "")).toEqual([])
  })
})

const textsOf = (messages: readonly { readonly content: string }[]) => messages.map(({ content }) => content)

/** All that was said in a room, over pages. */
async function historyOf(url: string, room: string): Promise<string[]> {
  const texts: string[] = []
  for (let after = 0; ; ) {
    const page = await fetch(`${url}/rooms/${room}/messages?user=reader&after=${after}&limit=100`)
    const { messages, has_more } = (await page.json()) as {
      messages: { content: string; message_id: number }[]
      has_more: boolean
    }
    texts.push(...textsOf(messages))
    if (!has_more) return texts
    after = messages.at(-1)!.message_id
  }
}

function childrenOf(pid: number): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((child) => {
      const stat = textOf(`/proc/${child}/stat`)
      return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]) === pid
    })
}

const commandOf = (pid: number) => textOf(`/proc/${pid}/cmdline`)

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8")
  } catch {
    return ""
  }
}
