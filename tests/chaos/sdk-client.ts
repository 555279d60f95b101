import { type Client, createClient, type Event, type Room, type WebSocketConstructor } from "@klatch/client"
import type { Random } from "../../packages/server/src/lib/random.ts"
import { type ConnectionJournal, identityOf, type SeenMessage, type Send, type View } from "./journal.ts"

export interface SdkClientOptions {
  readonly name: string
  readonly url: string
  readonly rooms: readonly string[]
  readonly random: Random
  readonly unackedMax?: number
}

interface Asking {
  readonly type: string
  readonly rooms?: Record<string, number>
  readonly room_id?: string
  readonly since?: number
}

const durable = ["message", "edit", "delete", "join", "leave", "room"] as const

/** The SDK as an application uses it, with a notebook beside it. */
export class SdkClient {
  readonly name: string
  readonly sends: Send[] = []
  readonly connections: ConnectionJournal[] = []
  readonly #options: SdkClientOptions
  readonly #client: Client
  readonly #rooms = new Map<string, Room>()
  #journal: ConnectionJournal
  #waiting = 0
  replayed = 0
  gaps = 0

  constructor(options: SdkClientOptions) {
    this.#options = options
    this.name = options.name
    this.#journal = { client: options.name, marks: [] }
    this.#client = createClient({
      url: options.url,
      user: options.name,
      random: options.random.float,
      webSocket: this.#listening(),
    })
    this.#client.on("hello", () => this.#connected())
    this.#client.on("resumed", ({ rooms }) => {
      for (const [room, { head, gap }] of Object.entries(rooms)) this.#cutOver(room, head, gap)
    })
    this.#client.on("ack", (event) => {
      const ack = event as unknown as {
        room_id?: string
        role?: string
        head?: number
        gap?: { from: number; to: number }
      }
      if (ack.room_id !== undefined && ack.role !== undefined && ack.head !== undefined)
        this.#cutOver(ack.room_id, ack.head, ack.gap)
    })
    for (const type of durable) this.#client.on(type, (event) => this.#heard(event))
  }

  get reconnects(): number {
    return Math.max(0, this.connections.length - 1)
  }

  get unackedCount(): number {
    return this.#waiting
  }

  get isLive(): boolean {
    return this.#client.connection.get().phase === "open"
  }

  get isWhole(): boolean {
    return (
      this.#waiting === 0 && [...this.#rooms.values()].every((room) => room.messages.get().status === "ready")
    )
  }

  /** Connects and opens its rooms; resolves when their first pages are there. */
  async connect(): Promise<void> {
    this.#client.connect()
    const opened = this.#options.rooms.map((id) => {
      const room = this.#client.room(id)
      this.#rooms.set(id, room)
      return room.open()
    })
    await Promise.all(opened)
  }

  leave(): void {
    this.#client.close()
  }

  headOf(id: string): number {
    return this.#rooms.get(id)?.messages.get().head ?? -1
  }

  send(id: string, filler: string): void {
    if (this.#waiting >= (this.#options.unackedMax ?? 48)) return
    const order = this.sends.length
    const clientId = `${this.name}-${order}`
    const content = `${clientId} ${filler}`.trim()
    const author = this.#client.user.get()?.id ?? ""
    const send: Send = { room: id, author, clientId, content, order, acks: [], refusals: [] }
    this.sends.push(send)
    this.#waiting++
    this.#rooms
      .get(id)!
      .messages.send(content, { clientId })
      .settled.then(
        ({ seq, message_id }) => send.acks.push({ seq, messageId: message_id }),
        (error: { code: string }) => send.refusals.push(error.code),
      )
      .finally(() => this.#waiting--)
  }

  shown(): View[] {
    return [...this.#rooms].map(([id, room]) => {
      const { messages, hasOlder, head, status } = room.messages.get()
      const seen = new Map<number, SeenMessage>()
      // One that is not in the log has no seq: it gets one that is not in the log either.
      for (const message of messages)
        seen.set(message.seq ?? -1 - seen.size, {
          author: message.user_id,
          clientId: message.client_id,
          content: message.content,
          isDeleted: message.deleted_at !== undefined,
        })
      const fromSeq = hasOlder ? (messages[0]?.seq ?? 1) : 1
      return { client: this.name, room: id, fromSeq, head: status === "ready" ? head : -1, messages: seen }
    })
  }

  #connected(): void {
    this.connections.push(this.#journal)
  }

  /** A WebSocket that notes from where the SDK asks to be told. */
  #listening(): WebSocketConstructor {
    const note = (text: string) => {
      const frame = JSON.parse(text) as Asking
      const rooms = frame.type === "resume" ? frame.rooms : { [frame.room_id ?? ""]: frame.since }
      if (frame.type !== "resume" && frame.type !== "join") return
      for (const [room, seq] of Object.entries(rooms ?? {}))
        if (seq !== undefined) this.#journal.marks.push({ at: "since", room, seq })
    }
    // It begins with the socket: the SDK asks for its rooms at the hello, before anyone else hears of it.
    const begin = () => {
      this.#journal = { client: this.name, marks: [] }
    }
    return class extends WebSocket {
      constructor(url: string, protocols?: string | string[]) {
        super(url, protocols)
        begin()
      }
      override send(text: string): void {
        note(text)
        super.send(text)
      }
    } as unknown as WebSocketConstructor
  }

  #cutOver(room: string, head: number, gap: { from: number; to: number } | undefined): void {
    if (gap) {
      this.gaps++
      this.#journal.marks.push({ at: "gap", room, ...gap })
    } else this.#journal.marks.push({ at: "live", room, head })
  }

  #heard(event: Extract<Event, { seq: number; room_id: string; user_id: string }>): void {
    if (!this.#rooms.has(event.room_id)) return
    const target = event.type === "edit" || event.type === "delete" ? event.message_id : undefined
    const clientId = event.type === "message" ? event.client_id : undefined
    const identity = identityOf(event.type, event.user_id, clientId, target)
    this.#journal.marks.push({ at: "entry", room: event.room_id, seq: event.seq, identity })
  }
}
