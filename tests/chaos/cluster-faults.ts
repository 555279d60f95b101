import pg from "pg"
import { delay, systemClock } from "../../packages/server/src/lib/clock.ts"
import { type Random, randomInt } from "../../packages/server/src/lib/random.ts"
import type { Cluster, ClusterNode } from "./cluster.ts"
import { postgresPidsOf, signalAll } from "./postgres-pids.ts"

/** Something goes wrong, stays so for a while that the seed chooses, and is over when this resolves. */
type Fault = (cluster: Cluster, random: Random) => Promise<void>

const GARBAGE_COUNT = 2_000
const GARBAGE_CHARS = 5_000

/** What may happen to a cluster. Every client and every node is to be whole after each. */
export const clusterFaults = {
  "a node is killed": async (cluster, random) => {
    const { victim } = someOf(cluster, random)
    await victim.kill(false)
    await pause(random, 0, 1_500)
    await victim.start()
  },
  "a node is started anew": async (cluster, random) => {
    const { victim } = someOf(cluster, random)
    await victim.stop()
    await victim.start()
  },
  "a node stands still": async (cluster, random) => {
    const { victim } = someOf(cluster, random)
    victim.signal("SIGSTOP")
    await pause(random, 200, 5_000)
    victim.signal("SIGCONT")
  },
  "Redis is killed": async ({ redis }, random) => {
    await redis.kill()
    await pause(random, 0, 4_000)
    await redis.restart()
  },
  "Redis stands still": async ({ redis }, random) => {
    redis.signal("SIGSTOP")
    await pause(random, 300, 4_000)
    redis.signal("SIGCONT")
  },
  "Redis cuts off who listens": async ({ redis }) => {
    await redis.ask("CLIENT", "KILL", "TYPE", "pubsub")
  },
  "Redis cuts off who speaks": async ({ redis }) => {
    await redis.ask("CLIENT", "KILL", "TYPE", "normal")
  },
  "Redis is flooded with what nobody said": async ({ redis }) => {
    await redis.publish(
      "klatch:0",
      `stranger 1\nb nowhere 1 2 3\n${"x".repeat(GARBAGE_CHARS)}`,
      GARBAGE_COUNT,
    )
  },
  "a node is cut off from Redis": async (cluster, random) => {
    const { toRedis } = someOf(cluster, random)
    toRedis.refuse()
    await pause(random, 300, 4_000)
    toRedis.open()
  },
  "what a node says to Redis goes nowhere": (cluster, random) =>
    held(someOf(cluster, random).toRedis, random, "up"),
  "what Redis says to a node goes nowhere": (cluster, random) =>
    held(someOf(cluster, random).toRedis, random, "down"),
  "the way to Redis is slow": async ({ nodes }, random) => {
    for (const { toRedis } of nodes) toRedis.delay(randomInt(random, 400))
    await pause(random, 1_000, 3_000)
    for (const { toRedis } of nodes) toRedis.open()
  },
  "PostgreSQL is killed": async ({ dataDir }) => {
    signalAll(postgresPidsOf(dataDir), "SIGKILL")
  },
  "PostgreSQL stands still": async ({ dataDir }, random) => {
    const pids = postgresPidsOf(dataDir)
    signalAll(pids, "SIGSTOP")
    await pause(random, 300, 3_000)
    signalAll(pids, "SIGCONT")
  },
  "PostgreSQL ends all connections": async ({ postgres }) => {
    const client = new pg.Client(postgres.connection)
    client.on("error", () => {})
    try {
      await client.connect()
      await client.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'`,
      )
    } catch {
      // It was away just then.
    } finally {
      await client.end().catch(() => {})
    }
  },
  "a node's connections to PostgreSQL break": async (cluster, random) => {
    someOf(cluster, random).toPostgres.cut()
  },
  // Whether a commit whose answer is lost was done, nobody knows.
  "what PostgreSQL answers a node is lost": async (cluster, random) => {
    const { toPostgres } = someOf(cluster, random)
    toPostgres.hold("down")
    await pause(random, 100, 3_000)
    toPostgres.cut()
    toPostgres.open()
  },
  "a node is cut off from PostgreSQL": async (cluster, random) => {
    const { toPostgres } = someOf(cluster, random)
    toPostgres.refuse()
    await pause(random, 300, 3_000)
    toPostgres.open()
  },
  "the way to PostgreSQL is slow": async ({ nodes }, random) => {
    for (const { toPostgres } of nodes) toPostgres.delay(randomInt(random, 150))
    await pause(random, 1_000, 3_000)
    for (const { toPostgres } of nodes) toPostgres.open()
  },
} satisfies Record<string, Fault>

export type FaultKind = keyof typeof clusterFaults
export const faultKinds = Object.keys(clusterFaults) as readonly FaultKind[]

const someOf = ({ nodes }: Cluster, random: Random): ClusterNode => nodes[randomInt(random, nodes.length)]!

const pause = (random: Random, minMs: number, maxMs: number) =>
  delay(systemClock, minMs + random.float() * (maxMs - minMs))

async function held(way: ClusterNode["toRedis"], random: Random, direction: "up" | "down"): Promise<void> {
  way.hold(direction)
  await pause(random, 500, 5_000)
  way.open()
}
