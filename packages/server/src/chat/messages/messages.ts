import type { HistoryPage, MessageEvent, SentAck } from "@klatch/protocol"
import { askingOf, type Principal } from "../../auth/principal.ts"
import type { Database } from "../../db/sql.ts"
import { AppError } from "../../lib/app-error.ts"
import type { Clock } from "../../lib/clock.ts"
import { eventOf, OWN_CLIENT_ID_PREFIX } from "../../log/entry.ts"
import type { GroupCommit } from "../../log/group-commit.ts"
import type { ChangeScope, Placed } from "../../log/log-store.ts"
import { readMessages } from "../../log/read.sql.ts"
import type { Members, RoomInfo } from "../members/members.ts"
import { deleteMessage, editMessage, messageStanding } from "./messages.sql.ts"
import { SlowMode } from "./slow-mode.ts"

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

  constructor(options: {
    readonly db: Database
    readonly log: GroupCommit
    readonly members: Members
    readonly clock: Clock
    readonly newId: () => string
  }) {
    this.#db = options.db
    this.#log = options.log
    this.#members = options.members
    this.#newId = options.newId
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
    this.#log.send(draft, (error, placed) => sent(error, placed && ackOf(room, message, placed)))
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
    const role = await this.#members.require(principal, "post", room)
    for (const seq of new Set([message.reply_to, message.thread_id]))
      if (seq !== undefined && !(await messageStanding(this.#db, room.id, seq))) throw noMessage(seq)
    if (role === null) await this.#members.join(principal, room)
  }

  /** Throws `rate_limited` for a member who writes again before the room's slow mode lets them. */
  pace(principal: Principal, room: RoomInfo): void {
    const slowModeS = room.settings?.slowModeS ?? 0
    if (slowModeS > 0) this.#slowMode.spend(principal, room, slowModeS)
  }

  /** Changes a message; answers the seq of the change. Rejects with `forbidden` or `not_found`. */
  edit(principal: Principal, room: RoomInfo, messageId: number, content: string) {
    const author = principal.user
    return this.#log.change({
      roomIds: [room.id],
      apply: async (scope) => {
        await this.#requireChange(scope, principal, room, messageId, "edit_any")
        if (!(await editMessage(scope, room.id, messageId, content, scope.at))) throw noMessage(messageId)
        return { seq: scope.append(room, author, { kind: "edit", target: messageId, content }), at: scope.at }
      },
    })
  }

  /** Takes a message back; answers the seq of the change. Rejects with `forbidden` or `not_found`. */
  delete(principal: Principal, room: RoomInfo, messageId: number) {
    const author = principal.user
    return this.#log.change({
      roomIds: [room.id],
      apply: async (scope) => {
        await this.#requireChange(scope, principal, room, messageId, "delete_any")
        if (!(await deleteMessage(scope, room.id, messageId, scope.at))) throw noMessage(messageId)
        return { seq: scope.append(room, author, { kind: "delete", target: messageId }), at: scope.at }
      },
    })
  }

  /** A page of messages in their current state, in seq order, and the head it was read at. */
  async history(
    principal: Principal,
    room: RoomInfo,
    window: { before?: number | undefined; after?: number | undefined; limit: number },
  ): Promise<HistoryPage> {
    const { entries, head } = await readMessages(this.#db.asking(askingOf(principal)), room.id, {
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
  ): Promise<void> {
    await this.#members.requireNow(scope, principal, "read", room)
    const standing = await messageStanding(scope, room.id, messageId)
    if (!standing || standing.deleted) throw noMessage(messageId)
    const isOwn = standing.author_id === principal.user.id
    await this.#members.requireNow(scope, principal, isOwn ? "post" : ofOthers, room)
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
