import type { Event } from "@klatch/protocol"
import type { Clock } from "./clock.ts"
import {
  type ConnectionState,
  type Effect,
  firstState,
  type Input,
  type LinkState,
  published,
  step,
} from "./connection.ts"
import { contract, type Outgoing } from "./contract.ts"
import { KlatchError } from "./error.ts"
import { Heartbeat } from "./heartbeat.ts"
import type { Random } from "./random.ts"
import { Cell, type Readable } from "./readable.ts"
import type { WebSocketConstructor, WebSocketLike } from "./socket.ts"

/** From opening a socket to hello. */
const dialMs = 10_000
/** A connection that has held this long counts as good again. */
const steadyMs = 5_000

export interface LinkOptions {
  readonly clock: Clock
  readonly random: Random
  readonly webSocket: WebSocketConstructor
  /** Where to connect, in its own time. What it throws counts as a failed try. */
  readonly address: () => Promise<string>
  /** After a try that failed before the upgrade: the error if the server refuses us for good, else null. */
  readonly refusal: () => Promise<KlatchError | null>
  readonly onUp: () => void
  readonly onDown: () => void
  readonly onEnd: (error: KlatchError) => void
  readonly onEvent: (event: Event) => void
}

/** The connection: carries out what the state table says, on one socket at a time. */
export class Link {
  readonly #options: LinkOptions
  readonly #heartbeat: Heartbeat
  readonly #shown = new Cell<ConnectionState>(published(firstState))
  #state: LinkState = firstState
  #socket: WebSocketLike | null = null
  /** Counts tries; what an earlier one still has to say is not heard. */
  #turn = 0
  #heartbeatMs = 0
  #cancelDue: () => void = () => {}
  #cancelDial: () => void = () => {}
  #cancelSteady: () => void = () => {}

  constructor(options: LinkOptions) {
    this.#options = options
    this.#heartbeat = new Heartbeat(
      options.clock,
      () => this.send({ type: "ping" }),
      () => this.#feed({ type: "silent" }),
    )
  }

  get connection(): Readable<ConnectionState> {
    return this.#shown
  }

  get isOpen(): boolean {
    return this.#state.phase === "open"
  }

  connect = (): void => this.#feed({ type: "connect" })
  close = (): void => this.#feed({ type: "close" })
  wake = (): void => this.#feed({ type: "online" })

  /** Writes a frame; false when there is no open connection. */
  send(frame: Outgoing): boolean {
    return this.sendText(JSON.stringify(frame))
  }

  /** Writes a frame already encoded; false when there is no open connection. */
  sendText(text: string): boolean {
    if (!this.isOpen || !this.#socket) return false
    this.#heartbeat.sent()
    try {
      this.#socket.send(text)
      return true
    } catch (thrown) {
      this.#feed({ type: "lost", code: 1006, reason: String(thrown) })
      return false
    }
  }

  #feed(input: Input): void {
    const before = this.#state
    const at = { nowMs: this.#options.clock.now(), random: this.#options.random }
    const [after, effects] = step(before, input, at)
    this.#state = after
    // The scheduled time belongs to the phase it was set in.
    if (after.phase !== before.phase) this.#cancelDue()
    for (const effect of effects) this.#carryOut(effect)
    if (this.#state === after && after !== before) this.#shown.set(published(after))
  }

  #carryOut(effect: Effect): void {
    switch (effect.do) {
      case "dial":
        void this.#dial()
        break
      case "hang_up":
        this.#hangUp()
        break
      case "schedule":
        this.#cancelDue()
        this.#cancelDue = this.#options.clock.after(effect.delayMs, () => this.#feed({ type: "due" }))
        break
      case "tell_up":
        this.#cancelDial()
        this.#heartbeat.start(this.#heartbeatMs)
        this.#cancelSteady = this.#options.clock.after(steadyMs, () => this.#feed({ type: "steady" }))
        this.#shown.set(published(this.#state))
        this.#options.onUp()
        break
      case "tell_down":
        this.#options.onDown()
        break
      case "tell_end":
        this.#hangUp()
        this.#options.onEnd(effect.error)
        break
      case "probe":
        this.#heartbeat.probe()
        break
    }
  }

  async #dial(): Promise<void> {
    const turn = ++this.#turn
    try {
      const url = await this.#options.address()
      if (turn !== this.#turn) return
      this.#cancelDial = this.#options.clock.after(dialMs, () => this.#feed({ type: "silent" }))
      this.#watch(new this.#options.webSocket(url, contract.subprotocol), turn)
    } catch (thrown) {
      if (turn !== this.#turn) return
      const error = thrown instanceof KlatchError ? thrown : undefined
      this.#feed({ type: "lost", code: 1006, reason: String(thrown), error })
    }
  }

  #watch(socket: WebSocketLike, turn: number): void {
    this.#socket = socket
    socket.onopen = () => {
      if (turn === this.#turn) this.#feed({ type: "opened" })
    }
    socket.onmessage = (message: { readonly data: unknown }) => {
      if (turn === this.#turn) this.#hear(message.data)
    }
    socket.onerror = () => {}
    socket.onclose = async ({ code, reason }: { readonly code: number; readonly reason: string }) => {
      if (turn !== this.#turn) return
      const error = this.#state.phase === "dialing" ? await this.#options.refusal() : null
      if (turn !== this.#turn) return
      this.#feed(error ? { type: "refused", error } : { type: "lost", code, reason })
    }
  }

  #hear(data: unknown): void {
    this.#heartbeat.heard()
    const event = parsed(data)
    if (!event) return
    if (event.type === "hello") {
      this.#heartbeatMs = event.heartbeat_ms
      this.#feed({ type: "hello", user: event.user })
    } else if (event.type === "drain") {
      this.#feed({ type: "drain", afterMs: event.reconnect_after_ms })
    }
    this.#options.onEvent(event)
  }

  /** Forgets the socket without waiting for its goodbye: a dead one never says it. */
  #hangUp(): void {
    this.#turn++
    this.#heartbeat.stop()
    this.#cancelDial()
    this.#cancelSteady()
    const socket = this.#socket
    this.#socket = null
    if (!socket) return
    try {
      socket.close(1000)
    } catch {
      // Some refuse to close what never opened.
    }
  }
}

/** What the server said; null for what is no event, which is passed over. */
function parsed(data: unknown): Event | null {
  try {
    const value = JSON.parse(data as string) as Event | null
    return typeof value?.type === "string" ? value : null
  } catch {
    return null
  }
}
