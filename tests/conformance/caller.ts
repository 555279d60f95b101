import { authAck, errorEvent, eventSchemas, historyAck, joinAck, sentAck } from "@klatch/protocol"
import { until } from "../harness/until.ts"
import { type Target, target, unique } from "./target.ts"

/** A frame as it came in, checked against the contract. */
export type Heard = Record<string, unknown> & { type: string; seq?: number; room_id?: string }

/** As much of a schema as is needed here. */
interface Schema {
  strict(): Schema
  safeParse(value: unknown): { success: boolean; error?: { message: string } | undefined }
}

const changeAck = sentAck.omit({ client_id: true })
const plainAck = joinAck.pick({ type: true, ref: true, room_id: true })
/** What the ack of each frame must carry: nothing missing, nothing that the contract does not name. */
const ackSchemas: Record<string, Schema> = {
  message: sentAck,
  chat: sentAck,
  dm: sentAck,
  group: sentAck,
  broadcast: sentAck,
  edit: changeAck,
  delete: changeAck,
  join: joinAck,
  leave: plainAck,
  typing: plainAck,
  read: plainAck,
  history: historyAck,
  auth: authAck,
}

export interface CallerOptions {
  readonly at?: Target
  readonly headers?: Record<string, string>
  readonly protocols?: string[]
}

/**
 * A plain WebSocket that checks all it hears: each frame against its schema, each room's entries for order, gap and
 * repeat. A fault shows at the next `hears` and at the end.
 */
export class Caller implements AsyncDisposable {
  readonly socket: WebSocket
  readonly heard: Heard[] = []
  readonly faults: string[] = []
  closed: { code: number; reason: string } | undefined
  readonly #sent = new Map<string, Record<string, unknown>>()
  readonly #lastSeq = new Map<string, number>()
  #refs = 0

  private constructor(socket: WebSocket) {
    this.socket = socket
    socket.onmessage = (event) => this.#hear(String(event.data))
    socket.onclose = ({ code, reason }) => {
      this.closed = { code, reason }
    }
  }

  /** Opens `path`; resolves once hello was heard. Rejects when it is refused. */
  static async open(path: string, options: CallerOptions = {}): Promise<Caller> {
    const { wsUrl } = options.at ?? (await target())
    const { headers, protocols } = options
    const caller = new Caller(
      new WebSocket(wsUrl + path, { ...(headers && { headers }), ...(protocols && { protocols }) } as never),
    )
    await until(`hello on ${path}`, () => caller.closed ?? caller.heard[0])
    if (caller.closed) throw new Error(`refused: ${path} (${caller.closed.code})`)
    return caller
  }

  /** As a user of this name; `query` rides along. */
  static as(name: string, query = "", options: CallerOptions = {}): Promise<Caller> {
    return Caller.open(`/ws?user=${name}${query && `&${query}`}`, options)
  }

  /** As someone new, in a room of this slug. */
  static async in(room: string, options: CallerOptions = {}): Promise<Caller> {
    const caller = await Caller.as(unique("u"), `room_id=${room}`, options)
    await caller.hears("the ack of the room given at connect", (f) => f.type === "ack")
    return caller
  }

  get user(): { id: string; username: string; display_name: string } {
    return this.heard[0]?.user as never
  }

  /** The room given at connect: its id, from the ack that joined it. */
  get roomId(): string {
    return this.heard.find((f) => f.type === "ack" && f.ref === undefined)?.room_id as string
  }

  send(frame: Record<string, unknown> | string): void {
    if (typeof frame !== "string") this.#note(frame)
    this.socket.send(typeof frame === "string" ? frame : JSON.stringify(frame))
  }

  /** Sends with a ref of its own and resolves with its answer, ack or error. */
  async ask(frame: Record<string, unknown>): Promise<Heard> {
    const ref = `r${this.#refs++}`
    this.send({ ...frame, ref })
    return this.hears(`the answer to ${frame.type}`, (f) => f.ref === ref)
  }

  /** The same, and it must be an ack. */
  async acked(frame: Record<string, unknown>): Promise<Heard> {
    const answer = await this.ask(frame)
    if (answer.type === "error") throw new Error(`${JSON.stringify(frame)}: ${JSON.stringify(answer)}`)
    return answer
  }

  /** The first frame heard, now or later, that fits. */
  async hears(what: string, fits: (frame: Heard) => unknown, timeoutMs?: number): Promise<Heard> {
    const frame = await until(what, () => this.heard.find(fits) ?? this.#broken(what), timeoutMs)
    this.#check()
    return frame
  }

  /** Resolves when everything that the server had sent to this connection up to now has been heard. */
  async settled(): Promise<void> {
    const ref = `p${this.#refs++}`
    this.send({ type: "ping", ref })
    await this.hears("pong", (f) => f.ref === ref)
  }

  /** Entries of a room, in the order heard. */
  entries(roomId: unknown): Heard[] {
    return this.heard.filter(
      (f) => f.room_id === roomId && f.seq !== undefined && f.type !== "ack" && f.type !== "error",
    )
  }

  /** The code with which the server ends this connection. */
  async ends(): Promise<number> {
    return (await until("the end of the connection", () => this.closed)).code
  }

  async close(): Promise<void> {
    this.socket.close()
    await until("close", () => this.closed)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
    this.#check()
  }

  #broken(what: string): undefined {
    if (this.closed) throw new Error(`closed with ${this.closed.code} while waiting for ${what}`)
    return undefined
  }

  #check(): void {
    const faults = this.faults.splice(0)
    if (faults.length > 0) throw new Error(`heard against the contract:\n${faults.join("\n")}`)
  }

  /** What was asked, for its answer's schema; and where a room's entries go on after this frame. */
  #note(frame: Record<string, unknown>): void {
    if (typeof frame.ref === "string") this.#sent.set(frame.ref, frame)
    if (frame.type === "resume")
      for (const [id, since] of Object.entries(frame.rooms ?? {})) this.#lastSeq.set(id, since as number)
    if (frame.type === "join" || frame.type === "leave") {
      const id = typeof frame.room_id === "string" ? frame.room_id : ""
      if (typeof frame.since === "number") this.#lastSeq.set(id, frame.since)
      else this.#lastSeq.delete(id)
    }
  }

  #hear(text: string): void {
    const frame = JSON.parse(text) as Heard
    if (this.heard.length === 0 && frame.type !== "hello") this.faults.push(`before hello: ${text}`)
    this.heard.push(frame)
    const checked = this.#schemaOf(frame)?.strict().safeParse(frame)
    if (!checked?.success) this.faults.push(`${text}: ${checked?.error?.message ?? "unknown type"}`)
    else if (frame.type === "resumed" || frame.gap) this.#skip(frame)
    else if (frame.seq !== undefined && frame.type !== "ack") this.#follow(frame.room_id as string, frame.seq)
  }

  #schemaOf(frame: Heard): Schema | undefined {
    if (frame.type === "error") return errorEvent
    if (frame.type === "ack") {
      const asked = this.#sent.get(String(frame.ref))
      if (asked) return ackSchemas[String(asked.type)]
      return frame.head !== undefined ? joinAck : frame.seq !== undefined ? sentAck : plainAck
    }
    return Object.hasOwn(eventSchemas, frame.type)
      ? eventSchemas[frame.type as keyof typeof eventSchemas]
      : undefined
  }

  #follow(roomId: string, seq: number): void {
    const last = this.#lastSeq.get(roomId)
    if (last !== undefined && seq !== last + 1) this.faults.push(`${roomId}: seq ${seq} after ${last}`)
    this.#lastSeq.set(roomId, seq)
  }

  /** A gap that was told is no hole. */
  #skip(frame: Heard): void {
    const rooms = (frame.rooms ?? { [String(frame.room_id)]: frame }) as Record<string, { head: number }>
    for (const [id, { head }] of Object.entries(rooms)) this.#lastSeq.set(id, head)
  }
}
