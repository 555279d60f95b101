import type { DurableEvent, HistoryPage, MessageEvent, SentAck, User } from "@klatch/protocol"

/** A room's log as a server keeps it: entries by seq, messages in their current state, client ids for ever. */
export class FakeRoom {
  readonly id: string
  readonly slug: string
  readonly entries: DurableEvent[] = []
  readonly messages = new Map<number, MessageEvent>()
  readonly #acks = new Map<string, SentAck>()

  constructor(id: string, slug: string) {
    this.id = id
    this.slug = slug
  }

  get head(): number {
    return this.entries.length
  }

  /** What is there now, oldest first. */
  get current(): MessageEvent[] {
    return [...this.messages.values()]
  }

  /** Stores a message; one with a client id that is known gets its old answer. */
  post(author: User, content: string, clientId?: string): { ack: SentAck; event: MessageEvent | null } {
    const key = `${author.id} ${clientId}`
    const known = clientId === undefined ? undefined : this.#acks.get(key)
    if (known) return { ack: known, event: null }
    const seq = this.head + 1
    const event: MessageEvent = {
      type: "message",
      ...this.#entry(author, seq),
      message_id: seq,
      room: this.slug,
      kind: "room",
      content,
      ...(clientId === undefined ? {} : { client_id: clientId }),
    }
    this.entries.push(event)
    this.messages.set(seq, event)
    const ack: SentAck = { type: "ack", room_id: this.id, seq, message_id: seq, timestamp: event.timestamp }
    if (clientId !== undefined) this.#acks.set(key, { ...ack, client_id: clientId })
    return { ack: this.#acks.get(key) ?? ack, event }
  }

  /** Null when there is no such message, or it is deleted. */
  edit(author: User, messageId: number, content: string): DurableEvent | null {
    return this.#change(messageId, (message, seq) => {
      const entry = this.#entry(author, seq)
      this.messages.set(messageId, { ...message, content, edited_at: entry.timestamp })
      return { type: "edit", ...entry, message_id: messageId, content }
    })
  }

  /** Null when there is no such message, or it is deleted. */
  delete(author: User, messageId: number): DurableEvent | null {
    return this.#change(messageId, (message, seq) => {
      const entry = this.#entry(author, seq)
      this.messages.set(messageId, { ...message, content: "", deleted_at: entry.timestamp })
      return { type: "delete", ...entry, message_id: messageId }
    })
  }

  /** An entry that is no message: it takes a seq and shows nothing. */
  react(author: User, messageId: number): DurableEvent {
    const entry = this.#entry(author, this.head + 1)
    const event: DurableEvent = {
      type: "reaction",
      ...entry,
      message_id: messageId,
      emoji: "+1",
      active: true,
    }
    this.entries.push(event)
    return event
  }

  /** The entries after `seq` as they are told now: messages and edits in their newest state. */
  replay(seq: number): DurableEvent[] {
    return this.entries.slice(seq).map((entry) => {
      if (entry.type === "message") return this.messages.get(entry.seq)!
      if (entry.type === "edit") return { ...entry, content: this.messages.get(entry.message_id)!.content }
      return entry
    })
  }

  history(limit: number, before = Number.POSITIVE_INFINITY): HistoryPage {
    const matching = this.current.filter((message) => message.message_id < before)
    return { messages: matching.slice(-limit), has_more: matching.length > limit, head: this.head }
  }

  /** The log goes back to what it was at `seq`, as after a restore. */
  restore(seq: number): void {
    this.entries.length = seq
    for (const id of this.messages.keys()) if (id > seq) this.messages.delete(id)
  }

  #change(
    messageId: number,
    change: (message: MessageEvent, seq: number) => DurableEvent,
  ): DurableEvent | null {
    const message = this.messages.get(messageId)
    if (!message || message.deleted_at) return null
    const event = change(message, this.head + 1)
    this.entries.push(event)
    return event
  }

  #entry(author: User, seq: number) {
    return {
      seq,
      room_id: this.id,
      user_id: author.id,
      from: author.username,
      timestamp: new Date(Date.UTC(2030, 0, 1) + seq).toISOString(),
    }
  }
}
