import type { WebSocketLike } from "@klatch/client"
import type { Event, User } from "@klatch/protocol"
import { Lane, type Network } from "./network.ts"

/** The server, as far as its end of a connection needs it. */
export interface SocketPeer extends Network {
  readonly sockets: Set<MemorySocket>
  readonly dialed: string[]
  /** Who opens this address; throws when they are not let in. */
  enter(url: URL): User
  /** What the server says first. */
  hello(user: User): Event
  receive(socket: MemorySocket, text: string): void
}

/** One connection, both ends of it. */
export class MemorySocket implements WebSocketLike {
  onopen: ((event: never) => void) | null = null
  onmessage: ((event: never) => void) | null = null
  onclose: ((event: never) => void) | null = null
  onerror: ((event: never) => void) | null = null
  /** Ids of the rooms it hears. */
  readonly rooms = new Set<string>()
  /** Swallows everything without a word, as a cable that was pulled. */
  isDead = false
  /** When it last told others that its user types, in ms since the Unix epoch. */
  typingToldMs = Number.NEGATIVE_INFINITY
  readonly #peer: SocketPeer
  readonly #up: Lane
  readonly #down: Lane
  #user: User | null = null
  #isOver = false

  constructor(peer: SocketPeer, url: string) {
    this.#peer = peer
    this.#up = new Lane(peer)
    this.#down = new Lane(peer)
    peer.dialed.push(url)
    peer.clock.after(peer.faults.delayMs(), () => this.#open(new URL(url)))
  }

  /** Whose it is. Throws before it is open. */
  get user(): User {
    if (!this.#user) throw new Error("this socket was never let in")
    return this.#user
  }

  send(text: string): void {
    if (!this.#user || this.#isOver) return
    this.#carry(this.#up, () => this.#peer.receive(this, text))
  }

  close(code = 1000): void {
    this.break(code, "")
  }

  /** The server says something. */
  deliver(event: Event): void {
    const data = JSON.stringify(event)
    this.#carry(this.#down, () => {
      if (!this.#isOver) this.onmessage?.({ data } as never)
    })
  }

  /** It ends, for both sides. What was sent may arrive or not: the server still hears it, the client hears no more. */
  break(code: number, reason: string): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#peer.sockets.delete(this)
    this.#peer.clock.after(0, () => this.onclose?.({ code, reason } as never))
  }

  #open(url: URL): void {
    if (this.#isOver) return
    const { isDown, refusesWith } = this.#peer
    try {
      if (isDown || refusesWith) throw new Error("not let in")
      this.#user = this.#peer.enter(url)
    } catch {
      // A WebSocket does not say why it was not let in.
      this.break(1006, "")
      return
    }
    this.#peer.sockets.add(this)
    this.onopen?.({} as never)
    this.deliver(this.#peer.hello(this.#user))
  }

  #carry(lane: Lane, arrive: () => void): void {
    if (this.isDead) return
    if (this.#peer.faults.cuts?.()) {
      this.break(1006, "")
      return
    }
    lane.carry(() => {
      if (!this.isDead) arrive()
    })
  }
}
