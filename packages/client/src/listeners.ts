import type { DurableEvent, Event, EventOf, EventType } from "@klatch/protocol"
import { guarded } from "./readable.ts"

/** So many events are remembered to have been told, the newest. */
const heardMax = 5_000

/** The application's listeners, by event type. */
export class Listeners {
  readonly #heard = new Set<string>()
  readonly #byType = new Map<string, Set<(event: never) => void>>()

  add<T extends EventType>(type: T, listener: (event: EventOf<T>) => void): () => void {
    const one = (event: EventOf<T>) => listener(event)
    const listeners = this.#byType.get(type) ?? new Set()
    this.#byType.set(type, listeners.add(one))
    return () => listeners.delete(one)
  }

  /**
   * What a listener throws is reported as uncaught, and keeps nothing from the others. An event that comes again, since
   * another tab or another name of the room takes it up, is not told again.
   */
  tell(event: Event): void {
    const listeners = this.#byType.get(event.type)
    if (!listeners) return
    if (isOfLog(event)) {
      // The time as well: a log that was set back has other events under its numbers.
      const key = `${event.room_id} ${event.seq} ${event.timestamp}`
      if (this.#heard.has(key)) return
      this.#heard.add(key)
      if (this.#heard.size > heardMax) this.#heard.delete(this.#heard.values().next().value!)
    }
    for (const listener of [...listeners]) guarded(() => listener(event as never))
  }
}

/** Whether it is an entry of a room's log. */
export const isOfLog = (event: Event): event is DurableEvent => "seq" in event && event.type !== "ack"
