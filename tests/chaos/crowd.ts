import { delay, systemClock } from "../../packages/server/src/lib/clock.ts"
import type { Send } from "./journal.ts"

export interface CrowdOptions {
  readonly wsUrl: string
  readonly room: string
  readonly perSecond: number
  readonly contentChars: number
  readonly talkers?: number
  readonly listeners?: number
}

const TICK_MS = 5
const CONTENT = '"content":"'

/** Talkers at a steady rate, whether or not they are answered, and listeners who take the time. */
export class Crowd {
  readonly sends: Send[] = []
  /** From the moment a message was due to its arrival at a listener, in ms. */
  readonly latenciesMs: number[] = []
  /** Frames of error that anyone got, and connections that were lost. */
  readonly troubles: string[] = []
  readonly #options: CrowdOptions
  readonly #filler: string
  readonly #sockets: WebSocket[] = []
  /** User ids, in the order of the sockets. */
  readonly #authors: string[] = []
  readonly #byClientId = new Map<string, Send>()
  #unacked = 0
  #isOver = false

  constructor(options: CrowdOptions) {
    this.#options = options
    this.#filler = " the quick brown fox".repeat(Math.ceil(options.contentChars / 20))
  }

  /** Resolves when everyone is in the room. */
  async gather(): Promise<void> {
    const { talkers = 4, listeners = 10 } = this.#options
    for (let i = 0; i < talkers; i++) await this.#join(`talker${i}`, (text) => this.#hearAnswer(text))
    for (let i = 0; i < listeners; i++) await this.#join(`listener${i}`, (text) => this.#hearMessage(text))
  }

  /** Talks for `seconds`; resolves when all is acked. */
  async talk(seconds: number): Promise<void> {
    const { perSecond, talkers = 4 } = this.#options
    const startMs = performance.now()
    const count = seconds * perSecond
    for (let sent = 0; sent < count; ) {
      const due = Math.min(count, Math.floor(((performance.now() - startMs) * perSecond) / 1_000))
      for (; sent < due; sent++) this.#send(sent % talkers, startMs + (sent * 1_000) / perSecond)
      await delay(systemClock, TICK_MS)
    }
    while (this.#unacked > 0 && this.troubles.length === 0) await delay(systemClock, TICK_MS)
  }

  leave(): void {
    this.#isOver = true
    for (const socket of this.#sockets) socket.close()
  }

  async #join(name: string, hear: (text: string) => void): Promise<void> {
    const socket = new WebSocket(`${this.#options.wsUrl}/ws?user=${name}&subscribe=none`)
    const joined = Promise.withResolvers<void>()
    let userId = ""
    socket.onmessage = ({ data }) => {
      const frame = JSON.parse(String(data)) as { type: string; ref?: string; user?: { id: string } }
      if (frame.type === "hello") {
        userId = frame.user?.id ?? ""
        socket.send(JSON.stringify({ type: "join", room_id: this.#options.room, ref: "join" }))
      }
      if (frame.ref !== "join") return
      this.#authors.push(userId)
      this.#sockets.push(socket)
      socket.onmessage = ({ data }) => hear(String(data))
      joined.resolve()
    }
    socket.onclose = ({ code }) => {
      if (!this.#isOver) this.troubles.push(`${name} was closed with ${code}`)
    }
    await joined.promise
  }

  #send(talker: number, dueMs: number): void {
    const { room, contentChars } = this.#options
    const order = this.sends.length
    const clientId = `talk-${order}`
    const content = `${dueMs.toFixed(1)}${this.#filler}`.slice(0, contentChars).trimEnd()
    const author = this.#authors[talker]!
    const send: Send = { room, author, clientId, content, order, acks: [], refusals: [] }
    this.sends.push(send)
    this.#byClientId.set(clientId, send)
    this.#unacked++
    this.#sockets[talker]!.send(
      JSON.stringify({ type: "message", room_id: room, content, client_id: clientId, ref: clientId }),
    )
  }

  /** What the others say is not looked at: only acks and errors begin like this. */
  #hearAnswer(text: string): void {
    if (text.startsWith('{"type":"message"')) return
    const frame = JSON.parse(text) as { type: string; ref?: string; seq: number; message_id: number }
    const send = this.#byClientId.get(frame.ref ?? "")
    if (frame.type === "error") this.troubles.push(text)
    if (!send || send.acks.length > 0) return
    this.#unacked--
    send.acks.push({ seq: frame.seq, messageId: frame.message_id })
  }

  #hearMessage(text: string): void {
    const at = text.indexOf(CONTENT)
    if (at < 0) return
    const dueMs = Number.parseFloat(text.slice(at + CONTENT.length, at + CONTENT.length + 16))
    this.latenciesMs.push(performance.now() - dueMs)
  }
}
