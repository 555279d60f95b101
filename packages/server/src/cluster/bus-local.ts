import type { Batch, Bus, BusListener } from "./bus.ts"

/** Joins nodes of one process: the whole cluster of a single-node server, and the bus of tests. */
export class LocalBusHub {
  readonly #nodes = new Set<LocalBus>()

  /** A bus for one more node. */
  join(listener: BusListener): Bus {
    const bus = new LocalBus(this.#nodes, listener)
    this.#nodes.add(bus)
    return bus
  }
}

class LocalBus implements Bus {
  readonly #nodes: Set<LocalBus>
  readonly #listener: BusListener
  readonly #channels = new Set<string>()

  constructor(nodes: Set<LocalBus>, listener: BusListener) {
    this.#nodes = nodes
    this.#listener = listener
  }

  get up(): boolean {
    return this.#nodes.has(this)
  }

  publish(batches: readonly Batch[]): void {
    if (this.#nodes.size < 2) return
    for (const node of this.#others())
      for (const batch of batches) if (node.#channels.has(batch.roomId)) node.#listener.onBatch(batch)
  }

  publishPassing(channel: string, frame: string): void {
    if (this.#nodes.size < 2) return
    for (const node of this.#others())
      if (node.#channels.has(channel)) node.#listener.onPassing(channel, frame)
  }

  nudge(): void {
    for (const node of this.#others()) node.#listener.onNudge()
  }

  subscribe(channel: string): Promise<void> {
    if (!this.up) return Promise.reject(new Error("this bus was left"))
    this.#channels.add(channel)
    return Promise.resolve()
  }

  unsubscribe(channel: string): void {
    this.#channels.delete(channel)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#nodes.delete(this)
  }

  *#others(): Iterable<LocalBus> {
    if (this.up) for (const node of this.#nodes) if (node !== this) yield node
  }
}
