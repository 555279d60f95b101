import { delay, systemClock } from "../../packages/server/src/lib/clock.ts"
import type { Random } from "../../packages/server/src/lib/random.ts"

/** What one connection after another of a witness was told of the room, and what it noticed itself. */
export interface Heard {
  readonly seq: number
  readonly clientId: string | undefined
  readonly content: string | undefined
}

export interface WitnessOptions {
  readonly wsUrl: string
  /** The query that says who it is. */
  readonly query: string
  readonly room: string
  readonly random: Random
  readonly onHeard: (entry: Heard) => void
}

type Frame = Record<string, unknown> & { type: string }

const RETRY_MS = 250
const LOOK_MS = 10
const ANSWER_MAX_MS = 15_000
const PAGE = 100

/**
 * A client as an application developer writes it from the documentation alone: it joins the room, takes every entry in
 * turn, comes back when it is cut off, and goes on from the last seq it was told.
 */
export class Witness {
  readonly heard = new Map<number, Heard>()
  /** Entries that came twice on one connection, or not in their turn. */
  repeated = 0
  reordered = 0
  missed = 0
  reconnects = 0
  roomId = ""
  /** The last seq that is known to be told. */
  cursor = -1
  readonly #options: WitnessOptions
  readonly #asked = new Map<string, (answer: Frame | undefined) => void>()
  #socket: WebSocket | undefined
  #isLive = false
  #isOver = false
  #refs = 0
  /** Of this connection: the last seq it was told, or asked to be told from. */
  #told = -1
  #refusal: string | undefined

  constructor(options: WitnessOptions) {
    this.#options = options
  }

  get isLive(): boolean {
    return this.#isLive
  }

  /** Resolves once it follows the room. Rejects with the server's own words when it may not. */
  async enter(): Promise<void> {
    this.#dial()
    while (!this.#isLive) {
      if (this.#refusal !== undefined) throw new Error(this.#refusal)
      await delay(systemClock, LOOK_MS)
    }
  }

  /** The connection breaks, as by a network that fails. */
  cut(): void {
    this.#socket?.close(4000)
  }

  leave(): void {
    this.#isOver = true
    this.#socket?.close()
  }

  /** Resolves with the answer; undefined when the connection was lost before it came. */
  ask(frame: Frame): Promise<Frame | undefined> {
    const socket = this.#socket
    if (!socket || socket.readyState !== WebSocket.OPEN) return Promise.resolve(undefined)
    const ref = `r${this.#refs++}`
    return new Promise((resolve) => {
      const cancel = systemClock.after(ANSWER_MAX_MS, () => this.#answer(ref, undefined))
      this.#asked.set(ref, (answer) => {
        cancel()
        resolve(answer)
      })
      socket.send(JSON.stringify({ ...frame, ref }))
    })
  }

  #dial(): void {
    const { wsUrl, query } = this.#options
    const socket = new WebSocket(`${wsUrl}/ws?subscribe=none&${query}`)
    this.#socket = socket
    this.#told = this.cursor
    socket.onmessage = ({ data }) => this.#hear(JSON.parse(String(data)) as Frame, socket)
    socket.onclose = () => {
      if (this.#socket !== socket) return
      this.#isLive = false
      for (const ref of [...this.#asked.keys()]) this.#answer(ref, undefined)
      if (this.cursor < 0 && this.#refs === 0)
        this.#refusal ??= "the server closed the connection before hello"
      if (!this.#isOver)
        systemClock.after(this.#options.random.float() * RETRY_MS, () => {
          this.reconnects++
          this.#dial()
        })
    }
  }

  #hear(frame: Frame, socket: WebSocket): void {
    if (socket !== this.#socket) return
    if (frame.type === "hello") return void this.#begin(socket)
    const { ref } = frame as { ref?: string }
    if (ref !== undefined) this.#answer(ref, frame)
    else if (typeof frame.seq === "number" && frame.room_id === this.roomId) this.#take(frame)
  }

  async #begin(socket: WebSocket): Promise<void> {
    const { room } = this.#options
    const isFirst = this.cursor < 0
    const answer = isFirst
      ? await this.ask({ type: "join", room_id: room })
      : await this.ask({ type: "resume", rooms: { [this.roomId]: this.cursor } })
    if (socket !== this.#socket) return
    if (answer === undefined || answer.type === "error") {
      if (isFirst && answer) this.#refusal = `${answer.code}: ${answer.message}`
      return socket.close()
    }
    if (isFirst) {
      this.roomId = answer.room_id as string
      this.cursor = answer.head as number
      this.#told = this.cursor
    }
    const told = isFirst
      ? undefined
      : (answer.rooms as Record<string, { gap?: { from: number; to: number } }>)
    const gap = told?.[this.roomId]?.gap
    if (gap && !(await this.#page(gap))) return socket.close()
    this.#isLive = true
  }

  /** A replay that is too long is told as a gap: its messages are paged; what else happened there is not shown. */
  async #page({ from, to }: { from: number; to: number }): Promise<boolean> {
    for (let after = from - 1; after < to; ) {
      const page = await this.ask({ type: "history", room_id: this.roomId, after, limit: PAGE })
      if (page?.type !== "ack") return false
      const messages = page.messages as Frame[]
      for (const message of messages) this.#keep(message)
      if (messages.length === 0 || !page.has_more) break
      after = messages.at(-1)!.seq as number
    }
    for (let seq = from; seq <= to; seq++)
      if (!this.heard.has(seq)) this.heard.set(seq, { seq, clientId: undefined, content: undefined })
    this.cursor = Math.max(this.cursor, to)
    this.#told = Math.max(this.#told, to)
    return true
  }

  #take(frame: Frame): void {
    const seq = frame.seq as number
    if (seq === this.#told) this.repeated++
    else if (seq < this.#told) this.reordered++
    else this.missed += seq - this.#told - 1
    this.#told = Math.max(this.#told, seq)
    this.cursor = Math.max(this.cursor, seq)
    this.#keep(frame)
  }

  #keep(frame: Frame): void {
    const seq = frame.seq as number
    if (this.heard.has(seq)) return
    const isMessage = frame.type === "message"
    const entry = {
      seq,
      clientId: isMessage ? (frame.client_id as string | undefined) : undefined,
      content: isMessage ? (frame.content as string) : undefined,
    }
    this.heard.set(seq, entry)
    this.#options.onHeard(entry)
  }

  #answer(ref: string, answer: Frame | undefined): void {
    const settle = this.#asked.get(ref)
    this.#asked.delete(ref)
    settle?.(answer)
  }
}
