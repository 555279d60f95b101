import type { HistoryPage, JoinAck, ResumedEvent } from "@klatch/protocol"
import { backoffMs } from "./backoff.ts"
import type { Clock } from "./clock.ts"
import { contract, isForLater } from "./contract.ts"
import { KlatchError } from "./error.ts"
import type { Random } from "./random.ts"
import { Cell } from "./readable.ts"
import type { Requests } from "./requests.ts"
import { emptyTimeline, need, reduce, shown, type Timeline, type TimelineInput } from "./timeline.ts"

/** A hole may close by itself within this time; then it is repaired. */
export const repairMs = 500

export interface FollowingOptions {
  readonly ref: string
  readonly clock: Clock
  readonly random: Random
  readonly requests: Requests
  readonly isConnected: () => boolean
  /** Why no connection is to come; null while one is, or is there. */
  readonly ended: () => KlatchError | null
  readonly selfId: () => string | null
  readonly onJoined: (ack: JoinAck) => void
  /** Events come from here on: what waits to be sent may go. */
  readonly onLive: () => void
}

/**
 * Keeps one room's timeline in touch with the server: joins, pages, resumes, repairs holes. It gives up on nothing
 * but a refusal; everything else is tried again, on this connection with backoff or on the next.
 */
export class Following {
  readonly shown = new Cell(shown(emptyTimeline))
  readonly #options: FollowingOptions
  #timeline: Timeline = emptyTimeline
  #id: string | null = null
  /** What is known was kept from before, and the server has not said yet that the room is still there. */
  #isRestored = false
  /** The room by this id was refused: there may be another one under its name. */
  #lostId: string | null = null
  #isWanted = false
  #opening: PromiseWithResolvers<void> | null = null
  /** Counts calls for the room; answers to earlier ones are not heard. */
  #turn = 0
  #pagingTurn = 0
  #attempt = 0
  #repairs = 0
  #cancelRetry: () => void = () => {}
  #cancelRepair: (() => void) | null = null

  constructor(options: FollowingOptions) {
    this.#options = options
  }

  /** Null until joined. */
  get id(): string | null {
    return this.#id
  }

  get isWanted(): boolean {
    return this.#isWanted
  }

  get isLive(): boolean {
    return this.#timeline.touch === "live"
  }

  get timeline(): Timeline {
    return this.#timeline
  }

  open(): Promise<void> {
    const isOpen = this.#isWanted && this.shown.get().status === "stale"
    const opening = this.#opening ?? deferred()
    this.#opening = opening
    if (!this.#isWanted) {
      this.#isWanted = true
      if (this.#options.isConnected()) void this.join()
    } else this.#attend()
    const ended = this.#options.ended()
    if (ended && isOpen) opening.resolve()
    else if (ended) this.end(ended)
    return opening.promise
  }

  /** Shows what was kept of the room, true to the page's head. Once the room was joined it changes nothing. */
  restore(id: string, page: HistoryPage): void {
    if (this.#id !== null || this.#timeline.log.epoch > 0) return
    this.#id = id
    this.#isRestored = true
    this.apply({ type: "page", page, selfId: this.#options.selfId() })
  }

  /** Begins anew with the newest page, where the newest were let go. Settles as `open` does. */
  toNewest(): Promise<void> {
    if (!this.#timeline.log.hasNewer) return Promise.resolve()
    const opening = (this.#timeline.log.cursor === null && this.#opening) || deferred()
    this.#opening = opening
    this.apply({ type: "renewed" })
    const ended = this.#options.ended()
    if (ended) this.end(ended)
    return opening.promise
  }

  /** Another user is here now: nothing of this is theirs, and the room of that name may be another one. */
  forget(): void {
    this.#id = null
    this.apply({ type: "forgotten" })
  }

  close(): void {
    this.#isWanted = false
    this.#hangUp()
    this.#failOpening(new KlatchError("closed", "The room was closed."))
    this.#opening = null
  }

  /** The connection is gone. */
  down(): void {
    this.#hangUp()
  }

  /** And does not come back: no use in waiting for the room. */
  end(error: KlatchError): void {
    this.#failOpening(error)
  }

  /** The server will not have us in this room. */
  refused(error: KlatchError): void {
    this.#isWanted = false
    this.#hangUp()
    this.#failOpening(error)
    this.#options.onLive()
  }

  /** Joins, on an open connection; what was missed since the last time is replayed. */
  async join(): Promise<void> {
    const turn = this.#call()
    const since = this.#id === null ? null : this.#timeline.log.cursor
    const frame = {
      type: "join",
      room_id: this.#id ?? this.#options.ref,
      ...(since === null ? {} : { since }),
    } as const
    try {
      const ack = await this.#options.requests.send<JoinAck>(frame)
      if (turn !== this.#turn) return
      if (this.#lostId !== null && this.#lostId !== ack.room_id) this.apply({ type: "forgotten" })
      this.#lostId = null
      this.#id = ack.room_id
      this.#options.onJoined(ack)
      this.#synced(ack.head, ack.gap !== undefined)
    } catch (error) {
      if (turn !== this.#turn) return
      const isNamed = this.#id !== null && this.#id !== this.#options.ref
      if ((error as KlatchError).code === "not_found" && isNamed) this.#askByName()
      else this.#tryAgain(error as KlatchError, () => void this.join())
    }
  }

  /** The room is part of a resume: what `resumed` needs to tell that its answer is still wanted. Null: join instead. */
  startResume(): { readonly id: string; readonly cursor: number; readonly turn: number } | null {
    const cursor = this.#timeline.log.cursor
    return this.#id === null || cursor === null ? null : { id: this.#id, cursor, turn: this.#call() }
  }

  /** The answer to a resume, or null when there was none. */
  resumed(turn: number, answer: ResumedEvent | null): void {
    if (turn !== this.#turn || this.#id === null) return
    const room = answer?.rooms[this.#id]
    if (room) this.#synced(room.head, room.gap !== undefined)
    else if (!answer?.refused?.includes(this.#id)) void this.join()
    else if (this.#isRestored) this.#askByName()
    else this.refused(gone())
  }

  /** Whether the resume of `turn` is still waited for. */
  isCalling(turn: number): boolean {
    return turn === this.#turn && this.#timeline.touch === "calling"
  }

  apply(input: TimelineInput): void {
    const before = this.#timeline
    this.#timeline = reduce(before, input)
    if (this.#timeline === before) return
    this.shown.set(shown(this.#timeline))
    this.#attend()
  }

  #call(): number {
    this.#hangUp()
    this.apply({ type: "called" })
    return this.#turn
  }

  #hangUp(): void {
    this.#turn++
    this.#attempt = 0
    this.#repairs = 0
    this.#cancelRetry()
    this.#cancelRepair?.()
    this.#cancelRepair = null
    if (this.#timeline.touch !== "apart") this.apply({ type: "cut" })
  }

  /** Only when someone wants the room: where everyone may make rooms, this makes one. */
  #askByName(): void {
    this.#lostId = this.#id
    this.#isRestored = false
    this.#id = null
    void this.join()
  }

  #synced(head: number, hasGap: boolean): void {
    this.#isRestored = false
    const wasLive = this.isLive
    this.apply({ type: "synced", head, hasGap })
    if (!wasLive) this.#options.onLive()
  }

  /** Sees to what the timeline needs to be whole. */
  #attend(): void {
    const what = need(this.#timeline)
    if (what === "page") void this.#page()
    if (what === "repair") {
      const delayMs = repairMs + backoffMs(this.#repairs, this.#options.random)
      this.#cancelRepair ??= this.#options.clock.after(delayMs, () => this.#repair())
      return
    }
    this.#cancelRepair?.()
    this.#cancelRepair = null
    if (what !== null || !this.isLive) return
    this.#repairs = 0
    this.#attempt = 0
    this.#opening?.resolve()
  }

  async #page(): Promise<void> {
    const turn = this.#turn
    if (this.#pagingTurn === turn || this.#id === null) return
    this.#pagingTurn = turn
    const frame = { type: "history", room_id: this.#id, limit: contract.pageDefault } as const
    try {
      const page = await this.#options.requests.send<HistoryPage>(frame)
      if (turn !== this.#turn) return
      this.#pagingTurn = 0
      this.apply({ type: "page", page, selfId: this.#options.selfId() })
    } catch (error) {
      if (turn !== this.#turn) return
      this.#tryAgain(error as KlatchError, () => {
        this.#pagingTurn = 0
        void this.#page()
      })
    }
  }

  /** Asks for the hole once; if that did not close it, begins anew with a page. */
  async #repair(): Promise<void> {
    this.#cancelRepair = null
    const { cursor } = this.#timeline.log
    if (need(this.#timeline) !== "repair" || this.#id === null || cursor === null) return
    if (this.#repairs++ > 0) return void this.#page()
    const turn = this.#turn
    try {
      const frame = { type: "resume", rooms: { [this.#id]: cursor } } as const
      const answer = await this.#options.requests.send<ResumedEvent>(frame)
      this.resumed(turn, answer)
      if (turn === this.#turn) this.#attend()
    } catch (error) {
      if (turn === this.#turn) this.#tryAgain(error as KlatchError, () => this.#attend())
    }
  }

  #tryAgain(error: KlatchError, fn: () => void): void {
    // Lost with the connection: the next one begins with a resume.
    if (error.code === "closed") return
    if (!isForLater(error.code)) {
      this.refused(error)
      return
    }
    const delayMs = backoffMs(this.#attempt++, this.#options.random, error.retryAfterMs)
    this.#cancelRetry()
    this.#cancelRetry = this.#options.clock.after(delayMs, fn)
  }

  #failOpening(error: KlatchError): void {
    this.#opening?.reject(error)
    this.#opening = null
  }
}

const gone = () => new KlatchError("not_found", "There is no such room.")

/** A promise whose rejection is nobody's fault when nobody waits for it. */
function deferred(): PromiseWithResolvers<void> {
  let resolve!: () => void
  let reject!: (reason: unknown) => void
  const promise = new Promise<void>((yes, no) => {
    resolve = yes
    reject = no
  })
  promise.catch(() => {})
  return { promise, resolve, reject }
}
