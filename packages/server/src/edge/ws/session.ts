import { type CloseName, closeTable, type ErrorCode } from "@klatch/protocol"
import type { ServerWebSocket } from "bun"
import type { Principal } from "../../auth/principal.ts"
import type { RoomInfo } from "../../chat/members/members.ts"
import type { AppError } from "../../lib/app-error.ts"
import type { Bucket } from "../../lib/token-bucket.ts"
import type { Subscriber } from "../../live/subscriber.ts"

/** What a connection brings from the upgrade. */
export interface SessionStart {
  readonly principal: Principal
  /** Where it comes from, as trusted proxies tell it; undefined where that is the socket's other end. */
  readonly address?: string | undefined
  /** How many revocations there were before it was asked who they are. */
  readonly mark: number
  /** Room given at connect, not looked up yet. */
  readonly roomRef: string | undefined
  /** What follows this seq of that room is replayed first. */
  readonly since?: number | undefined
  /** False with `subscribe=none`: nothing is followed that was not asked for. */
  readonly isAuto: boolean
  /** On `/chat`, text that is no JSON object is a message to the room. */
  readonly isPlainText: boolean
}

/** Whoever has yet to say who they are. */
export const stranger: Principal = {
  user: { id: "00000000-0000-0000-0000-000000000000", username: "stranger", display_name: "stranger" },
}

export type Socket = ServerWebSocket<Session>

/** Above this many buffered bytes a replay waits; below, it goes on. */
const DRAINED_BYTES = 32 * 1024

/** A room that a connection is about to follow, from where, and how the directory stood when it was read. */
export interface Follow {
  readonly room: RoomInfo
  readonly since: number
  readonly mark: number
}

/** What most connections never need, or no more once they have joined. */
class Extra {
  /** Where it comes from, where that is not the socket's other end. */
  address: string | undefined
  /** From where the room given at connect is replayed. */
  since: number | undefined
  /** Frames that came while one is being handled: a connection's frames are handled in order. */
  frames: (string | Buffer)[] | undefined
  charsWaiting = 0
  /** What it is about to follow by itself, and from where. */
  follows: Follow[] | undefined
  sendsPending = 0
  /** What the user may use in all, kept at hand by whoever says a lot. */
  budget: Bucket | undefined
  typingToldMs = Number.NEGATIVE_INFINITY
  badFrames: Bucket | undefined
  /** Why it is to be closed as soon as it opens. */
  closing: CloseName | undefined
  /** When a socket that was closed but does not go is cut off. */
  cutOffMs = Number.POSITIVE_INFINITY
  drains: (() => void)[] | undefined
  replies: string[] | undefined
  barred: Map<string, number> | undefined
  /** Rooms that it followed until it was barred, and has not been told so. */
  untold: Set<string> | undefined
  /** Until when a stranger must have said who they are. */
  authByMs = Number.POSITIVE_INFINITY
}

const AUTO = 1
const PLAIN_TEXT = 2
const OPEN = 4
const BUSY = 8

/**
 * A socket's life. There is one a connection, so what it holds is counted: 80 bytes, in eight fields. A ninth would
 * make it 112, which is JavaScriptCore's next size.
 */
export class Session implements Subscriber, Bucket {
  principal: Principal
  /** What is yes or no, together. */
  #flags: number
  socket: Socket | undefined
  /** The room given at connect: as it was named, until it is joined. */
  home: RoomInfo | string | undefined
  heardMs: number
  tokens: number
  filledMs: number
  /** Undefined until something in it is needed; who writes into it asks for `extra()`. */
  rare: Extra | undefined

  constructor(start: SessionStart, burst: number, nowMs: number) {
    this.principal = start.principal
    this.home = start.roomRef
    this.#flags = (start.isAuto ? AUTO : 0) | (start.isPlainText ? PLAIN_TEXT : 0)
    this.heardMs = nowMs
    this.tokens = burst
    this.filledMs = nowMs
    if (start.since !== undefined) this.extra().since = start.since
    if (start.address !== undefined) this.extra().address = start.address
  }

  get isAuto(): boolean {
    return (this.#flags & AUTO) !== 0
  }

  get isPlainText(): boolean {
    return (this.#flags & PLAIN_TEXT) !== 0
  }

  get isOpen(): boolean {
    return (this.#flags & OPEN) !== 0
  }

  set isOpen(is: boolean) {
    this.#flags = is ? this.#flags | OPEN : this.#flags & ~OPEN
  }

  /** A frame of it is being handled. */
  get isBusy(): boolean {
    return (this.#flags & BUSY) !== 0
  }

  set isBusy(is: boolean) {
    this.#flags = is ? this.#flags | BUSY : this.#flags & ~BUSY
  }

  /** Where it comes from, as far as the proxies can be trusted; asked of the socket, for most never need it. */
  get address(): string {
    return this.rare?.address ?? this.socket?.remoteAddress ?? ""
  }

  /** They have yet to say who they are. */
  get isStranger(): boolean {
    return this.principal === stranger
  }

  /** What they came with has ended, or they never said who they are. Times of both clocks. */
  isOver(monotonicMs: number, nowMs: number): boolean {
    const untilMs = this.principal.grant?.untilMs ?? Number.POSITIVE_INFINITY
    return nowMs >= untilMs || monotonicMs >= (this.rare?.authByMs ?? Number.POSITIVE_INFINITY)
  }

  extra(): Extra {
    this.rare ??= new Extra()
    return this.rare
  }

  get bufferedBytes(): number {
    return this.isOpen ? this.socket!.getBufferedAmount() : 0
  }

  send(frame: string): void {
    if (this.isOpen) this.socket!.sendText(frame)
  }

  reply(event: Record<string, unknown>): void {
    this.send(JSON.stringify(event))
  }

  /**
   * Answers at the end of the tick, in one write with what was published to this connection in it: a write of its own
   * for every ack was a third of the server's time.
   */
  replySoon(event: Record<string, unknown>): void {
    const frame = JSON.stringify(event)
    const extra = this.extra()
    if (extra.replies) extra.replies.push(frame)
    else {
      extra.replies = [frame]
      queueMicrotask(() => this.#flushReplies())
    }
  }

  replyError(error: AppError, ref: string | undefined): void {
    this.reply(errorEventOf(error, ref))
  }

  subscribe(topic: string): boolean {
    if (!this.isOpen || this.rare?.barred?.has(topic)) return false
    this.socket!.subscribe(topic)
    return true
  }

  /**
   * The membership ended, at `seq` of the room's log where that is known: no more of this room, also not from a join
   * that is under way.
   */
  bar(topic: string, seq = Number.MAX_SAFE_INTEGER): void {
    const extra = this.extra()
    extra.barred ??= new Map()
    if (this.isSubscribed(topic)) {
      extra.untold ??= new Set()
      extra.untold.add(topic)
    }
    extra.barred.set(topic, Math.max(seq, extra.barred.get(topic) ?? 0))
    this.unsubscribe(topic)
  }

  /** Whether it hears of this room, or did until it was barred and was not told so yet; it is told now. */
  tellBarred(topic: string): boolean {
    return this.rare?.untold?.delete(topic) || this.isSubscribed(topic)
  }

  /** They had the right to hear the room when its log stood at `seq`, or are about to ask for it. */
  unbar(topic: string, seq = Number.MAX_SAFE_INTEGER): void {
    const barred = this.rare?.barred
    if (barred && (barred.get(topic) ?? 0) <= seq) barred.delete(topic)
  }

  unsubscribe(topic: string): void {
    if (this.isOpen) this.socket!.unsubscribe(topic)
  }

  isSubscribed(topic: string): boolean {
    return this.isOpen && this.socket!.isSubscribed(topic)
  }

  /** To the topic's other subscribers on this node. */
  publishToOthers(topic: string, frame: string): void {
    if (this.isOpen) this.socket!.publishText(topic, frame)
  }

  drained(): Promise<void> {
    if (this.bufferedBytes <= DRAINED_BYTES) return Promise.resolve()
    return new Promise((resolve) => {
      const extra = this.extra()
      extra.drains ??= []
      extra.drains.push(resolve)
    })
  }

  /** The socket has taken some bytes, or is gone. */
  onDrain(): void {
    const drains = this.rare?.drains
    if (drains && this.bufferedBytes <= DRAINED_BYTES) for (const resolve of drains.splice(0)) resolve()
  }

  #flushReplies(): void {
    const extra = this.extra()
    const frames = extra.replies
    extra.replies = undefined
    if (frames && this.isOpen)
      this.socket!.cork((socket) => frames.forEach((frame) => void socket.sendText(frame)))
  }

  /** Nothing is sent after this; a peer that does not answer is cut off at `cutOffMs`. */
  close(name: CloseName, cutOffMs: number): void {
    // It is still on its way in: it is closed as soon as it is there.
    if (!this.socket) this.extra().closing = name
    if (!this.isOpen) return
    this.isOpen = false
    this.extra().cutOffMs = cutOffMs
    this.socket!.close(closeTable[name].code, closeTable[name].reason)
  }
}

export const errorEventOf = (
  error: AppError,
  ref: string | undefined,
): Record<string, unknown> & { code: ErrorCode } => ({
  type: "error",
  ref,
  code: error.code,
  message: error.message,
  retry_after_ms: error.retryAfterMs,
})
