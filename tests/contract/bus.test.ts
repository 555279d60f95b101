import { LocalBusHub } from "../../packages/server/src/cluster/bus-local.ts"
import { startRedisCluster, TestRedis } from "../harness/redis.ts"
import { describeBus } from "./bus-suite.ts"
import { RedisNodes } from "./redis-nodes.ts"

describeBus("the in-process bus", async () => {
  const hub = new LocalBusHub()
  return { join: async (listener) => hub.join(listener), settle: async () => {} }
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
