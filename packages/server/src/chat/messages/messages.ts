import type { HistoryPage, MessageEvent, SentAck } from "@klatch/protocol"
import { Attempts } from "../../auth/attempts.ts"
import type { Audit } from "../../auth/audit.ts"
import { askingOf, type Principal } from "../../auth/principal.ts"
import type { Database } from "../../db/sql.ts"
import { AppError } from "../../lib/app-error.ts"
import type { Clock } from "../../lib/clock.ts"
import { eventOf, OWN_CLIENT_ID_PREFIX } from "../../log/entry.ts"
import type { GroupCommit } from "../../log/group-commit.ts"
import type { ChangeScope, Placed } from "../../log/log-store.ts"
import { readMessages } from "../../log/read.sql.ts"
import type { Members, RoomInfo } from "../members/members.ts"
import {
  deleteMessage,
  editMessage,
  isKnownMessage,
  type MessageStanding,
  messageStanding,
} from "./messages.sql.ts"
import { SlowMode } from "./slow-mode.ts"

/** Messages of a room, whoever writes them: each is sent to everyone there. */
const perRoom = { perSecond: 500, burst: 2_000 }

/** A message as it is sent, checked by the contract's schema. */
export interface NewMessage {
  readonly content: string
  readonly client_id?: string | undefined
  readonly reply_to?: number | undefined
  readonly thread_id?: number | undefined
  readonly attachments?: readonly { file_id: string }[] | undefined
}

export type Sent = (error: AppError | undefined, ack: Omit<SentAck, "ref"> | undefined) => void

/** Messages: sent, changed, taken back, paged. Whoever calls has asked `admit` or the policy first. */
export class Messages {
  readonly #db: Database
  readonly #log: GroupCommit
  readonly #members: Members
  readonly #newId: () => string
  readonly #slowMode: SlowMode
  readonly #audit: Audit
  readonly #ofRoom: Attempts

  constructor(options: {
    readonly audit: Audit
    readonly db: Database
    readonly log: GroupCommit
    readonly members: Members
    readonly clock: Clock
    readonly newId: () => string
    readonly limitsOn: boolean
  }) {
    this.#db = options.db
    this.#log = options.log
    this.#members = options.members
    this.#newId = options.newId
    this.#audit = options.audit
    this.#ofRoom = new Attempts(perRoom, options.clock, options.limitsOn)
    this.#slowMode = new SlowMode(options.members, options.clock)
  }

  /** Puts a message on its way; `sent` is called once, when it is durable or refused. */
  send(principal: Principal, room: RoomInfo, message: NewMessage, sent: Sent): void {
    if (message.attachments?.length) {
      sent(new AppError("not_supported", "Files cannot be attached yet."), undefined)
      return
    }
    const draft = {
      room,
      author: principal.user,
      clientId: message.client_id ?? `${OWN_CLIENT_ID_PREFIX}${this.#newId()}`,
      content: message.content,
      replyTo: message.reply_to,
      threadId: message.thread_id,
    }
    const isSlow = (room.settings?.slowModeS ?? 0) > 0
    this.#log.send(draft, (error, placed) => {
      if (isSlow && placed?.known) this.#slowMode.giveBack(principal, room)
      sent(error, placed && ackOf(room, message, placed))
    })
  }

  /** The same, as a promise. Rejects with the refusal. */
  sendNow(principal: Principal, room: RoomInfo, message: NewMessage): Promise<Omit<SentAck, "ref">> {
    return new Promise((resolve, reject) =>
      this.send(principal, room, message, (error, ack) => (ack ? resolve(ack) : reject(error))),
    )
  }

  /**
   * Rejects unless the principal may send this here, and what it answers or continues is a message of the room.
   * Writing to a public room makes a member.
   */
  async admit(principal: Principal, room: RoomInfo, message: NewMessage): Promise<void> {
    const { role } = await this.#members.require(principal, "post", room)
    for (const seq of new Set([message.reply_to, message.thread_id]))
      if (seq !== undefined && !(await messageStanding(this.#db, room.id, seq))) throw noMessage(seq)
    if (role === null) await this.#members.join(principal, room)
  }

  /**
   * Throws `rate_limited` where all of the room together write faster than it can be read, and for a member who writes
   * again before its slow mode lets them. One that has come already is answered again ([L2]): whether it has is asked
   * only where slow mode refuses, and then there is a promise.
   */
  pace(principal: Principal, room: RoomInfo, clientId?: string): void | Promise<void> {
    this.#ofRoom.spend(room.id, "Too many messages in this room.")
    const slowModeS = room.settings?.slowModeS ?? 0
    const refusal = slowModeS > 0 ? this.#slowMode.spend(principal, room, slowModeS) : undefined
    if (!refusal) return
    if (clientId === undefined) throw refusal
    return this.#passRepeat(principal, room, clientId, refusal)
  }

  async #passRepeat(principal: Principal, room: RoomInfo, clientId: string, refusal: AppError) {
    if (!(await isKnownMessage(this.#db, room.id, principal.user.id, clientId))) throw refusal
    this.#slowMode.keep(principal, room)
  }

  /** Changes a message; answers the seq of the change. Rejects with `forbidden` or `not_found`. */
  edit(principal: Principal, room: RoomInfo, messageId: number, content: string, address: string) {
    const author = principal.user
    return this.#change(principal, room, messageId, "edit", address, async (scope) => {
      if (!(await editMessage(scope, room.id, messageId, content, scope.at))) throw noMessage(messageId)
      return scope.append(room, author, { kind: "edit", target: messageId, content })
    })
  }

  /** Takes a message back; answers the seq of the change. Rejects with `forbidden` or `not_found`. */
  delete(principal: Principal, room: RoomInfo, messageId: number, address: string) {
    const author = principal.user
    return this.#change(principal, room, messageId, "delete", address, async (scope) => {
      if (!(await deleteMessage(scope, room.id, messageId, scope.at))) throw noMessage(messageId)
      return scope.append(room, author, { kind: "delete", target: messageId })
    })
  }

  /** Under the room's lock, for whoever may; what is done to somebody else's message is in the audit log. */
  async #change(
    principal: Principal,
    room: RoomInfo,
    messageId: number,
    act: "edit" | "delete",
    address: string,
    apply: (scope: ChangeScope) => Promise<number>,
  ): Promise<{ seq: number; at: string }> {
    const { seq, at, of } = await this.#log.change({
      roomIds: [room.id],
      apply: async (scope) => {
        const of = await this.#requireChange(scope, principal, room, messageId, `${act}_any`)
        return { seq: await apply(scope), at: scope.at, of }
      },
    })
    if (of.author_id !== principal.user.id)
      await this.#audit.record({
        action: act === "edit" ? "message_edited_by_other" : "message_deleted_by_other",
        ...{ by: principal, target: of.username ?? of.author_id, roomId: room.id, address },
        details: { message_id: messageId },
      })
    return { seq, at }
  }

  /** A page of messages in their current state, in seq order, and the head it was read at. */
  async history(
    principal: Principal,
    room: RoomInfo,
    window: { before?: number | undefined; after?: number | undefined; limit: number },
  ): Promise<HistoryPage> {
    const { entries, head } = await readMessages(this.#db.asking(askingOf(principal), room.id), room.id, {
      ...window,
      limit: window.limit + 1,
    })
    const has_more = entries.length > window.limit
    const page = !has_more
      ? entries
      : window.after === undefined
        ? entries.slice(1)
        : entries.slice(0, window.limit)
    return { messages: page.map((entry) => eventOf(room, entry) as unknown as MessageEvent), has_more, head }
  }

  /** One's own message may be changed by whoever may still post; others' by whoever has that right. */
  async #requireChange(
    scope: ChangeScope,
    principal: Principal,
    room: RoomInfo,
    messageId: number,
    ofOthers: "edit_any" | "delete_any",
  ): Promise<MessageStanding> {
    await this.#members.requireNow(scope, principal, "read", room)
    const standing = await messageStanding(scope, room.id, messageId)
    if (!standing || standing.deleted) throw noMessage(messageId)
    const isOwn = standing.author_id === principal.user.id
    await this.#members.requireNow(scope, principal, isOwn ? "post" : ofOthers, room)
    return standing
  }
}

const noMessage = (messageId: number) =>
  new AppError("not_found", `There is no message ${messageId} in this room.`)

const ackOf = (room: RoomInfo, message: NewMessage, placed: Placed): Omit<SentAck, "ref"> => ({
  type: "ack",
  room_id: room.id,
  seq: placed.seq,
  message_id: placed.seq,
  ...(message.client_id === undefined ? {} : { client_id: message.client_id }),
  timestamp: placed.at,
})
