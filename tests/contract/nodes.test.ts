import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test"
import type { App } from "../../packages/server/src/app.ts"
import { startNode } from "../harness/nodes.ts"
import { Peer } from "../harness/peer.ts"
import { embeddedPostgres, type TestPostgres } from "../harness/postgres.ts"
import { TestRedis } from "../harness/redis.ts"
import { until } from "../harness/until.ts"

setDefaultTimeout(60_000)

const soonMs = 1_000
let names = 0
/** A name that nobody else has. */
const name = (stem: string) => `${stem}-${++names}`
const range = (count: number) => Array.from({ length: count }, (_, i) => i + 1)

for (const isRedisUp of [true, false])
  describe(`two nodes, Redis ${isRedisUp ? "up" : "down"}`, () => {
    let postgres: TestPostgres
    let redis: TestRedis
    let nodes: [App, App]
    beforeAll(async () => {
      postgres = await embeddedPostgres()
      redis = await TestRedis.start()
      const start = () => startNode({ database: postgres.address, env: { REDIS_URL: redis.url } })
      nodes = [await start(), await start()]
      if (!isRedisUp) await redis.kill()
    })
    afterAll(async () => {
      for (const node of nodes ?? []) await node.stop(0)
      await redis?.[Symbol.asyncDispose]()
      await postgres?.[Symbol.asyncDispose]()
    })
    const at = (node: 0 | 1, user: string, query = "") =>
      Peer.connect(nodes[node].url.replace("http", "ws"), `/ws?user=${user}${query}`)
    /** Someone who follows a room, and its id. */
    const inRoom = async (node: 0 | 1, user: string, room: string, query = "") => {
      const peer = await at(node, user, `&room=${room}${query}`)
      const { room_id } = await peer.hears("the join", (frame) => frame.type === "ack")
      return { peer, room_id: room_id as string }
    }
    const ask = (node: 0 | 1, user: string, method: string, path: string, body?: unknown) =>
      fetch(`${nodes[node].url}${path}${path.includes("?") ? "&" : "?"}user=${user}`, {
        method,
        headers: { "content-type": "application/json" },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })

    test("[N1] what one stores both hear: in order, no gap, no repeat, soon", async () => {
      const room = name("hall")
      const { peer: ann, room_id } = await inRoom(0, name("ann"), room)
      const { peer: bob } = await inRoom(1, name("bob"), room)
      const rounds = isRedisUp ? 40 : 12
      const tookMs: number[] = []
      for (const i of range(rounds)) {
        const sentMs = performance.now()
        await Promise.all([
          ann.ask({ type: "message", room_id, content: `ann ${i}` }),
          bob.ask({ type: "message", room_id, content: `bob ${i}` }),
        ])
        for (const [peer, text] of [
          [ann, `bob ${i}`],
          [bob, `ann ${i}`],
        ] as const)
          await peer.hears(text, (frame) => frame.content === text)
        tookMs.push(performance.now() - sentMs)
      }
      const seqs = [ann, bob].map((peer) => peer.entries(room_id).map(({ seq }) => seq as number))
      for (const heard of seqs) expect(heard).toEqual(heard.map((_, i) => heard[0]! + i))
      expect(seqs.map((heard) => heard.at(-1))).toEqual([seqs[0]!.at(-1), seqs[0]!.at(-1)])
      const texts = (peer: Peer) => peer.entries(room_id).filter(({ type }) => type === "message")
      expect(texts(bob).map(({ content }) => content)).toEqual(texts(ann).map(({ content }) => content))
      expect(texts(bob)).toHaveLength(2 * rounds)
      const median = tookMs.sort((a, b) => a - b)[rounds / 2]!
      console.log(
        `n=${rounds} rounds of two messages: heard on both nodes after ${median.toFixed(1)} ms (p50)`,
      )
      expect(median).toBeLessThan(soonMs)
    })

    test("[N2] one client_id said to both at once is one message", async () => {
      const [room, user] = [name("hall"), name("ann")]
      const { peer: one, room_id } = await inRoom(0, user, room)
      const { peer: two } = await inRoom(1, user, room)
      for (const i of range(50)) {
        const frame = { type: "message", room_id, content: `once ${i}`, client_id: `c${i}` }
        const [a, b] = await Promise.all([one.ask(frame), two.ask(frame)])
        expect([a.type, a.seq]).toEqual(["ack", b.seq])
      }
      await until("all heard", () => two.entries(room_id).filter((e) => e.type === "message").length >= 50)
      const said = two.entries(room_id).filter((entry) => entry.type === "message")
      expect(said.map(({ client_id }) => client_id)).toEqual(range(50).map((i) => `c${i}`))
    })

    test("[N3] a first direct message, and a group one is added to, are heard on the other node", async () => {
      const [ann, bob] = [name("ann"), name("bob")]
      await using annPeer = await at(0, ann)
      await using bobPeer = await at(1, bob)
      await annPeer.ask({ type: "dm", to: bob, content: "hello bob" })
      await bobPeer.hears("the direct message", (frame) => frame.content === "hello bob")
      expect(bobPeer.heard.filter(({ type }) => type === "room_added")).toHaveLength(1)
      const made = await ask(0, ann, "POST", "/rooms", { kind: "group", name: "Club", members: [bob] })
      const { id } = (await made.json()) as { id: string }
      await annPeer.ask({ type: "message", room_id: id, content: "hello club" })
      await bobPeer.hears("the group's message", (frame) => frame.content === "hello club")
      const heard = bobPeer.entries(id).map(({ seq }) => seq as number)
      expect(heard).toEqual(heard.map((_, i) => heard[0]! + i))
    })

    test("[N3] who leaves by one node and comes back by the other hears on there", async () => {
      const [room, user] = [name("hall"), name("bob")]
      const { peer: ann, room_id } = await inRoom(0, name("ann"), room)
      const { peer: bob } = await inRoom(1, user, room, "&subscribe=none")
      const { head } = await bob.hears("the join", (frame) => frame.type === "ack")
      for (const i of range(8)) {
        expect((await ask(0, user, "POST", `/rooms/${room_id}/leave`)).status).toBe(204)
        // Their node may hear of the end only now, or after this, which undid it.
        const since = bob.entries(room_id).at(-1)?.seq ?? head
        expect((await bob.ask({ type: "join", room_id, since })).type).toBe("ack")
        await ann.ask({ type: "message", room_id, content: `after ${i}` })
        await bob.hears(`after ${i}`, (frame) => frame.content === `after ${i}`)
      }
      // An end that was heard just before it was asked for again comes twice; nothing else does, and all of it comes.
      const entries = bob.entries(room_id)
      const said = entries.filter(({ type }) => type === "message").map(({ content }) => content)
      expect(said).toEqual(range(8).map((i) => `after ${i}`))
      const seqs = [...new Set(entries.map(({ seq }) => seq as number))]
      expect(seqs).toEqual(seqs.map((_, i) => (head as number) + 1 + i))
    })

    test("[N5] settings hold, and words that were taken back are told by none", async () => {
      const [room, ann, bob] = [name("hall"), name("ann"), name("bob")]
      const { peer: annPeer, room_id } = await inRoom(0, ann, room)
      const { peer: bobPeer } = await inRoom(1, bob, room)
      const said = await annPeer.ask({ type: "message", room_id, content: "a slip of the tongue" })
      await bobPeer.hears("the slip", (frame) => frame.content === "a slip of the tongue")
      await annPeer.ask({ type: "delete", room_id, message_id: said.message_id })
      await bobPeer.hears("its end", (frame) => frame.type === "delete")
      await using again = await at(1, name("eve"))
      await again.ask({ type: "join", room_id, since: 0 })
      expect(JSON.stringify(again.heard)).not.toContain("slip")
      expect((await bobPeer.ask({ type: "message", room_id, content: "open" })).type).toBe("ack")
      expect((await ask(0, ann, "PATCH", `/rooms/${room_id}`, { archived: true })).status).toBe(200)
      const endMs = performance.now() + soonMs
      let answer = await bobPeer.ask({ type: "message", room_id, content: "late" })
      while (answer.type === "ack" && performance.now() < endMs)
        answer = await bobPeer.ask({ type: "message", room_id, content: "late" })
      expect([answer.type, answer.code]).toEqual(["error", "forbidden"])
    })

    test("[N6] typing and read marks pass, or do not while Redis is down", async () => {
      const [ann, bob] = [name("ann"), name("bob")]
      await using annPeer = await at(0, ann)
      await using bobPeer = await at(1, bob)
      const { room_id, message_id } = await annPeer.ask({ type: "dm", to: bob, content: "are you there" })
      await bobPeer.hears("the message", (frame) => frame.content === "are you there")
      await annPeer.ask({ type: "join", room_id })
      await bobPeer.ask({ type: "typing", room_id })
      await bobPeer.ask({ type: "read", room_id, message_id })
      await bobPeer.ask({ type: "message", room_id, content: "here" })
      await annPeer.hears("what follows", (frame) => frame.content === "here")
      const isOf = (type: string) => (frame: { type: string; room_id?: unknown }) =>
        frame.type === type && frame.room_id === room_id
      if (isRedisUp) {
        await annPeer.hears("that bob types", isOf("typing"))
        await annPeer.hears("that bob has read", isOf("read"))
      } else expect(annPeer.heard.filter((one) => isOf("typing")(one) || isOf("read")(one))).toEqual([])
    })
  })
