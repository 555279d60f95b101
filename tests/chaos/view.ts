import type { SeenMessage, View } from "./journal.ts"

/** A message as an event or a page tells it. */
export interface ToldMessage {
  readonly message_id: number
  readonly user_id: string
  readonly client_id?: string
  readonly content: string
  readonly deleted_at?: string
}

interface Held extends SeenMessage {
  /** The seq this state is true to: an older change changes nothing. */
  stateSeq: number
  author: string
  clientId: string | undefined
  content: string
  isDeleted: boolean
}

/** What must be paged: everything from..to, and the changes it holds to what is older. */
export interface Hole {
  readonly from: number
  readonly to: number
}

/** On a gap, what is older than this many messages before it is let go rather than read again. */
const OLDER_MAX = 2_000

/** A room as a simple application keeps it: it applies what it is told and believes every word. */
export class RoomView {
  readonly room: string
  /** The newest seq it was told of, in order or not. */
  cursor = 0
  hole: Hole | undefined
  #fromSeq = 1
  readonly #messages = new Map<number, Held>()

  constructor(room: string) {
    this.room = room
  }

  /** Seqs to page from: below it nothing is kept. */
  get fromSeq(): number {
    return this.#fromSeq
  }

  get isWhole(): boolean {
    return this.hole === undefined
  }

  /** A message as an entry of the log, or as it stands at `stateSeq`. */
  told(message: ToldMessage, stateSeq: number): void {
    const held = this.#messages.get(message.message_id)
    if (held && held.stateSeq > stateSeq) {
      held.author = message.user_id
      held.clientId = message.client_id
      return
    }
    this.#messages.set(message.message_id, {
      stateSeq,
      author: message.user_id,
      clientId: message.client_id,
      content: message.content,
      isDeleted: message.deleted_at !== undefined,
    })
  }

  /** An edit (words) or a delete (none) of a message, known or still to be paged. */
  changed(target: number, seq: number, content: string | undefined): void {
    if (target < this.#fromSeq) return
    const held = this.#messages.get(target)
    if (held && seq <= held.stateSeq) return
    const isDeleted = content === undefined || held?.isDeleted === true
    this.#messages.set(target, {
      author: held?.author ?? "",
      clientId: held?.clientId,
      stateSeq: seq,
      content: isDeleted ? "" : content,
      isDeleted,
    })
  }

  /** The server will not replay from..to. */
  gap(hole: Hole): void {
    const from = Math.min(hole.from, this.hole?.from ?? hole.from)
    this.hole = { from, to: Math.max(hole.to, this.hole?.to ?? hole.to) }
    this.cursor = Math.max(this.cursor, hole.to)
    this.#fromSeq = Math.max(this.#fromSeq, from - OLDER_MAX)
    for (const seq of this.#messages.keys()) if (seq < this.#fromSeq) this.#messages.delete(seq)
  }

  shown(client: string): View {
    return {
      client,
      room: this.room,
      fromSeq: this.#fromSeq,
      head: this.hole ? -1 : this.cursor,
      messages: this.#messages,
    }
  }
}
