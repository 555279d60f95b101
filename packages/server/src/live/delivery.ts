import type { Batch, Bus } from "../cluster/bus.ts"
import { assert } from "../lib/assert.ts"
import { backoffMs } from "../lib/backoff.ts"
import { type Clock, delay } from "../lib/clock.ts"
import type { Random } from "../lib/random.ts"
import type { LocalTopics } from "./local.ts"
import type { Subscriber } from "./subscriber.ts"

/** What delivery reads when something is missing; `R` is whatever the log knows a room by. */
export interface DeliveryLog<R> {
  head(roomId: string): Promise<number>
  heads(roomIds: readonly string[]): Promise<Map<string, number>>
  followingInMemory(room: R, seq: number, countMax: number): Following | undefined
  following(room: R, seq: number, countMax: number): Promise<Following>
}
interface Following {
  readonly firstSeq: number
  readonly frames: readonly string[]
}

/** A room with listeners on this node. */
interface LiveRoom<R> {
  readonly room: R
  readonly id: string
  /** The last seq that this node's sockets were given; -1 until the head is known. */
  deliveredSeq: number
  /** The newest seq heard of. Above `deliveredSeq` only while healing. */
  heardSeq: number
  healing: Promise<void> | undefined
  /** Joins under way: the room stays while there are any. */
  attaching: number
  idleSinceMs: number | undefined
  opening: Promise<void> | undefined
}

/** How an `attach` ended. `refused`: the connection lost the right to hear the room meanwhile. */
export type Attached = "live" | "held" | "closed" | "refused"

/** Where a connection's live events begin. A gap was not replayed and is to be paged. */
export interface Cutover {
  readonly head: number
  readonly gap?: { readonly from: number; readonly to: number } | undefined
}

export interface DeliveryOptions<R> {
  readonly log: DeliveryLog<R>
  readonly topics: LocalTopics
  readonly bus: () => Bus
  readonly clock: Clock
  readonly random: Random
  readonly replayMax: number
  readonly sweepMs?: number
  readonly sweepBusDownMs?: number
  readonly idleMs?: number
  /**
   * A frame was given to the room's listeners, before the next one is. For those who must know in order what is no
   * message; asked of every frame, so it looks first.
   */
  readonly onFrame?: (room: R, frame: string) => void
  /** So many frames were given to them, up to where delivery stands now. */
  readonly onDelivered?: (room: R, firstSeq: number, frames: readonly string[]) => void
  /** Nobody listens to the room any more: what happens there is not heard of from here on. */
  readonly onClose?: (roomId: string) => void
  readonly onHeal?: (roomId: string, count: number) => void
  readonly onFailure?: (error: unknown) => void
}

type Optional = "onFrame" | "onDelivered" | "onClose" | "onHeal" | "onFailure"

const PAGE = 200
const REPLAY_BUFFER_MAX_BYTES = 128 * 1024
const SWEEP_ROOMS_MAX = 1_000
const HEAL_EMPTY_READS_MAX = 5

/**
 * Gives every entry of a room to every local listener, in order, without gap and without repeat ([D1]), whatever is
 * lost on the way here: the next seq is delivered, a seen one dropped, and at a gap the log is read ([D2]). A sweep
 * compares heads, because a lost last entry shows no gap ([D3]). Joining is catch-up, cutover, live ([D4]).
 */
export class Delivery<R extends { readonly id: string }> implements Disposable {
  readonly #options: Required<Omit<DeliveryOptions<R>, Optional>> & DeliveryOptions<R>
  readonly #rooms = new Map<string, LiveRoom<R>>()
  #cancelSweep: (() => void) | undefined
  #sweeping = false
  #lastSweepMs: number
  #closed = false

  constructor(options: DeliveryOptions<R>) {
    this.#options = { sweepMs: 5_000, sweepBusDownMs: 250, idleMs: 120_000, ...options }
    this.#lastSweepMs = options.clock.monotonicMs()
    this.#cancelSweep = options.clock.every(this.#options.sweepBusDownMs, () => this.#tick())
  }

  get roomCount(): number {
    return this.#rooms.size
  }

  /** Takes what was committed here or elsewhere. Never throws, never waits. */
  deliver(batch: Batch): void {
    const live = this.#rooms.get(batch.roomId)
    if (!live || batch.lastSeq <= live.deliveredSeq) return
    live.heardSeq = Math.max(live.heardSeq, batch.lastSeq)
    if (live.deliveredSeq < 0 || live.healing) return
    const nextSeq = live.deliveredSeq + 1
    if (batch.firstSeq > nextSeq) this.#heal(live)
    else
      this.#publish(
        live,
        nextSeq === batch.firstSeq ? batch.frames : batch.frames.slice(nextSeq - batch.firstSeq),
      )
  }

  /** To this node's listeners of a room: something that is not stored. */
  deliverPassing(roomId: string, frame: string): void {
    if (this.#rooms.has(roomId)) this.#options.topics.publish(roomId, frame)
  }

  /**
   * Replays what follows `since` (nothing when absent), then subscribes in the tick in which delivery stands where
   * the replay ended, and calls `onCutover` in that same tick. Too much to replay: subscribes with a gap. With
   * `holdGap` it does not subscribe then and answers the room's gap for `cutoverAt`. Rejects when the log cannot be
   * read; a connection that closed meanwhile is left alone.
   */
  async attach(
    room: R,
    subscriber: Subscriber,
    since: number | undefined,
    onCutover: (cutover: Cutover) => void,
    holdGap = false,
  ): Promise<Attached> {
    const live = this.#room(room)
    live.attaching++
    try {
      while (live.opening) await live.opening
      if (since !== undefined && since > live.deliveredSeq) await this.#reach(live, since)
      let seq = since ?? live.deliveredSeq
      if (live.deliveredSeq - seq > this.#options.replayMax)
        return this.#gap(live, subscriber, seq, onCutover, holdGap)
      // What a connection already follows it has: a second join only tells it where it stands.
      if (subscriber.isSubscribed(live.id) && seq >= live.deliveredSeq) seq = live.deliveredSeq
      else if (subscriber.isSubscribed(live.id)) subscriber.unsubscribe(live.id)
      while (seq < live.deliveredSeq) {
        const countMax = Math.min(PAGE, live.deliveredSeq - seq)
        const page =
          this.#options.log.followingInMemory(room, seq, countMax) ??
          (await this.#options.log.following(room, seq, countMax))
        if (!subscriber.isOpen) return "closed"
        if (page.firstSeq > seq + 1 || page.frames.length === 0)
          return this.#gap(live, subscriber, seq, onCutover, holdGap)
        const fitting = page.frames.slice(0, countMax)
        for (const frame of fitting) subscriber.send(frame)
        seq += fitting.length
        if (subscriber.bufferedBytes > REPLAY_BUFFER_MAX_BYTES) await subscriber.drained()
        if (live.deliveredSeq - seq > this.#options.replayMax)
          return this.#gap(live, subscriber, seq, onCutover, holdGap)
      }
      if (!subscriber.isOpen) return "closed"
      if (!subscriber.subscribe(live.id)) return "refused"
      onCutover({ head: live.deliveredSeq })
      return "live"
    } finally {
      live.attaching--
    }
  }

  /**
   * Makes a room live and answers where delivery stands in it: at `seq`, unless the log ends before, or further.
   * Rejects when the log cannot be read.
   */
  async reach(room: R, seq: number): Promise<number> {
    const live = this.#room(room)
    if (!live.opening && seq <= live.deliveredSeq) return live.deliveredSeq
    live.attaching++
    try {
      while (live.opening) await live.opening
      if (seq > live.deliveredSeq) await this.#reach(live, seq)
      return live.deliveredSeq
    } finally {
      live.attaching--
    }
  }

  /** The last seq that this node's listeners of a room were given; undefined for one that is not live here. */
  standsAt(roomId: string): number | undefined {
    return this.#rooms.get(roomId)?.deliveredSeq
  }

  /** Ends a hold without following. A hold is ended once, by this or by `cutoverAt`. */
  release(room: R): void {
    const live = this.#rooms.get(room.id)
    assert(live && live.attaching > 0, "a held room stays open while it is held")
    live.attaching--
  }

  /** Ends a hold: subscribes at once where delivery stands. */
  cutoverAt(room: R, subscriber: Subscriber, since: number): Cutover | "refused" {
    this.release(room)
    const { deliveredSeq } = this.#rooms.get(room.id) as LiveRoom<R>
    if (!subscriber.subscribe(room.id)) return "refused"
    return { head: deliveredSeq, gap: { from: since + 1, to: deliveredSeq } }
  }

  /** Something may have been missed: compares as soon as it can, however often this is said. */
  doubt(): void {
    this.#lastSweepMs = Number.NEGATIVE_INFINITY
    this.#tick()
  }

  /** Compares what was delivered with what is in the log, and reads what is missing. Rejects when it cannot. */
  async sweep(): Promise<void> {
    this.#lastSweepMs = this.#options.clock.monotonicMs()
    this.#closeIdle()
    const ids = [...this.#rooms.keys()]
    for (let i = 0; i < ids.length; i += SWEEP_ROOMS_MAX) {
      const heads = await this.#options.log.heads(ids.slice(i, i + SWEEP_ROOMS_MAX))
      for (const [id, head] of heads) {
        const live = this.#rooms.get(id)
        if (!live || live.deliveredSeq < 0 || head <= live.deliveredSeq) continue
        live.heardSeq = Math.max(live.heardSeq, head)
        this.#heal(live)
      }
    }
  }

  [Symbol.dispose](): void {
    this.#closed = true
    this.#cancelSweep?.()
  }

  #gap(
    live: LiveRoom<R>,
    subscriber: Subscriber,
    seq: number,
    onCutover: (cutover: Cutover) => void,
    hold: boolean,
  ): Attached {
    if (hold) {
      live.attaching++
      return "held"
    }
    if (!subscriber.subscribe(live.id)) return "refused"
    onCutover({ head: live.deliveredSeq, gap: { from: seq + 1, to: live.deliveredSeq } })
    return "live"
  }

  #room(room: R): LiveRoom<R> {
    let live = this.#rooms.get(room.id)
    if (live) return live
    live = {
      room,
      id: room.id,
      deliveredSeq: -1,
      heardSeq: -1,
      healing: undefined,
      attaching: 0,
      idleSinceMs: undefined,
      opening: undefined,
    }
    this.#rooms.set(room.id, live)
    live.opening = this.#open(live)
    return live
  }

  /** Subscription before the head is read: what comes between is heard of, so nothing falls between the two. */
  async #open(live: LiveRoom<R>): Promise<void> {
    try {
      await this.#options
        .bus()
        .subscribe(live.id)
        .catch(() => {})
      live.deliveredSeq = await this.#options.log.head(live.id)
      live.opening = undefined
      if (live.heardSeq > live.deliveredSeq) this.#heal(live)
    } catch (error) {
      this.#close(live)
      throw error
    }
  }

  #publish(live: LiveRoom<R>, frames: readonly string[]): void {
    const { topics, onFrame, onDelivered } = this.#options
    for (const frame of frames) {
      topics.publish(live.id, frame)
      onFrame?.(live.room, frame)
    }
    onDelivered?.(live.room, live.deliveredSeq + 1, frames)
    live.deliveredSeq += frames.length
  }

  #heal(live: LiveRoom<R>): void {
    if (!live.healing && live.deliveredSeq < live.heardSeq) live.healing = this.#readMissing(live)
  }

  /** Someone has seen more than was delivered here: brings this node there, so that nothing is told twice. */
  async #reach(live: LiveRoom<R>, seq: number): Promise<void> {
    const head = await this.#options.log.head(live.id)
    live.heardSeq = Math.max(live.heardSeq, head)
    while (live.deliveredSeq < Math.min(seq, head) && !this.#closed) {
      this.#heal(live)
      // The log has no more to give, whatever its head said: then the connection begins where delivery stands.
      if (!live.healing) return
      await live.healing
    }
  }

  /** Reads the log until everything heard of is delivered; waits while it cannot be read. */
  async #readMissing(live: LiveRoom<R>): Promise<void> {
    let count = 0
    for (let failures = 0, empty = 0; live.deliveredSeq < live.heardSeq && !this.#closed; ) {
      try {
        const page = await this.#options.log.following(live.room, live.deliveredSeq, PAGE)
        failures = 0
        if (page.frames.length === 0 && ++empty >= HEAL_EMPTY_READS_MAX) break
        // Only retention makes a hole, and only far behind what anyone here still waits for.
        if (page.frames.length > 0) live.deliveredSeq = page.firstSeq - 1
        this.#publish(live, page.frames)
        count += page.frames.length
        if (page.frames.length === 0) await delay(this.#options.clock, 20)
      } catch (error) {
        this.#options.onFailure?.(error)
        await delay(this.#options.clock, 20 + backoffMs(failures++, 50, 1_000, this.#options.random))
      }
    }
    live.heardSeq = live.deliveredSeq
    // In the tick of the last look: what is delivered from here on is not for this reader to find.
    live.healing = undefined
    this.#options.onHeal?.(live.id, count)
  }

  #tick(): void {
    const { clock, sweepMs, bus } = this.#options
    if (this.#sweeping || (bus().up && clock.monotonicMs() - this.#lastSweepMs < sweepMs)) return
    this.#sweeping = true
    this.sweep()
      .catch((error) => this.#options.onFailure?.(error))
      .finally(() => {
        this.#sweeping = false
      })
  }

  #closeIdle(): void {
    const nowMs = this.#options.clock.monotonicMs()
    for (const live of this.#rooms.values()) {
      if (
        live.attaching > 0 ||
        live.opening ||
        live.healing ||
        this.#options.topics.subscriberCount(live.id) > 0
      )
        live.idleSinceMs = undefined
      else if (live.idleSinceMs === undefined) live.idleSinceMs = nowMs
      else if (nowMs - live.idleSinceMs >= this.#options.idleMs) this.#close(live)
    }
  }

  #close(live: LiveRoom<R>): void {
    if (this.#rooms.get(live.id) !== live) return
    this.#rooms.delete(live.id)
    this.#options.onClose?.(live.id)
    this.#options.bus().unsubscribe(live.id)
  }
}
