import type {
  DurableEvent,
  EventOf,
  HistoryPage,
  JoinAck,
  MessageEvent,
  MessageKind,
  RoomKind,
  User,
} from "@klatch/protocol"
import type { Clock } from "./clock.ts"
import { contract, type Outgoing } from "./contract.ts"
import { KlatchError } from "./error.ts"
import { Following } from "./following.ts"
import { fitsOlder, messagesMax } from "./log.ts"
import type { TimelineMessage } from "./message.ts"
import type { Outbox } from "./outbox.ts"
import { patiently } from "./patience.ts"
import type { Random } from "./random.ts"
import { Cell, type Readable } from "./readable.ts"
import type { Requests } from "./requests.ts"
import type { PendingMessage, Room, RoomInfo } from "./room.ts"
import type { TimelineState } from "./timeline.ts"
import { Typing, type TypingUser } from "./typing.ts"

export interface RoomOptions {
  readonly ref: string
  readonly clock: Clock
  readonly random: Random
  readonly newId: () => string
  readonly requests: Requests
  readonly outbox: Outbox
  readonly isConnected: () => boolean
  readonly self: () => User | null
  /** Writes a frame that is not answered; false when there is no connection. */
  readonly write: (frame: Outgoing) => boolean
  /** What the server knows of the room; rejects when it does not say. */
  readonly describe: (id: string) => Promise<RoomInfo>
  readonly onJoined: (room: FollowedRoom, id: string) => void
  /** Tells the server that we leave, unless the room is still followed under another name. */
  readonly onLeft: (room: FollowedRoom) => void
}

/** How often a page is asked for again that turned out older than what we know. */
const olderTriesMax = 3

/** A room as the client holds it. */
export class FollowedRoom implements Room {
  readonly ref: string
  readonly following: Following
  readonly #options: RoomOptions
  readonly #info = new Cell<RoomInfo | null>(null)
  readonly #typing: Typing
  readonly #sending = new Map<string, PendingMessage>()
  #older: Promise<void> | null = null

  constructor(options: RoomOptions) {
    const { clock, random, requests, isConnected } = options
    this.#options = options
    this.ref = options.ref
    this.following = new Following({
      ref: options.ref,
      clock,
      random,
      requests,
      isConnected,
      selfId: () => this.#selfId(),
      onJoined: (ack) => this.#joined(ack),
      onLive: () => options.outbox.flush(),
    })
    this.#typing = new Typing(clock, (active) => this.#tellTyping(active))
  }

  get info(): Readable<RoomInfo | null> {
    return this.#info
  }

  get timeline(): Readable<TimelineState> {
    return this.following.shown
  }

  get typing(): Readable<readonly TypingUser[]> {
    return this.#typing.users
  }

  open(): Promise<void> {
    return this.following.open()
  }

  close(): void {
    if (!this.following.isWanted) return
    this.following.close()
    this.#typing.clear()
    this.#options.onLeft(this)
    // What waits to be sent no longer waits for the room to be in touch.
    this.#options.outbox.flush()
  }

  send(content: string, options: { replyTo?: number; clientId?: string } = {}): PendingMessage {
    const clientId = options.clientId ?? this.#options.newId()
    const known = this.#sending.get(clientId)
    if (known) return known
    const text = content.trim()
    if (text === "") return unsent(clientId, new KlatchError("invalid_field", "A message needs content."))
    this.following.apply({ type: "sent", message: this.#draft(clientId, text, options.replyTo) })
    this.#typing.sent()
    return this.#post(clientId, text, options.replyTo)
  }

  retry(clientId: string): void {
    const failed = this.#failed(clientId)
    if (!failed) return
    this.following.apply({ type: "retried", clientId })
    this.#post(clientId, failed.content, failed.reply_to)
  }

  discard(clientId: string): void {
    this.following.apply({ type: "discarded", clientId })
  }

  async edit(messageId: number, content: string): Promise<void> {
    const text = content.trim()
    await this.#ask({ type: "edit", ...this.#address(), message_id: messageId, content: text })
  }

  async delete(messageId: number): Promise<void> {
    await this.#ask({ type: "delete", ...this.#address(), message_id: messageId })
  }

  setTyping(active: boolean): void {
    this.#typing.set(active)
  }

  loadOlder(): Promise<void> {
    this.#older ??= this.#loadOlder().finally(() => {
      this.#older = null
    })
    return this.#older
  }

  /** What the server knows of the room, learnt elsewhere. */
  describe(info: RoomInfo): void {
    this.#info.set({ ...this.#info.get(), ...info })
  }

  /** An event of this room. */
  hear(event: DurableEvent | EventOf<"typing">): void {
    if (event.type === "message") this.#settle(event)
    if (!this.following.isWanted) return
    if (event.type === "typing") {
      if (event.user_id !== this.#selfId()) this.#typing.heard(event, event.active)
      return
    }
    if (event.type === "message") this.#typing.cleared(event.user_id)
    const info = this.#info.get()
    if (event.type === "room" && info) this.#info.set({ ...info, name: event.name, topic: event.topic })
    this.following.apply({ type: "event", event, selfId: this.#selfId() })
  }

  /** The connection is gone. */
  down(): void {
    this.#typing.clear()
    this.following.down()
  }

  #joined(ack: JoinAck): void {
    const { room_id: id, room: name, role, head } = ack
    const slug = this.ref === id ? null : this.ref
    this.#info.set({ slug, ...this.#info.get(), id, name, role, head })
    this.#options.onJoined(this, id)
    // Only for show; without it the room works as well.
    this.#options.describe(id).then(
      (info) => this.describe(info),
      () => {},
    )
  }

  #post(clientId: string, content: string, replyTo: number | undefined): PendingMessage {
    const frame = () => ({
      type: "message" as const,
      ...this.#address(),
      content,
      client_id: clientId,
      ...(replyTo === undefined ? {} : { reply_to: replyTo }),
    })
    const settled =
      content.length > contract.contentCharsMax
        ? Promise.reject(
            new KlatchError("too_large", `A message has at most ${contract.contentCharsMax} characters.`),
          )
        : this.#options.outbox.add({ lane: this.ref, clientId, frame })
    const pending = { clientId, settled }
    this.#sending.set(clientId, pending)
    settled.then(
      (ack) => {
        this.#sending.delete(clientId)
        this.following.apply({ type: "acked", clientId, ack })
      },
      (error: KlatchError) => {
        this.#sending.delete(clientId)
        this.following.apply({ type: "failed", clientId, error })
      },
    )
    return pending
  }

  /** Our own message, seen in the log: as good as its ack. */
  #settle(event: MessageEvent): void {
    const { room_id, seq, message_id, timestamp, client_id } = event
    if (client_id === undefined || event.user_id !== this.#selfId()) return
    const ack = { type: "ack", room_id, seq, message_id, client_id, timestamp } as const
    this.#options.outbox.settle(this.ref, client_id, ack)
  }

  #draft(clientId: string, content: string, replyTo: number | undefined): TimelineMessage {
    const info = this.#info.get()
    const self = this.#options.self()
    return {
      seq: null,
      message_id: null,
      room_id: this.following.id ?? this.ref,
      room: info?.name ?? this.ref,
      kind: messageKind(info?.kind),
      user_id: self?.id ?? "",
      from: self?.username ?? "",
      content,
      client_id: clientId,
      timestamp: new Date(this.#options.clock.now()).toISOString(),
      ...(replyTo === undefined ? {} : { reply_to: replyTo }),
      delivery: "sending",
    }
  }

  async #loadOlder(): Promise<void> {
    for (let tries = 0; tries < olderTriesMax; tries++) {
      const { log } = this.following.timeline
      const oldest = log.messages[0]?.message_id
      if (!log.hasOlder || typeof oldest !== "number") return
      if (log.messages.length >= messagesMax)
        throw new KlatchError("too_large", `A room holds at most ${messagesMax} messages.`)
      const frame = {
        type: "history",
        ...this.#address(),
        before: oldest,
        limit: contract.pageDefault,
      } as const
      const page = await this.#ask<HistoryPage>(frame)
      const fits = fitsOlder(this.following.timeline.log, page)
      this.following.apply({ type: "older", page, epoch: log.epoch, selfId: this.#selfId() })
      if (fits || this.following.timeline.log.epoch !== log.epoch) return
    }
    throw new KlatchError("unavailable", "The server's pages are older than its events.")
  }

  #ask<A>(frame: Outgoing): Promise<A> {
    const { clock, random, requests } = this.#options
    return patiently(clock, random, () => requests.send<A>(frame))
  }

  #tellTyping(active: boolean): boolean {
    return this.following.isLive && this.#options.write({ type: "typing", ...this.#address(), active })
  }

  #failed(clientId: string): TimelineMessage | undefined {
    const { pending } = this.following.timeline
    return pending.find((message) => message.client_id === clientId && message.delivery === "failed")
  }

  #address(): { readonly room_id: string } {
    return { room_id: this.following.id ?? this.ref }
  }

  #selfId(): string | null {
    return this.#options.self()?.id ?? null
  }
}

function messageKind(kind: RoomKind | undefined): MessageKind {
  if (kind === "direct") return "dm"
  return kind === "group" || kind === "broadcast" ? kind : "room"
}

function unsent(clientId: string, error: KlatchError): PendingMessage {
  const settled = Promise.reject(error)
  settled.catch(() => {})
  return { clientId, settled }
}
