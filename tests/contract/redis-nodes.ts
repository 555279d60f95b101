import type { Bus, BusListener } from "../../packages/server/src/cluster/bus.ts"
import { RedisBus, type RedisBusOptions } from "../../packages/server/src/cluster/bus-redis.ts"
import { redisAddressOf } from "../../packages/server/src/config/redis-address.ts"
import { systemClock } from "../../packages/server/src/lib/clock.ts"
import { systemRandom } from "../../packages/server/src/lib/random.ts"
import { until } from "../harness/until.ts"
import type { BusCluster } from "./bus-suite.ts"

/** Nodes that find each other over one Redis. */
export class RedisNodes implements BusCluster {
  readonly #url: string
  readonly #lines: number
  readonly #prefix = `test-${crypto.randomUUID()}`
  readonly #nodes: RedisBus[] = []
  readonly stop: () => Promise<void>
  #count = 0

  constructor(url: string, lines: number, stop: () => Promise<void>) {
    this.#url = url
    this.#lines = lines
    this.stop = stop
  }

  async join(listener: BusListener, options: Partial<RedisBusOptions> = {}): Promise<RedisBus> {
    const bus = this.open(listener, options)
    await until("the bus to be up", () => bus.up)
    return bus
  }

  /** A node that may not reach Redis yet. */
  open(listener: BusListener, options: Partial<RedisBusOptions> = {}): RedisBus {
    const bus = new RedisBus({
      address: redisAddressOf(this.#url)!,
      node: `n${++this.#count}`,
      key: busKey,
      listener,
      clock: systemClock,
      random: systemRandom,
      prefix: this.#prefix,
      lines: this.#lines,
      ...options,
    })
    this.#nodes.push(bus)
    return bus
  }

  /** Every node says a last word on every line, and it is heard: what came before has come, or never will. */
  settle(): Promise<void> {
    return lastWords(this.#nodes, (listener) => this.join(listener), this.#lines * 8)
  }
}

/** What all nodes of a test know. */
export const busKey = new TextEncoder().encode("the nodes' common key")

let marks = 0

/** Every node says a last word on so many channels, and one more hears them all. */
export async function lastWords(
  nodes: readonly Bus[],
  join: (listener: BusListener) => Promise<Bus>,
  channelCount: number,
): Promise<void> {
  const speakers = nodes.filter((node) => node.up)
  const [heard, mark] = [new Set<string>(), `last-${++marks}`]
  const channels = Array.from({ length: channelCount }, (_, i) => `${mark}-${i}`)
  const onPassing = (channel: string, frame: string) => void heard.add(`${channel} ${frame}`)
  const nothing = () => {}
  const ear = await join({ onPassing, onBatch: nothing, onNudge: nothing, onDoubt: nothing })
  for (const channel of channels) await ear.subscribe(channel)
  for (const [i, node] of speakers.entries())
    for (const channel of channels) node.publishPassing(channel, `${i}`)
  await until("all last words", () => heard.size === speakers.length * channels.length)
  await ear[Symbol.asyncDispose]()
}
