import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { EmbeddedPostgres } from "../../packages/server/src/db/embedded.ts"
import type { Random } from "../../packages/server/src/lib/random.ts"
import { TestRedis } from "../harness/redis.ts"
import { TcpProxy } from "../harness/tcp-proxy.ts"
import { Victim } from "./victim.ts"

/** A node, and its own ways to PostgreSQL and to Redis. */
export interface ClusterNode {
  readonly victim: Victim
  readonly toPostgres: TcpProxy
  readonly toRedis: TcpProxy
}

export interface ClusterOptions {
  readonly count: number
  readonly random: Random
  readonly entry?: string
  readonly env?: Record<string, string>
}

/** Nodes that share a PostgreSQL and a Redis, each a process of its own, with networks between that can fail. */
export class Cluster implements AsyncDisposable {
  readonly nodes: readonly ClusterNode[]
  readonly postgres: EmbeddedPostgres
  readonly redis: TestRedis
  readonly dataDir: string
  readonly #stack: AsyncDisposableStack

  private constructor(parts: {
    nodes: readonly ClusterNode[]
    postgres: EmbeddedPostgres
    redis: TestRedis
    dataDir: string
    stack: AsyncDisposableStack
  }) {
    this.nodes = parts.nodes
    this.postgres = parts.postgres
    this.redis = parts.redis
    this.dataDir = parts.dataDir
    this.#stack = parts.stack
  }

  /** Resolves when all listen. */
  static async open({ count, random, entry, env }: ClusterOptions): Promise<Cluster> {
    await using stack = new AsyncDisposableStack()
    const dataDir = mkdtempSync(join(tmpdir(), "klatch-cluster-"))
    stack.defer(() => rmSync(dataDir, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 }))
    const postgres = stack.use(await EmbeddedPostgres.start({ dataDir }))
    const redis = stack.use(await TestRedis.start())
    const { host, port, user, database } = postgres.connection
    const nodes: ClusterNode[] = []
    for (let i = 0; i < count; i++) {
      const toPostgres = stack.use(await TcpProxy.start({ path: join(host, `.s.PGSQL.${port}`) }))
      const toRedis = stack.use(await TcpProxy.start({ host: "127.0.0.1", port: redis.port }))
      const victim = await Victim.open({
        random,
        ...(entry === undefined ? {} : { entry }),
        env: {
          DATABASE_URL: `postgres://${user}@127.0.0.1:${toPostgres.port}/${database}`,
          REDIS_URL: `redis://127.0.0.1:${toRedis.port}`,
          ...env,
        },
      })
      stack.use(victim)
      nodes.push({ victim, toPostgres, toRedis })
    }
    return new Cluster({ nodes, postgres, redis, dataDir, stack: stack.move() })
  }

  get urls(): string[] {
    return this.nodes.map(({ victim }) => victim.url)
  }

  /** What nodes logged as errors. */
  get complaints(): string[] {
    return this.nodes.flatMap(({ victim }) => victim.complaints)
  }

  [Symbol.asyncDispose](): Promise<void> {
    // A node that cannot reach its database would wait for it while it stops.
    for (const { toPostgres, toRedis } of this.nodes) {
      toPostgres.open()
      toRedis.open()
    }
    return this.#stack.disposeAsync()
  }
}
