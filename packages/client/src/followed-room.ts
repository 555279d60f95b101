import type { DurableEvent, EventOf, HistoryPage, JoinAck, User } from "@klatch/protocol"
import type { Clock } from "./clock.ts"
import type { Outgoing } from "./contract.ts"
import { Following } from "./following.ts"
import type { Http } from "./http.ts"
import type { Letters } from "./letters.ts"
import { RoomMembers } from "./members.ts"
import { RoomMessages } from "./messages.ts"
import type { Outbox } from "./outbox.ts"
import type { Random } from "./random.ts"
import { Cell, type Readable } from "./readable.ts"
import type { Requests } from "./requests.ts"
import type { Room } from "./room.ts"
import type { RoomInfo } from "./room-info.ts"
import { RoomTyping } from "./typing.ts"

export interface RoomOptions {
  readonly ref: string
  readonly clock: Clock
  readonly random: Random
  readonly newId: () => string
  readonly requests: Requests
  readonly http: Http
  readonly outbox: Outbox
  readonly letters: Letters
  readonly isConnected: () => boolean
  readonly self: () => User | null
  /** Writes a frame that is not answered; false when there is no connection. */
  readonly write: (frame: Outgoing) => boolean
  readonly onJoined: (room: FollowedRoom, id: string) => void
  readonly onRead: (roomId: string, messageId: number) => void
  /** The messages changed. */
  readonly onChange: (room: FollowedRoom) => void
  /** Tells the server that we leave, unless the room is still followed under another name. */
  readonly onLeft: (room: FollowedRoom) => void
}

/** A room as the client holds it. */
export class FollowedRoom implements Room {
  readonly ref: string
  readonly following: Following
  readonly messages: RoomMessages
  readonly typing: RoomTyping
  readonly members: RoomMembers
  readonly #options: RoomOptions
  readonly #info = new Cell<RoomInfo | null>(null)

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
      ended: () => options.outbox.ended,
      selfId: () => this.#selfId(),
      onJoined: (ack) => this.#joined(ack),
      onLive: () => options.outbox.flush(),
    })
    this.typing = new RoomTyping(clock, (active) => this.#tellTyping(active))
    this.messages = new RoomMessages({
      ...options,
      following: this.following,
      info: () => this.#info.get(),
      onSent: () => this.typing.sent(),
      onRead: (messageId) => {
        if (this.following.id !== null) options.onRead(this.following.id, messageId)
      },
    })
    this.messages.subscribe(() => options.onChange(this))
    this.members = new RoomMembers(options.http, () => this.#path())
  }

  get info(): Readable<RoomInfo | null> {
    return this.#info
  }

  open(): Promise<void> {
    return this.following.open()
  }

  close(): void {
    if (!this.following.isWanted) return
    this.following.close()
    this.typing.clear()
    this.#options.onLeft(this)
    // What waits to be sent no longer waits for the room to be in touch.
    this.#options.outbox.flush()
  }

  /** What the server knows of the room, learnt elsewhere. */
  describe(info: RoomInfo): void {
    this.#info.set({ ...this.#info.get(), ...info })
  }

  /** What was kept of the room; once it was joined it changes nothing. */
  restore(info: RoomInfo, page: HistoryPage): void {
    if (this.following.id !== null) return
    this.#info.set(info)
    this.#options.onJoined(this, info.id)
    this.following.restore(info.id, page)
  }

  /** Another user is here now, for whom nothing of this is. */
  forget(): void {
    this.messages.forget()
    this.#info.set(null)
  }

  /** An event of this room. */
  hear(event: DurableEvent | EventOf<"typing">): void {
    if (event.type === "message") this.messages.heard(event)
    if (!this.following.isWanted) return
    if (event.type === "typing") {
      if (event.user_id !== this.#selfId()) this.typing.heard(event, event.active)
      return
    }
    if (event.type === "message") this.typing.cleared(event.user_id)
    const info = this.#info.get()
    if (event.type === "room" && info) this.#info.set({ ...info, name: event.name, topic: event.topic })
    this.following.apply({ type: "event", event, selfId: this.#selfId() })
  }

  /** The connection is gone. */
  down(): void {
    this.typing.clear()
    this.following.down()
  }

  #joined(ack: JoinAck): void {
    const { room_id: id, room: name, role, head } = ack
    const slug = this.ref === id ? null : this.ref
    this.#info.set({ slug, ...this.#info.get(), id, name, role, head })
    this.#options.onJoined(this, id)
    // Only for show; without it the room works as well.
    this.#options.http.request<RoomInfo>("GET", this.#path()).then(
      (info) => this.describe(info),
      () => {},
    )
  }

  #tellTyping(active: boolean): boolean {
    const room_id = this.following.id ?? this.ref
    return this.following.isLive && this.#options.write({ type: "typing", room_id, active })
  }

  #path(): string {
    return `/rooms/${encodeURIComponent(this.following.id ?? this.ref)}`
  }

  #selfId(): string | null {
    return this.#options.self()?.id ?? null
  }
}
