import type { HistoryPage, MessageEvent, MessageKind, RoomKind, SentAck, User } from "@klatch/protocol"
import type { Clock } from "./clock.ts"
import { closedError } from "./connection.ts"
import { contract, type Outgoing } from "./contract.ts"
import { KlatchError } from "./error.ts"
import type { Following } from "./following.ts"
import type { KeptLetter, Letters } from "./letters.ts"
import { fitsNewer, fitsOlder } from "./log.ts"
import type { TimelineMessage } from "./message.ts"
import type { Outbox } from "./outbox.ts"
import { patiently } from "./patience.ts"
import type { Random } from "./random.ts"
import type { Readable } from "./readable.ts"
import { type Requests, tooLarge } from "./requests.ts"
import type { RoomInfo } from "./room-info.ts"
import type { TimelineState } from "./timeline.ts"

/** A message on its way. */
export interface PendingMessage {
  readonly clientId: string
  /**
   * Resolves once the message is durable; rejects with a `KlatchError` when it failed, or the client was closed. While
   * we are not let in it waits. May be ignored.
   */
  readonly settled: Promise<SentAck>
}

/** A room's messages: always in order, whole as far as they are loaded, ours among them from the moment of sending. */
export interface Messages extends Readable<TimelineState> {
  /** Shows the message at once and sends it until it is acked, in order, once. Never throws. */
  send(content: string, options?: { replyTo?: number; clientId?: string }): PendingMessage
  /** Sends a failed message again, under the same client id. Anything else: nothing happens. */
  retry(clientId: string): void
  /** Forgets a failed message. Anything else: nothing happens. */
  discard(clientId: string): void
  /** Rejects when refused, when not connected, or without an answer in time. */
  edit(messageId: number, content: string): Promise<void>
  /** Rejects when refused, when not connected, or without an answer in time. */
  delete(messageId: number): Promise<void>
  /** Everything up to and including this message was read. Call it as often as you like; it never moves back. */
  markRead(messageId: number): void
  /** Loads one page of older messages; calls at the same time are one call. Rejects when it could not. */
  loadOlder(): Promise<void>
  /** The same towards the newest, where those were let go while someone read far back. */
  loadNewer(): Promise<void>
  /** Goes back to the newest page, if the newest were let go. Rejects when the room is closed or refused meanwhile. */
  toNewest(): Promise<void>
}

export interface MessagesOptions {
  /** The room, as it was asked for. */
  readonly ref: string
  readonly clock: Clock
  readonly random: Random
  readonly newId: () => string
  readonly requests: Requests
  readonly outbox: Outbox
  readonly letters: Letters
  readonly following: Following
  readonly self: () => User | null
  readonly info: () => RoomInfo | null
  /** We sent what we typed. */
  readonly onSent: () => void
  /** We read up to and including this message. */
  readonly onRead: (messageId: number) => void
}

/** How often a page is asked for again that turned out older than what we know. */
const pageTriesMax = 3

/** The messages of a followed room. */
export class RoomMessages implements Messages {
  readonly #options: MessagesOptions
  readonly #sending = new Map<string, PendingMessage>()
  #older: Promise<void> | null = null
  #newer: Promise<void> | null = null

  constructor(options: MessagesOptions) {
    this.#options = options
  }

  get = (): TimelineState => this.#options.following.shown.get()

  subscribe = (fn: () => void): (() => void) => this.#options.following.shown.subscribe(fn)

  send(content: string, options: { replyTo?: number; clientId?: string } = {}): PendingMessage {
    const clientId = options.clientId ?? this.#options.newId()
    const known = this.#sending.get(clientId)
    if (known) return known
    if (this.#pending(clientId)?.delivery === "failed") return this.#retry(clientId)
    const text = content.trim()
    if (text === "") {
      const settled = Promise.reject(new KlatchError("invalid_field", "A message needs content."))
      settled.catch(() => {})
      return { clientId, settled }
    }
    const sentAt = new Date(this.#options.clock.now()).toISOString()
    const { replyTo } = options
    const letter = { room: this.#options.ref, clientId, content: text, sentAt, ...(replyTo && { replyTo }) }
    this.#options.following.apply({ type: "sent", message: this.#draft(letter) })
    this.#options.onSent()
    return this.#post(letter)
  }

  retry(clientId: string): void {
    if (this.#pending(clientId)?.delivery === "failed") this.#retry(clientId)
  }

  discard(clientId: string): void {
    if (this.#pending(clientId)?.delivery !== "failed") return
    this.#options.following.apply({ type: "discarded", clientId })
    this.#options.letters.drop({ room: this.#options.ref, clientId })
  }

  async edit(messageId: number, content: string): Promise<void> {
    const text = content.trim()
    await this.#ask({ type: "edit", ...this.#address(), message_id: messageId, content: text })
  }

  async delete(messageId: number): Promise<void> {
    await this.#ask({ type: "delete", ...this.#address(), message_id: messageId })
  }

  markRead(messageId: number): void {
    this.#options.onRead(messageId)
  }

  loadOlder(): Promise<void> {
    this.#older ??= this.#load("older").finally(() => {
      this.#older = null
    })
    return this.#older
  }

  loadNewer(): Promise<void> {
    this.#newer ??= this.#load("newer").finally(() => {
      this.#newer = null
    })
    return this.#newer
  }

  toNewest(): Promise<void> {
    return this.#options.following.toNewest()
  }

  /**
   * A message kept from before: shown, and sent on unless it had failed, before all that was sent since. Several are
   * restored the oldest first. One we know already changes nothing, unless it failed as we were closed.
   */
  restore(letter: KeptLetter): void {
    const { clientId, failure } = letter
    const { following } = this.#options
    const known = this.#pending(clientId)
    if (this.#sending.has(clientId) || (known && known.error?.code !== "closed")) return
    following.apply({ type: "discarded", clientId })
    following.apply({ type: "restored", message: this.#draft(letter) })
    if (failure) {
      const error = new KlatchError(failure.code, failure.message)
      following.apply({ type: "failed", clientId, error })
    } else this.#post(letter, "in order")
  }

  /** Shows nothing any more. What was on its way is kept, for whoever wrote it. */
  forget(): void {
    const { following } = this.#options
    for (const { client_id: clientId = "" } of following.timeline.pending) {
      following.apply({ type: "failed", clientId, error: closedError() })
      following.apply({ type: "discarded", clientId })
    }
    following.forget()
  }

  /** Our own message, seen in the log: as good as its ack. */
  heard(event: MessageEvent): void {
    const { outbox, ref, self } = this.#options
    if (event.client_id && event.user_id === self()?.id)
      outbox.settle(ref, event.client_id, { ...event, type: "ack" })
  }

  #post(letter: KeptLetter, place?: "in order"): PendingMessage {
    const { clientId, content, replyTo } = letter
    const { following, letters, outbox, ref } = this.#options
    const frame = () => ({
      type: "message" as const,
      ...this.#address(),
      content,
      client_id: clientId,
      reply_to: replyTo,
    })
    let settled: Promise<SentAck>
    if (content.length > contract.contentCharsMax) settled = Promise.reject(tooLarge())
    else {
      const order = letters.keep({ ...letter, by: this.#options.self()?.id })
      settled = outbox.add({ lane: ref, clientId, frame, order: place && order })
    }
    const pending = { clientId, settled }
    this.#sending.set(clientId, pending)
    settled.then(
      (ack) => {
        this.#sending.delete(clientId)
        following.apply({ type: "acked", clientId, ack })
        letters.drop(letter)
      },
      (error: KlatchError) => {
        this.#sending.delete(clientId)
        following.apply({ type: "failed", clientId, error })
        // Ended by us, it goes on the next time; refused by the server, it waits for a person.
        if (error.code !== "closed") letters.failed(letter, error)
      },
    )
    return pending
  }

  #draft({ clientId, content, sentAt, replyTo }: KeptLetter): TimelineMessage {
    const info = this.#options.info()
    const self = this.#options.self()
    return {
      seq: null,
      message_id: null,
      ...this.#address(),
      room: info?.name ?? this.#options.ref,
      kind: messageKind(info?.kind),
      user_id: self?.id ?? "",
      from: self?.username ?? "",
      content,
      client_id: clientId,
      timestamp: sentAt,
      ...(replyTo === undefined ? {} : { reply_to: replyTo }),
      delivery: "sending",
    }
  }

  /** Loads the page next to what is held. One that came too late to fit is asked for again. */
  async #load(side: "older" | "newer"): Promise<void> {
    const { following, self } = this.#options
    for (let tries = 0; tries < pageTriesMax; tries++) {
      const { log } = following.timeline
      const isOlder = side === "older"
      const id = (isOlder ? log.messages[0] : log.messages.at(-1))?.message_id
      if (!(isOlder ? log.hasOlder : log.hasNewer) || !id) return
      const at = { id, epoch: log.epoch }
      const frame = {
        type: "history",
        ...this.#address(),
        [isOlder ? "before" : "after"]: id,
        limit: contract.pageDefault,
      } as const
      const page = await this.#ask<HistoryPage>(frame)
      const now = following.timeline.log
      const fits = (isOlder ? fitsOlder : fitsNewer)(now, page, at)
      following.apply({ type: side, page, at, selfId: self()?.id ?? null })
      if (fits || now.epoch !== log.epoch) return
    }
    throw new KlatchError("unavailable", "The page is too old.")
  }

  #ask<A>(frame: Outgoing): Promise<A> {
    const { clock, random, requests } = this.#options
    return patiently(clock, random, () => requests.send<A>(frame))
  }

  #retry(clientId: string): PendingMessage {
    const { content, timestamp, reply_to } = this.#pending(clientId)!
    this.#options.following.apply({ type: "retried", clientId })
    const letter = { room: this.#options.ref, clientId, content, sentAt: timestamp }
    return this.#post({ ...letter, ...(reply_to && { replyTo: reply_to }) })
  }

  #pending(clientId: string): TimelineMessage | undefined {
    return this.#options.following.timeline.pending.find((message) => message.client_id === clientId)
  }

  #address(): { readonly room_id: string } {
    return { room_id: this.#options.following.id ?? this.#options.ref }
  }
}

/** Nobody opens the broadcast room to write there. */
const messageKind = (kind: RoomKind | undefined): MessageKind =>
  kind === "direct" ? "dm" : kind === "group" ? kind : "room"
