import type { Event, EventOf, EventType } from "@klatch/protocol"
import { guarded } from "./readable.ts"

/** The application's listeners, by event type. */
export class Listeners {
  readonly #byType = new Map<string, Set<(event: never) => void>>()

  add<T extends EventType>(type: T, listener: (event: EventOf<T>) => void): () => void {
    const one = (event: EventOf<T>) => listener(event)
    const listeners = this.#byType.get(type) ?? new Set()
    this.#byType.set(type, listeners.add(one))
    return () => listeners.delete(one)
  }

  /** What a listener throws is reported as uncaught, and keeps nothing from the others. */
  tell(event: Event): void {
    for (const listener of [...(this.#byType.get(event.type) ?? [])]) guarded(() => listener(event as never))
  }
}
