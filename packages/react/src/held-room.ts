import type { ConnectionState, KlatchError, Readable, Room } from "@klatch/client"
import { type Settable, settable } from "./view.ts"

/**
 * A room that is open as long as a component uses it (K31). One that was refused is asked for again with each
 * connection (K32).
 */
export class HeldRoom {
  /** Why the room could not be opened; null once it is. */
  readonly error: Settable<KlatchError | null> = settable<KlatchError | null>(null)
  readonly #room: Room
  #users = 0
  /** What the client answered when it was asked to open the room: the same again, as long as it follows the room. */
  #opening: Promise<void> | null = null
  #isOpened = false
  #stop: () => void = () => {}

  constructor(room: Room) {
    this.#room = room
  }

  /** Opens the room for one more user, until the returned function is called. */
  hold(connection: Readable<ConnectionState>): () => void {
    this.#users++
    if (this.#opening === null) this.#begin(connection)
    return () => {
      this.#users--
      // Not at once: in the same turn another user may come, or the same one again under StrictMode.
      queueMicrotask(() => {
        if (this.#users === 0 && this.#opening !== null) this.#end()
      })
    }
  }

  #begin(connection: Readable<ConnectionState>): void {
    const { messages } = this.#room
    let isConnected = connection.get().phase === "open"
    const stopMessages = messages.subscribe(() => {
      const { status } = messages.get()
      if (status === "ready") this.error.set(null)
      // It may have been refused after it was open, which the client tells only who asks again, and not before the
      // refusal is over.
      else if (isConnected && this.#isOpened) queueMicrotask(() => this.#opening && this.#open())
    })
    const stopConnection = connection.subscribe(() => {
      const wasConnected = isConnected
      isConnected = connection.get().phase === "open"
      if (isConnected && !wasConnected) this.#open()
    })
    this.#stop = () => {
      stopMessages()
      stopConnection()
    }
    this.#open()
  }

  #end(): void {
    this.#stop()
    this.#opening = null
    this.#isOpened = false
    this.#room.close()
    this.error.set(null)
  }

  #open(): void {
    const opening = this.#room.open()
    if (opening === this.#opening) return
    this.#opening = opening
    this.#isOpened = false
    const settled = (error: KlatchError | null) => {
      if (this.#opening !== opening) return
      this.#isOpened = error === null
      this.error.set(error)
    }
    opening.then(() => settled(null), settled)
  }
}
