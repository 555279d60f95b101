import { type Client, createClient, type Room } from "@klatch/client"
import type { Identity } from "./identity.ts"

const shared = new Map<string, SharedClient>()

/** The client of an identity: one for all widgets of a page. Give it back by `release`. */
export function takeClient(identity: Identity): SharedClient {
  const known = shared.get(identity.key) ?? new SharedClient(identity)
  shared.set(identity.key, known)
  known.holders++
  return known
}

/** A client with those who hold it, and its rooms with those who follow them. */
export class SharedClient {
  readonly client: Client
  holders = 0
  readonly #key: string
  readonly #followers = new Map<Room, number>()

  constructor({ key, options }: Identity) {
    this.#key = key
    this.client = createClient(options)
  }

  /** Connects, if need be, and follows a room. Rejects with a `KlatchError`. */
  follow(room: Room): Promise<void> {
    this.#followers.set(room, (this.#followers.get(room) ?? 0) + 1)
    this.client.connect()
    return room.open()
  }

  /** For each `follow` once: the last one to go stops following. */
  unfollow(room: Room): void {
    const left = (this.#followers.get(room) ?? 0) - 1
    if (left > 0) this.#followers.set(room, left)
    else if (this.#followers.delete(room)) room.close()
  }

  /** The last one to go ends the connection. */
  release(): void {
    if (--this.holders > 0) return
    if (shared.get(this.#key) === this) shared.delete(this.#key)
    this.client.close()
  }
}
