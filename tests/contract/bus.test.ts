import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { Bus, BusListener } from "../../packages/server/src/cluster/bus.ts"
import { BusHub, HubBus } from "../../packages/server/src/cluster/bus-hub.ts"
import { LocalBusHub } from "../../packages/server/src/cluster/bus-local.ts"
import { systemClock } from "../../packages/server/src/lib/clock.ts"
import { systemRandom } from "../../packages/server/src/lib/random.ts"
import { startRedisCluster, TestRedis } from "../harness/redis.ts"
import { until } from "../harness/until.ts"
import { describeBus } from "./bus-suite.ts"
import { lastWords, RedisNodes } from "./redis-nodes.ts"

describeBus("the in-process bus", async () => {
  const hub = new LocalBusHub()
  return { join: async (listener) => hub.join(listener), settle: async () => {} }
})

describeBus("the hub of one machine", async () => {
  const dir = mkdtempSync(join(tmpdir(), "klatch-hub-"))
  const path = join(dir, "hub")
  const hub = await BusHub.open(path)
  const nodes: Bus[] = []
  const enter = async (listener: BusListener) => {
    const node = `n${nodes.length}`
    const bus = new HubBus({ path, node, listener, clock: systemClock, random: systemRandom })
    nodes.push(bus)
    await until("it to be up", () => bus.up)
    return bus
  }
  return {
    join: enter,
    settle: () => lastWords(nodes, enter, 1),
    async stop() {
      await hub[Symbol.asyncDispose]()
      rmSync(dir, { recursive: true })
    },
  }
})

for (const lines of [1, 16])
  describeBus(`Redis with ${lines} line${lines > 1 ? "s" : ""}`, async () => {
    const redis = await TestRedis.start()
    return new RedisNodes(redis.url, lines, () => redis[Symbol.asyncDispose]())
  })

describeBus("a cluster of Redis, by sharded channels", async () => {
  const cluster = await startRedisCluster()
  return new RedisNodes(cluster.url, 16, async () => cluster[Symbol.asyncDispose]())
})
