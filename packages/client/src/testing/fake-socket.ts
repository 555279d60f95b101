import type { Event, User } from "@klatch/protocol"
import type { WebSocketLike } from "../socket.ts"
import type { Faults } from "./faults.ts"
import type { VirtualClock } from "./virtual-clock.ts"

/** The server, as far as its end of a connection needs it. */
export interface SocketPeer {
  readonly clock: VirtualClock
  readonly sockets: Set<FakeSocket>
  readonly dialed: string[]
  readonly faults: Faults
  readonly heartbeatMs: number
  readonly isDown: boolean
  readonly refusesWith: object | null
  user(name: string): User
  receive(socket: FakeSocket, text: string): void
}

/** One connection, both ends of it. */
export class FakeSocket implements WebSocketLike {
  onopen: ((event: never) => void) | null = null
  onmessage: ((event: never) => void) | null = null
  onclose: ((event: never) => void) | null = null
  onerror: ((event: never) => void) | null = null
  readonly user: User
  readonly rooms = new Set<string>()
  /** Swallows everything without a word, as a cable that was pulled. */
  isDead = false
  readonly #server: SocketPeer
  #isOpen = false
  #isOver = false

  constructor(server: SocketPeer, url: string) {
    this.#server = server
    server.dialed.push(url)
    this.user = server.user(new URL(url).searchParams.get("user") ?? `guest-${server.dialed.length}`)
    server.clock.after(server.faults.delayMs(), () => this.#open())
  }

  send(text: string): void {
    if (!this.#isOpen) return
    this.#carry(() => this.#server.receive(this, text))
  }

  close(code = 1000): void {
    this.#end(code, "")
  }

  /** The server says something. */
  deliver(event: Event): void {
    const data = JSON.stringify(event)
    this.#carry(() => {
      if (this.#isOpen) this.onmessage?.({ data } as never)
    })
  }

  break(code: number, reason: string): void {
    this.#end(code, reason)
  }

  #open(): void {
    if (this.#isOver) return
    if (this.#server.isDown || this.#server.refusesWith) {
      this.#end(1006, "")
      return
    }
    this.#isOpen = true
    this.#server.sockets.add(this)
    this.onopen?.({} as never)
    this.deliver({
      type: "hello",
      session_id: this.user.id,
      user: this.user,
      heartbeat_ms: this.#server.heartbeatMs,
      server_time: new Date(this.#server.clock.now()).toISOString(),
      limits: {},
    })
  }

  /** What is on the way when the connection breaks may arrive or not: `receive` still hears it, `deliver` does not. */
  #carry(arrive: () => void): void {
    const { clock, faults } = this.#server
    for (let copies = this.isDead ? 0 : faults.copies(); copies > 0; copies--) {
      clock.after(faults.delayMs(), () => {
        if (!this.isDead) arrive()
      })
    }
  }

  #end(code: number, reason: string): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#isOpen = false
    this.#server.sockets.delete(this)
    this.#server.clock.after(0, () => this.onclose?.({ code, reason } as never))
  }
}
