import { describe, expect, setDefaultTimeout, test } from "bun:test"
import { sealed } from "../../packages/server/src/cluster/wire.ts"
import { TestRedis } from "../harness/redis.ts"
import { until } from "../harness/until.ts"
import { batchOf, Ear } from "./bus-suite.ts"
import { busKey, RedisNodes } from "./redis-nodes.ts"

setDefaultTimeout(60_000)

const downMs = 2_000

async function two() {
  const redis = await TestRedis.start()
  const cluster = new RedisNodes(redis.url, 4, async () => {})
  const ears = [new Ear(), new Ear()] as const
  const nodes = [await cluster.join(ears[0]), await cluster.join(ears[1])] as const
  await nodes[1].subscribe("r")
  const hears = async (seq: number) => {
    nodes[0].publish([batchOf("r", seq, "x")])
    await until(`batch ${seq}`, () => ears[1].batches.some(({ firstSeq }) => firstSeq === seq))
  }
  await hears(1)
  return {
    ...{ redis, cluster, ears, nodes, hears },
    async [Symbol.asyncDispose]() {
      for (const node of nodes) await node[Symbol.asyncDispose]()
      await redis[Symbol.asyncDispose]()
    },
  }
}

describe("a bus whose Redis is in trouble", () => {
  test("[B7] that is killed is down, drops, and comes back by itself with what was subscribed", async () => {
    await using stage = await two()
    const { redis, nodes, ears, hears } = stage
    await redis.kill()
    await until("both to be down", () => nodes.every((node) => !node.up), downMs)
    for (let i = 0; i < 10_000; i++) nodes[0].publish([batchOf("r", 2, "dropped")])
    await expect(nodes[1].subscribe("s")).rejects.toThrow()
    const doubts = ears.map((ear) => ear.doubts)
    await redis.restart()
    await until("both to be up", () => nodes.every((node) => node.up))
    expect(ears.every((ear, i) => ear.doubts > doubts[i]!)).toBe(true)
    await hears(3)
    nodes[0].publish([batchOf("s", 1, "subscribed while it was away")])
    await until("the other room", () => ears[1].batches.some(({ roomId }) => roomId === "s"))
  })

  test("[B7] that stands still is noticed by what it does not answer, and costs no memory meanwhile", async () => {
    await using stage = await two()
    const { redis, nodes, hears } = stage
    redis.signal("SIGSTOP")
    const big = "x".repeat(10_000)
    const endMs = performance.now() + downMs
    let count = 0
    while (nodes[0].up && performance.now() < endMs) {
      nodes[0].publish([batchOf("r", ++count, big)])
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect(nodes[0].up).toBe(false)
    const before = process.memoryUsage().rss
    for (let i = 0; i < 20_000; i++) {
      nodes[0].publish([batchOf("r", ++count, big)])
      if (i % 100 === 0) await new Promise((resolve) => setImmediate(resolve))
    }
    // 200 MB were said meanwhile.
    expect(process.memoryUsage().rss - before).toBeLessThan(100 * 1024 * 1024)
    redis.signal("SIGCONT")
    await until("both to be up", () => nodes.every((node) => node.up))
    await hears(1_000_000)
  })

  test("[B8] a subscription that Redis cut off is doubt, and is made again", async () => {
    await using stage = await two()
    const { redis, ears, nodes, hears } = stage
    const doubts = ears[1].doubts
    await redis.ask("CLIENT", "KILL", "TYPE", "pubsub")
    await until("doubt", () => ears[1].doubts > doubts)
    await until("both to be up", () => nodes.every((node) => node.up))
    await hears(2)
  })

  test("[B8] a packet that is missing between two is doubt", async () => {
    await using stage = await two()
    const { redis, cluster, ears, hears } = stage
    const silent = new Ear()
    await using third = await cluster.join(silent, { node: "third" })
    third.publish([batchOf("r", 1, "x")])
    await until("the third", () => ears[1].batches.length > 1)
    const doubts = ears[1].doubts
    await hears(5)
    expect(ears[1].doubts).toBe(doubts)
    // Someone says what the third would say, two further on.
    const channels = (await redis.ask("PUBSUB", "CHANNELS", "test-*")) as string[]
    for (const channel of channels.filter((one) => !one.includes("beat")))
      await redis.ask("PUBLISH", channel, sealed("third 3\n", busKey))
    await until("doubt", () => ears[1].doubts > doubts)
  })

  test("[B9] what is said without the nodes' common key is nobody's, whatever it says", async () => {
    await using stage = await two()
    const { redis, cluster, ears, hears } = stage
    const stranger = new Ear()
    const key = new TextEncoder().encode("another key")
    await using foreign = await cluster.join(stranger, { node: "foreign", key })
    await foreign.subscribe("r")
    foreign.publish([batchOf("r", 2, "forged")])
    const channels = (await redis.ask("PUBSUB", "CHANNELS", "test-*")) as string[]
    for (const channel of channels)
      for (const words of ["third 1\nb r 2 2 6\nforged\n", "", "x", "x".repeat(10_000)])
        await redis.ask("PUBLISH", channel, words)
    await hears(9)
    expect(ears[1].batches.map(({ firstSeq }) => firstSeq)).toEqual([1, 9])
    expect(stranger.batches).toEqual([])
    expect(stranger.doubts).toBe(1)
  })

  test("[B8] a node that no longer hears its own beat connects anew", async () => {
    await using redis = await TestRedis.start()
    const cluster = new RedisNodes(redis.url, 1, async () => {})
    const ear = new Ear()
    await using node = await cluster.join(ear, { beatMs: 50, deafMs: 300 })
    const doubts = ear.doubts
    redis.signal("SIGSTOP")
    await until("it to be down", () => !node.up)
    redis.signal("SIGCONT")
    await until("it to be up", () => node.up)
    expect(ear.doubts).toBeGreaterThan(doubts)
  })
})
