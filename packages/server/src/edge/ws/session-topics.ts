import { BunTopics, type LocalTopics } from "../../live/local.ts"
import type { Registry } from "./registry.ts"

/** This node's sockets by topic; one topic, the broadcast room, is everyone's without a subscription of its own. */
export class SessionTopics extends BunTopics implements LocalTopics {
  readonly #registry: Registry
  readonly #everyone: string

  constructor(registry: Registry, everyoneTopic: string) {
    super()
    this.#registry = registry
    this.#everyone = everyoneTopic
  }

  override publish(topic: string, frame: string): void {
    super.publish(topic, frame)
    if (topic !== this.#everyone) return
    for (const session of this.#registry.all())
      if (!session.isStranger && !session.isSubscribed(topic)) session.send(frame)
  }

  override subscriberCount(topic: string): number {
    return topic === this.#everyone ? this.#registry.count + 1 : super.subscriberCount(topic)
  }
}
