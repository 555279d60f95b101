import { delay, systemClock } from "../../packages/server/src/lib/clock.ts"
import { type Random, randomInt } from "../../packages/server/src/lib/random.ts"
import { type Change, type ConnectionJournal, identityOf, type Send, type View } from "./journal.ts"
import { RoomView, type ToldMessage } from "./view.ts"

/** What is needed of a socket: a WebSocket has it. */
export interface ClientSocket {
  onmessage: ((event: { data: unknown }) => void) | null
  onclose: ((event: { code: number }) => void) | null
  send(text: string): void
  /** Ends it at once, without a goodbye. */
  terminate(): void
}

export interface PlainClientOptions {
  readonly name: string
  /** Each time it connects it takes one of them. */
  readonly wsUrls: readonly string[]
  /** Ids of the rooms it follows, from their first entry on. */
  readonly rooms: readonly string[]
  readonly random: Random
  /** Sends without an ack beyond this many are not made. */
  readonly unackedMax?: number
  readonly dial?: (url: string) => ClientSocket
  /** False: nothing is kept of what it hears but the views. */
  readonly journals?: boolean
}

type Frame = Record<string, unknown> & { type: string }
type DurableFrame = Frame & ToldMessage & { seq: number; room_id: string; role?: string }

const RETRY_MS = 20
const RETRY_SPREAD_MS = 80
const PAGE = 100
const ANSWER_MAX_MS = 15_000
const ACKED_KEPT_MAX = 200

/**
 * An application developer's client without the SDK: it sends again under the same client_id what was not acked, and
 * resumes from the last seq it was told. It trusts the server's order, and writes down every word.
 */
export class PlainClient {
  readonly name: string
  readonly sends: Send[] = []
  readonly changes: Change[] = []
  readonly connections: ConnectionJournal[] = []
  readonly views = new Map<string, RoomView>()
  readonly closeCodes: number[] = []
  reconnects = 0
  resent = 0
  replayed = 0
  gaps = 0
  paged = 0
  userId = ""
  readonly #options: PlainClientOptions
  readonly #unacked = new Map<string, Send>()
  readonly #unackedChanges = new Set<Change>()
  /** Newest acked messages of ours, to be changed or sent once more. */
  readonly #acked: Send[] = []
  readonly #asked = new Map<string, (answer: Frame | undefined) => void>()
  #socket: ClientSocket | undefined
  #journal: ConnectionJournal | undefined
  #isLive = false
  #isReplaying = false
  #isWanted = false
  #edits = 0
  #refs = 0

  constructor(options: PlainClientOptions) {
    this.#options = options
    this.name = options.name
    for (const room of options.rooms) this.views.set(room, new RoomView(room))
  }

  /** It is connected, has resumed and paged, and may send. */
  get isLive(): boolean {
    return this.#isLive
  }

  get unackedCount(): number {
    return this.#unacked.size + this.#unackedChanges.size
  }

  get ackCount(): number {
    return this.sends.reduce((sum, send) => sum + send.acks.length, 0)
  }

  get isWhole(): boolean {
    return this.unackedCount === 0 && [...this.views.values()].every((view) => view.isWhole)
  }

  /** Connects, and from then on comes back by itself. */
  connect(): void {
    if (this.#isWanted) return
    this.#isWanted = true
    this.#dial()
  }

  /** Goes away without a word, and stays away until `connect`. */
  leave(): void {
    this.#isWanted = false
    const socket = this.#socket
    this.#down()
    socket?.terminate()
  }

  /** Loses the connection. */
  cut(): void {
    this.#socket?.terminate()
  }

  /** Answers the seqs at which every room's view stands. */
  headOf(room: string): number {
    const view = this.views.get(room)
    return view?.isWhole ? view.cursor : -1
  }

  shown(): View[] {
    return [...this.views.values()].map((view) => view.shown(this.name))
  }

  /** Sends to a room, now or when it is connected again; not when too much waits. Answers the send. */
  send(room: string, filler: string): Send | undefined {
    if (this.unackedCount >= (this.#options.unackedMax ?? 48)) return undefined
    const order = this.sends.length
    const clientId = `${this.name}-${order}`
    const content = `${clientId} ${filler}`.trim()
    const send: Send = { room, author: this.userId, clientId, content, order, acks: [], refusals: [] }
    this.sends.push(send)
    this.#unacked.set(clientId, send)
    if (this.#isLive) this.#write(send)
    return send
  }

  /** Sends an acked message once more: it must get the same ack and no second message. */
  repeat(): void {
    const send = this.#someAcked()
    if (send && this.#isLive) this.#write(send)
  }

  /** Edits or deletes a message of ours. One change at a time, so that its outcome is known. */
  change(kind: Change["kind"]): void {
    if (this.#unackedChanges.size > 0 || !this.#isLive) return
    const send = this.#someAcked()
    if (!send) return
    const content = kind === "edit" ? `${send.clientId} edited ${this.#edits++}` : ""
    const target = send.acks[0]!.seq
    const change: Change = { room: send.room, kind, target, content, ackSeqs: [], refusals: [] }
    if (kind === "delete") this.#acked.splice(this.#acked.indexOf(send), 1)
    this.changes.push(change)
    this.#unackedChanges.add(change)
    void this.#settleChange(change)
  }

  #someAcked(): Send | undefined {
    return this.#acked[randomInt(this.#options.random, Math.max(1, this.#acked.length))]
  }

  #dial(): void {
    const { wsUrls, random } = this.#options
    const url = `${wsUrls[randomInt(random, wsUrls.length)]}/ws?user=${this.name}&subscribe=none`
    const socket = this.#options.dial?.(url) ?? (new WebSocket(url) as unknown as ClientSocket)
    this.#socket = socket
    const journal: ConnectionJournal = { client: this.name, marks: [] }
    socket.onmessage = ({ data }) => {
      if (this.#socket === socket) this.#hear(JSON.parse(String(data)) as Frame, journal)
    }
    socket.onclose = ({ code }) => {
      if (this.#socket !== socket) return
      this.closeCodes.push(code)
      this.#down()
      const { random } = this.#options
      void delay(systemClock, RETRY_MS + random.float() * RETRY_SPREAD_MS).then(() => {
        if (this.#isWanted && this.#socket === undefined) this.#dial()
      })
    }
  }

  #down(): void {
    this.#socket = undefined
    this.#journal = undefined
    this.#isLive = false
    for (const answer of [...this.#asked.values()]) answer(undefined)
    this.#asked.clear()
  }

  #hear(frame: Frame, journal: ConnectionJournal): void {
    const { ref } = frame as { ref?: string }
    if (frame.type === "hello") {
      this.userId = (frame.user as { id: string }).id
      if (this.connections.length > 0) this.reconnects++
      this.connections.push(journal)
      this.#journal = journal
      void this.#begin(this.#socket!)
    } else if (ref?.startsWith("m:")) this.#answered(ref.slice(2), frame)
    else if (ref !== undefined) {
      if (frame.type === "resumed" || "head" in frame) this.#cutOver(frame)
      this.#asked.get(ref)?.(frame)
      this.#asked.delete(ref)
    } else if (typeof frame.seq === "number") this.#entry(frame as DurableFrame)
  }

  /** Rooms first, then what is missing of them, then what was not acked, in its order. */
  async #begin(socket: ClientSocket): Promise<void> {
    const isHere = () => this.#socket === socket
    this.#isReplaying = true
    const unjoined = [...this.views.values()].filter((view) => view.cursor === 0)
    const joined = [...this.views.values()].filter((view) => view.cursor > 0)
    for (const { room, cursor } of this.views.values())
      this.#journal?.marks.push({ at: "since", room, seq: cursor })
    for (const { room } of unjoined) {
      const answer = await this.#ask({ type: "join", room_id: room, since: 0 })
      if (answer?.type !== "ack") return isHere() ? socket.terminate() : undefined
    }
    if (joined.length > 0) {
      const rooms = Object.fromEntries(joined.map((view) => [view.room, view.cursor]))
      const answer = await this.#ask({ type: "resume", rooms })
      if (answer?.type !== "resumed") return isHere() ? socket.terminate() : undefined
    }
    this.#isReplaying = false
    for (const view of this.views.values())
      while (view.hole) if (!(await this.#page(view))) return isHere() ? socket.terminate() : undefined
    if (!isHere()) return
    this.#isLive = true
    for (const send of this.#unacked.values()) {
      if (send.author === "") send.author = this.userId
      this.resent++
      this.#write(send)
    }
    for (const change of this.#unackedChanges) void this.#settleChange(change)
  }

  /** Where a room's live events begin, in the words of a join's ack or of `resumed`. */
  #cutOver(frame: Frame): void {
    type Cutover = { head: number; gap?: { from: number; to: number } }
    const rooms =
      frame.type === "resumed"
        ? (frame.rooms as Record<string, Cutover>)
        : "messages" in frame
          ? {}
          : { [frame.room_id as string]: frame as unknown as Cutover }
    for (const [room, { head, gap }] of Object.entries(rooms)) {
      if (gap) {
        this.gaps++
        this.#journal?.marks.push({ at: "gap", room, ...gap })
        this.views.get(room)?.gap(gap)
      } else this.#journal?.marks.push({ at: "live", room, head })
    }
  }

  /** Reads a hole and what is older again, so that the changes within the hole are known too. */
  async #page(view: RoomView): Promise<boolean> {
    const hole = view.hole!
    for (let after = view.fromSeq - 1; ; ) {
      const answer = await this.#ask({ type: "history", room_id: view.room, after, limit: PAGE })
      if (answer?.type !== "ack") return false
      const { messages, has_more, head } = answer as unknown as {
        messages: ToldMessage[]
        has_more: boolean
        head: number
      }
      this.paged += messages.length
      for (const message of messages) if (message.message_id <= hole.to) view.told(message, head)
      after = messages.at(-1)?.message_id ?? hole.to
      if (!has_more || after >= hole.to) break
    }
    view.hole = undefined
    return true
  }

  #entry(frame: DurableFrame): void {
    const view = this.views.get(frame.room_id)
    if (!view) return
    const target = frame.type === "edit" || frame.type === "delete" ? frame.message_id : undefined
    if (this.#options.journals !== false) {
      const identity = identityOf(frame.type, frame.user_id, frame.client_id, target)
      this.#journal?.marks.push({ at: "entry", room: frame.room_id, seq: frame.seq, identity })
    }
    if (this.#isReplaying) this.replayed++
    if (frame.seq <= view.cursor) return
    view.cursor = frame.seq
    if (frame.type === "message") view.told(frame, frame.seq)
    else if (target !== undefined)
      view.changed(target, frame.seq, frame.type === "edit" ? frame.content : undefined)
  }

  #write({ room, content, clientId }: Send): void {
    this.#socket?.send(
      JSON.stringify({ type: "message", room_id: room, content, client_id: clientId, ref: `m:${clientId}` }),
    )
  }

  #answered(clientId: string, frame: Frame): void {
    const found = this.sends[Number(clientId.slice(clientId.lastIndexOf("-") + 1))]!
    if (frame.type === "ack") {
      const isFirst = found.acks.length === 0
      found.acks.push({ seq: frame.seq as number, messageId: frame.message_id as number })
      this.#unacked.delete(clientId)
      if (!isFirst) return
      this.#acked.push(found)
      if (this.#acked.length > ACKED_KEPT_MAX) this.#acked.shift()
    } else {
      found.refusals.push(String(frame.code))
      const waitMs = (frame.retry_after_ms as number | undefined) ?? 200
      void delay(systemClock, waitMs).then(() => {
        if (this.#isLive && this.#unacked.has(clientId)) this.#write(found)
      })
    }
  }

  /** Tries until it is answered. A delete that finds nothing was done by the try before, whose answer was lost. */
  async #settleChange(change: Change): Promise<void> {
    const { kind, room, target, content } = change
    const answer = await this.#ask({
      type: kind,
      room_id: room,
      message_id: target,
      ...(kind === "edit" ? { content } : {}),
    })
    if (!answer) return
    if (answer.type === "ack") change.ackSeqs.push(answer.seq as number)
    else {
      change.refusals.push(String(answer.code))
      const isForLater = ["unavailable", "rate_limited", "internal", "conflict"].includes(String(answer.code))
      if (isForLater && this.#isLive)
        return void delay(systemClock, 200).then(() => this.#settleChange(change))
    }
    this.#unackedChanges.delete(change)
  }

  /** Resolves with the answer, or with undefined when the connection is lost or nothing comes. */
  #ask(frame: Frame): Promise<Frame | undefined> {
    const socket = this.#socket
    // A change may wait for its second try while the next connection is still being made.
    if (!socket || !this.#journal) return Promise.resolve(undefined)
    const ref = `a:${this.#refs++}`
    return new Promise((resolve) => {
      const cancel = systemClock.after(ANSWER_MAX_MS, () => {
        this.#asked.delete(ref)
        resolve(undefined)
      })
      this.#asked.set(ref, (answer) => {
        cancel()
        resolve(answer)
      })
      socket.send(JSON.stringify({ ...frame, ref }))
    })
  }
}
