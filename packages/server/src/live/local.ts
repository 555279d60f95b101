/** This node's own sockets, by topic: Bun's native publish, or a model of it in tests. */
export interface LocalTopics {
  /** Sends to every subscriber of `topic` on this node. */
  publish(topic: string, frame: string): void
  /** How many sockets of this node subscribe to `topic`. */
  subscriberCount(topic: string): number
}

/** The part of Bun's server that delivery needs. */
export interface PublishingServer {
  publish(topic: string, data: string): number
  subscriberCount(topic: string): number
}

/** Topics on a Bun server, which exists only once everything else does. */
export class BunTopics implements LocalTopics {
  #server: PublishingServer | undefined

  bind(server: PublishingServer): void {
    this.#server = server
  }

  publish(topic: string, frame: string): void {
    this.#server?.publish(topic, frame)
  }

  subscriberCount(topic: string): number {
    return this.#server?.subscriberCount(topic) ?? 0
  }
}
