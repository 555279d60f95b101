import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Redis } from "ioredis"
import { freePort } from "./free-port.ts"
import { until } from "./until.ts"

/** A Redis of one's own, on a free port of 127.0.0.1, that keeps nothing. */
export class TestRedis implements AsyncDisposable {
  readonly port: number
  readonly #args: readonly string[]
  readonly #dir = mkdtempSync(join(tmpdir(), "klatch-redis-"))
  #child: Bun.Subprocess | undefined

  private constructor(port: number, args: readonly string[]) {
    this.port = port
    this.#args = args
  }

  static async start(...args: string[]): Promise<TestRedis> {
    const redis = new TestRedis(freePort(), args)
    await redis.restart()
    return redis
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`
  }

  /** Its program starts again on the same port, with nothing of what was. */
  async restart(): Promise<void> {
    await this.kill()
    const own = ["--port", `${this.port}`, "--bind", "127.0.0.1", "--dir", this.#dir, "--save", ""]
    this.#child = Bun.spawn([program(), ...own, ...this.#args], { stdout: "ignore", stderr: "ignore" })
    await until("Redis to answer", () => this.ask("PING").then(...answered))
  }

  /** SIGSTOP: connections stay, and nothing answers. SIGCONT goes on. */
  signal(name: "SIGSTOP" | "SIGCONT"): void {
    this.#child?.kill(name)
  }

  async kill(): Promise<void> {
    this.#child?.kill("SIGKILL")
    await this.#child?.exited
  }

  /** One command on a connection of its own. */
  async ask(command: string, ...args: string[]): Promise<unknown> {
    const client = new Redis({
      port: this.port,
      lazyConnect: true,
      retryStrategy: () => null,
      connectTimeout: 2_000,
    })
    client.on("error", () => {})
    try {
      await client.connect()
      return await client.call(command, ...args)
    } finally {
      client.disconnect()
    }
  }

  /** Says something so often; what Redis refuses, being away, is not said. */
  async publish(channel: string, text: string, times: number): Promise<void> {
    const client = new Redis({ port: this.port, retryStrategy: () => null, enableOfflineQueue: true })
    client.on("error", () => {})
    await Promise.allSettled(Array.from({ length: times }, () => client.publish(channel, text)))
    client.disconnect()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill()
    rmSync(this.#dir, { recursive: true, force: true })
  }
}

const answered = [() => true, () => false] as const

function program(): string {
  const found = process.env.REDIS_SERVER ?? Bun.which("redis-server") ?? Bun.which("valkey-server")
  if (!found) throw new Error("Redis is missing: install redis-server, or set REDIS_SERVER to its program.")
  return found
}

/** Three masters that share the slots. */
export async function startRedisCluster(): Promise<AsyncDisposable & { readonly url: string }> {
  const talk = [0, 1, 2].map(() => `${freePort()}`)
  const nodes = await Promise.all(
    talk.map((port) => TestRedis.start("--cluster-enabled", "yes", "--cluster-port", port)),
  )
  const share = 16_384 / nodes.length
  for (const [i, node] of nodes.entries()) {
    const [from, to] = [Math.ceil(i * share), Math.ceil((i + 1) * share) - 1]
    await node.ask("CLUSTER", "ADDSLOTSRANGE", `${from}`, `${to}`)
    await node.ask("CLUSTER", "MEET", "127.0.0.1", `${nodes[0]!.port}`, talk[0]!)
  }
  for (const node of nodes)
    await until("the cluster to be whole", async () => {
      const info = String(await node.ask("CLUSTER", "INFO"))
      return info.includes("cluster_state:ok") && info.includes("cluster_known_nodes:3")
    })
  return {
    url: `redis+cluster://${nodes.map(({ port }) => `127.0.0.1:${port}`).join(",")}`,
    async [Symbol.asyncDispose]() {
      for (const node of nodes) await node[Symbol.asyncDispose]()
    },
  }
}
