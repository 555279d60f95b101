import type {
  DurableEvent,
  HistoryPage,
  MessageEvent,
  MessageKind,
  Role,
  Room,
  RoomKind,
  SentAck,
  User,
} from "@klatch/protocol"
import { Bans } from "./bans.ts"
import { type Member, Memberships } from "./memberships.ts"
import type { RoomFacts, Standing } from "./policy.ts"

/** What a room may be besides its id and slug. */
export interface MemoryRoomOptions {
  readonly kind?: RoomKind
  readonly name?: string
  readonly topic?: string
  /** The role of everyone, who then belong to it without an entry, as to the broadcast room. */
  readonly everyoneIs?: Role
  /** The time of its entries, in ms since the Unix epoch. */
  readonly now?: () => number
}

const messageKinds: Readonly<Record<RoomKind, MessageKind>> = {
  public: "room",
  private: "room",
  inbox: "room",
  group: "group",
  direct: "dm",
  broadcast: "broadcast",
}

/** A room's log as the server keeps it: entries by seq, messages in their current state, client ids for ever. */
export class MemoryRoom {
  readonly id: string
  /** Null for rooms without a name in addresses. */
  readonly slug: string | null
  readonly kind: RoomKind
  name: string
  topic: string
  /** It can be read; nothing is posted, and nobody new comes in. */
  archived = false
  /** Told, and not enforced. */
  slowModeS = 0
  rights: Room["rights"] = {}
  readonly bans: Bans
  /** Every entry, as it was told live. */
  readonly entries: DurableEvent[] = []
  /** By the seq of their birth, as they are now. */
  readonly messages = new Map<number, MessageEvent>()
  readonly #members: Memberships
  readonly #acks = new Map<string, SentAck>()
  readonly #everyoneIs: Role | null
  readonly #now: () => number
  readonly #createdAt: string

  constructor(id: string, slug: string | null, options: MemoryRoomOptions = {}) {
    this.id = id
    this.slug = slug
    this.kind = options.kind ?? "public"
    this.name = options.name ?? slug ?? this.kind
    this.topic = options.topic ?? ""
    this.#everyoneIs = options.everyoneIs ?? null
    this.#now = options.now ?? (() => Date.UTC(2030, 0, 1))
    this.bans = new Bans(this.#now)
    this.#members = new Memberships(this.#now)
    this.#createdAt = this.#time()
  }

  /** The newest seq. */
  get head(): number {
    return this.entries.length
  }

  /** What messages call the room: its slug, or its name where it has none. */
  get label(): string {
    return this.slug ?? this.name
  }

  /** The messages as they are now, oldest first. */
  get current(): MessageEvent[] {
    return [...this.messages.values()]
  }

  /** In the order of their ids. */
  get members(): readonly Member[] {
    return this.#members.all
  }

  get owners(): readonly User[] {
    return this.#members.owners
  }

  /** Whoever owns it when its owner goes. */
  get heir(): User | undefined {
    return this.#members.heir
  }

  role(userId: string): Role | null {
    return this.#members.role(userId) ?? this.#everyoneIs
  }

  /** The room, as far as it decides. */
  get facts(): RoomFacts {
    const { kind, archived, rights } = this
    return { kind, archived, rights }
  }

  /** Where someone stands here. */
  standing(userId: string): Standing {
    const isMuted = this.#members.mutedUntil(userId) !== null
    const wasReader = this.#members.wasReader(userId)
    return { role: this.role(userId), isMuted, isBanned: this.bans.has(userId), wasReader }
  }

  /** The room as `GET /rooms/:id` tells it to someone. */
  describe(userId: string): Room {
    const { id, kind, name, slug, topic, head } = this
    return {
      id,
      kind,
      name,
      slug,
      topic,
      head,
      created_at: this.#createdAt,
      ...this.#settings(),
      role: this.role(userId),
    }
  }

  /** Stores a message; one with a client id that is known gets its old answer, and no event. */
  post(
    author: User,
    content: string,
    clientId?: string,
    more: { replyTo?: number | undefined; threadId?: number | undefined } = {},
  ): { ack: SentAck; event: MessageEvent | null } {
    const key = `${author.id} ${clientId}`
    const known = clientId === undefined ? undefined : this.#acks.get(key)
    if (known) return { ack: known, event: null }
    const entry = this.#entry(author)
    const { seq, timestamp } = entry
    const to = this.#recipient(author)
    const event: MessageEvent = {
      type: "message",
      ...entry,
      message_id: seq,
      room: this.label,
      kind: messageKinds[this.kind],
      ...(to === undefined ? {} : { to }),
      content,
      ...(clientId === undefined ? {} : { client_id: clientId }),
      ...(more.replyTo === undefined ? {} : { reply_to: more.replyTo }),
      ...(more.threadId === undefined ? {} : { thread_id: more.threadId }),
    }
    this.entries.push(event)
    this.messages.set(seq, event)
    const named = clientId === undefined ? {} : { client_id: clientId }
    const ack: SentAck = { type: "ack", room_id: this.id, seq, message_id: seq, ...named, timestamp }
    if (clientId !== undefined) this.#acks.set(key, ack)
    return { ack, event }
  }

  /** Null when there is no such message, or it is deleted. Whose it is, the caller has asked. */
  edit(author: User, messageId: number, content: string): DurableEvent | null {
    return this.#change(messageId, (message) => {
      const entry = this.#entry(author)
      this.messages.set(messageId, { ...message, content, edited_at: entry.timestamp })
      return { type: "edit", ...entry, message_id: messageId, content }
    })
  }

  /** Null when there is no such message, or it is deleted. Whose it is, the caller has asked. */
  delete(author: User, messageId: number): DurableEvent | null {
    return this.#change(messageId, (message) => {
      const entry = this.#entry(author)
      const { edited_at: _edited, ...rest } = message
      this.messages.set(messageId, { ...rest, content: "", deleted_at: entry.timestamp })
      return { type: "delete", ...entry, message_id: messageId }
    })
  }

  /** An entry that is no message: it takes a seq and changes no text. */
  react(author: User, messageId: number): DurableEvent {
    const more = { message_id: messageId, emoji: "+1", active: true }
    return this.#append({ type: "reaction", ...this.#entry(author), ...more })
  }

  /** Null for someone who is a member already. What is there up to `readSeq` counts as read. */
  admit(user: User, role: Role, readSeq = this.head, by?: User): DurableEvent | null {
    if (this.role(user.id) !== null) return null
    const given = this.#members.add(user, role, readSeq)
    return this.#append({ type: "join", ...this.#entry(user), role: given, ...byOther(user, by) })
  }

  /** Null for someone who is no member. */
  dismiss(user: User, by?: User): DurableEvent | null {
    if (!this.#members.remove(user.id)) return null
    return this.#append({ type: "leave", ...this.#entry(user), ...byOther(user, by) })
  }

  /** Where someone stands has changed, or is told again after a ban. */
  place(
    user: User,
    change: { readonly role?: Role; readonly mutedUntilMs?: number },
    by?: User,
  ): DurableEvent {
    this.#members.change(user.id, change)
    const { role, isBanned: banned } = this.standing(user.id)
    const muted_until = this.#members.mutedUntil(user.id)
    const entry = this.#entry(user)
    return this.#append({ type: "member", ...entry, role, muted_until, banned, ...byOther(user, by) })
  }

  /** Name, topic or settings change. */
  change(by: User, input: Partial<Pick<MemoryRoom, "name" | "topic" | "archived" | "slowModeS" | "rights">>) {
    Object.assign(this, input)
    const { name, topic } = this
    return this.#append({ type: "room", ...this.#entry(by), name, topic, ...this.#settings() })
  }

  /** An inbox tells of another room; `since`: its events after this seq are the user's. */
  tell(type: "room_added" | "room_removed", about: MemoryRoom, since: number): DurableEvent {
    const entry = { seq: this.head + 1, room_id: this.id, timestamp: this.#time() }
    const { id, kind, name, slug } = about
    return this.#append(
      type === "room_added"
        ? { type, ...entry, room: { id, kind, name, slug }, since }
        : { type, ...entry, room: { id } },
    )
  }

  /** The entries after `seq` as they are told now: messages and edits in their newest state. */
  replay(seq: number): DurableEvent[] {
    return this.entries.slice(seq).map((entry) => {
      if (entry.type === "message") return this.messages.get(entry.seq)!
      if (entry.type === "edit") return { ...entry, content: this.messages.get(entry.message_id)!.content }
      return entry
    })
  }

  /** The newest before `before`, or the oldest after `after`; oldest first. */
  history(limit: number, before = Number.POSITIVE_INFINITY, after?: number): HistoryPage {
    const matching = this.current.filter(({ message_id: id }) => id < before && id > (after ?? 0))
    const messages = after === undefined ? matching.slice(-limit) : matching.slice(0, limit)
    return { messages, has_more: matching.length > limit, head: this.head }
  }

  /** The log goes back to what it was at `seq`, as after a restore. */
  restore(seq: number): void {
    this.entries.length = seq
    for (const id of this.messages.keys()) if (id > seq) this.messages.delete(id)
  }

  /** Where a member has read to, and how much came after. */
  readState(userId: string): { readonly readSeq: number; readonly unread: number } {
    const readSeq = this.#members.readSeq(userId) ?? this.head
    return { readSeq, unread: this.current.filter(({ message_id: id }) => id > readSeq).length }
  }

  /** Moves a member's mark forward, at most to the head; answers where it stands then, null when it did not move. */
  markRead(userId: string, messageId: number): number | null {
    return this.#members.markRead(userId, Math.min(messageId, this.head))
  }

  #settings() {
    return { archived: this.archived, slow_mode_s: this.slowModeS, rights: this.rights }
  }

  #change(messageId: number, change: (message: MessageEvent) => DurableEvent): DurableEvent | null {
    const message = this.messages.get(messageId)
    return !message || message.deleted_at ? null : this.#append(change(message))
  }

  #append<T extends DurableEvent>(event: T): T {
    this.entries.push(event)
    return event
  }

  #entry(author: User) {
    const { id: user_id, username: from } = author
    return { seq: this.head + 1, room_id: this.id, user_id, from, timestamp: this.#time() }
  }

  /** A direct room's name is its two users', comma-separated; whoever did not write is the recipient. */
  #recipient({ username }: User): string | undefined {
    if (this.kind === "group") return this.label
    if (this.kind !== "direct") return undefined
    const [one, other] = this.label.split(",")
    return one === username ? (other ?? one) : one
  }

  #time(): string {
    return new Date(this.#now()).toISOString()
  }
}

/** Who did it to them, if not they themselves. */
const byOther = (user: User, by: User | undefined) =>
  by === undefined || by.id === user.id ? {} : { by: { id: by.id, username: by.username } }
