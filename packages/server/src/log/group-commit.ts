import { AppError } from "../lib/app-error.ts"
import { assert } from "../lib/assert.ts"
import { backoffMs } from "../lib/backoff.ts"
import { BoundedQueue } from "../lib/bounded-queue.ts"
import type { Clock } from "../lib/clock.ts"
import type { Random } from "../lib/random.ts"
import { encodeEntry, type LogRoom } from "./entry.ts"
import type { Change, LogStore, MessageDraft, Placed } from "./log-store.ts"

/** Entries that are durable, in seq order without holes, as the bytes everyone gets. */
export interface CommittedBatch {
  readonly room: LogRoom
  readonly firstSeq: number
  readonly lastSeq: number
  readonly frames: readonly string[]
  /** How many of these entries are messages. */
  readonly messages: number
}

/** Told once a draft: where it stands, or why not. Must not throw. */
export type Settle = (error: AppError | undefined, placed: Placed | undefined) => void

export interface GroupCommitOptions {
  readonly store: LogStore
  readonly clock: Clock
  readonly random: Random
  /** Called after durability, in the order of commits, before the next flush begins. */
  readonly onCommitted: (batches: readonly CommittedBatch[]) => void
  readonly isOutage: (error: unknown) => boolean
  /** Drafts waiting beyond this many are refused with `unavailable`. */
  readonly queueMax?: number
  readonly batchMax?: number
  /** Flushes begin at least this far apart: at load they fill, when idle nothing waits. */
  readonly fillMs?: number
  /** A draft that could not be stored for this long is refused with `unavailable`. */
  readonly giveUpMs?: number
  readonly onFlush?: (count: number, ms: number) => void
  readonly onFailure?: (error: unknown, willRetry: boolean) => void
}

type Item =
  | {
      readonly kind: "message"
      readonly draft: MessageDraft
      readonly settles: Settle[]
      readonly sinceMs: number
    }
  | {
      readonly kind: "change"
      readonly change: Change<unknown>
      readonly resolve: (result: unknown) => void
      readonly reject: (error: unknown) => void
      readonly sinceMs: number
    }
type MessageItem = Extract<Item, { kind: "message" }>
type ChangeItem = Extract<Item, { kind: "change" }>

const RETRY_BASE_MS = 50
const RETRY_MAX_MS = 1_000
const CHANGES_PER_FLUSH_MAX = 128

/**
 * Holds [L1] (an ack means durable), [L2] (one seq a client_id) and [L3] (seqs are contiguous): one transaction in
 * flight, the next batch fills meanwhile; commit, then ack, then deliver. A flush whose outcome is unknown is made
 * again as it was; the client_ids tell what it had done.
 */
export class GroupCommit {
  readonly #options: Required<Omit<GroupCommitOptions, "onFlush" | "onFailure">> & GroupCommitOptions
  readonly #queue: BoundedQueue<Item>
  /** Drafts not yet settled, by room, author and client_id: a second one waits for the first. */
  readonly #unsettled = new Map<string, MessageItem>()
  #running = false
  #scheduled = false
  #lastStartMs = Number.NEGATIVE_INFINITY
  #idle: (() => void)[] = []
  /** Whether the newest flush failed for now. Who finds the database well again by other means may say so. */
  isFailing = false

  constructor(options: GroupCommitOptions) {
    this.#options = { queueMax: 20_000, batchMax: 1_000, fillMs: 4, giveUpMs: 10_000, ...options }
    this.#queue = new BoundedQueue(this.#options.queueMax)
  }

  /** How many drafts and changes wait. */
  get waiting(): number {
    return this.#queue.count
  }

  /** Stores a message. `settle` is called once; a draft with a client_id already on its way shares its answer. */
  send(draft: MessageDraft, settle: Settle): void {
    const key = `${draft.room.id} ${draft.author.id} ${draft.clientId}`
    const twin = this.#unsettled.get(key)
    if (twin) {
      twin.settles.push(settle)
      return
    }
    const item: MessageItem = {
      kind: "message",
      draft,
      settles: [settle],
      sinceMs: this.#options.clock.monotonicMs(),
    }
    if (!this.#queue.push(item)) {
      settle(
        new AppError("unavailable", "Too many messages are waiting to be stored.", { retryAfterMs: 1_000 }),
        undefined,
      )
      return
    }
    this.#unsettled.set(key, item)
    this.#wake()
  }

  /** Applies a change. Rejects with its AppError when refused, with `unavailable` when the database stays away. */
  change<R>(change: Change<R>): Promise<R> {
    return new Promise<R>((resolve, reject) => {
      const item: ChangeItem = {
        kind: "change",
        change,
        resolve: resolve as (result: unknown) => void,
        reject,
        sinceMs: this.#options.clock.monotonicMs(),
      }
      if (this.#queue.push(item)) this.#wake()
      else
        reject(
          new AppError("unavailable", "Too many changes are waiting to be stored.", { retryAfterMs: 1_000 }),
        )
    })
  }

  /** Resolves when nothing waits and nothing is in flight. */
  drained(): Promise<void> {
    if (!this.#running && this.#queue.count === 0) return Promise.resolve()
    return new Promise((resolve) => this.#idle.push(resolve))
  }

  #wake(): void {
    if (this.#running || this.#scheduled) return
    this.#scheduled = true
    const { clock, fillMs, batchMax } = this.#options
    const waitMs = this.#lastStartMs + fillMs - clock.monotonicMs()
    const begin = () => {
      this.#scheduled = false
      void this.#run()
    }
    if (waitMs > 0 && this.#queue.count < batchMax) clock.after(waitMs, begin)
    else queueMicrotask(begin)
  }

  /** One flush; whatever came meanwhile wakes the next. */
  async #run(): Promise<void> {
    assert(!this.#running, "one flush at a time")
    this.#running = true
    const first = this.#queue.peek()
    this.#lastStartMs = this.#options.clock.monotonicMs()
    if (first?.kind === "message") await this.#flushMessages(this.#take("message", this.#options.batchMax))
    else if (first) await this.#flushChanges(this.#take("change", CHANGES_PER_FLUSH_MAX))
    this.#running = false
    if (this.#queue.count > 0) this.#wake()
    else for (const resolve of this.#idle.splice(0)) resolve()
  }

  #take<K extends Item["kind"]>(kind: K, countMax: number): Extract<Item, { kind: K }>[] {
    const batch: Extract<Item, { kind: K }>[] = []
    while (batch.length < countMax && this.#queue.peek()?.kind === kind)
      batch.push(this.#queue.shift() as Extract<Item, { kind: K }>)
    return batch
  }

  async #flushMessages(items: MessageItem[]): Promise<void> {
    const at = this.#timestamp()
    const drafts = items.map((item) => item.draft)
    let attempts = 0
    const placed = await this.#persist(items, () => {
      attempts++
      return this.#options.store.appendMessages(drafts, at)
    }).catch((error) => this.#flushEach(items, error, (item) => this.#flushMessages([item])))
    if (!placed) return
    const runs = new Runs()
    items.forEach((item, i) => {
      const place = placed[i]
      this.#settle(item, place ? undefined : new AppError("not_found", "This room is gone."), place)
      // What an earlier attempt of this flush had stored was not delivered yet; delivery drops what it has seen.
      if (place && (!place.known || attempts > 1)) {
        const { room, author, ...body } = item.draft
        runs.add(
          room,
          place.seq,
          encodeEntry(room, { kind: "message", seq: place.seq, author, at: place.at, ...body }),
          1,
        )
      }
    })
    this.#deliver(runs)
  }

  async #flushChanges(items: ChangeItem[]): Promise<void> {
    const at = this.#timestamp()
    const changes = items.map((item) => item.change)
    const outcomes = await this.#persist(items, () => this.#options.store.applyChanges(changes, at)).catch(
      (error) => this.#flushEach(items, error, (item) => this.#flushChanges([item])),
    )
    if (!outcomes) return
    const runs = new Runs()
    for (const { entries } of outcomes)
      for (const { room, entry } of entries) runs.add(room, entry.seq, encodeEntry(room, entry), 0)
    for (const [i, outcome] of outcomes.entries()) items[i]!.resolve(outcome.result)
    this.#deliver(runs)
  }

  /** A batch was refused and nothing of it done: each alone, so that one refusal fails alone. */
  async #flushEach<I extends Item>(
    items: I[],
    error: unknown,
    flush: (item: I) => Promise<void>,
  ): Promise<undefined> {
    const only = items.length === 1 ? items[0] : undefined
    if (!only) for (const item of items) await flush(item)
    else if (only.kind === "change") only.reject(error)
    else {
      this.#options.onFailure?.(error, false)
      this.#settle(only, error instanceof AppError ? error : new AppError("internal"), undefined)
    }
  }

  /** Repeats `write` through outages until it is done or every item is too old. Throws what is no outage. */
  async #persist<T>(items: Item[], write: () => Promise<T>): Promise<T | undefined> {
    const { clock, random, giveUpMs, onFlush, onFailure, isOutage } = this.#options
    for (let attempt = 0; ; attempt++) {
      const startMs = clock.monotonicMs()
      try {
        const result = await write()
        this.isFailing = false
        onFlush?.(items.length, clock.monotonicMs() - startMs)
        return result
      } catch (error) {
        if (!isOutage(error)) throw error
        this.isFailing = true
        const nowMs = clock.monotonicMs()
        const willRetry = items.some((item) => nowMs - item.sinceMs < giveUpMs)
        onFailure?.(error, willRetry)
        if (!willRetry) {
          this.#refuse(items)
          this.#refuseAll()
          return undefined
        }
        await new Promise<void>((resolve) =>
          clock.after(10 + backoffMs(attempt, RETRY_BASE_MS, RETRY_MAX_MS, random), resolve),
        )
      }
    }
  }

  #refuse(items: Item[]): void {
    const error = new AppError(
      "unavailable",
      "The database is away; it may or may not have been stored. Send it again.",
      {
        retryAfterMs: 1_000,
      },
    )
    for (const item of items)
      if (item.kind === "message") this.#settle(item, error, undefined)
      else item.reject(error)
  }

  /**
   * What waits behind a refused one is refused with it, however young: whoever wrote both may be gone, and sends them
   * again by another node, where the first would come after what is stored of the rest here ([L11]).
   */
  #refuseAll(): void {
    for (let item = this.#queue.shift(); item; item = this.#queue.shift()) this.#refuse([item])
  }

  #settle(item: MessageItem, error: AppError | undefined, placed: Placed | undefined): void {
    const { room, author, clientId } = item.draft
    this.#unsettled.delete(`${room.id} ${author.id} ${clientId}`)
    for (const settle of item.settles) settle(error, placed)
  }

  #deliver(runs: Runs): void {
    const batches = runs.batches()
    if (batches.length > 0) this.#options.onCommitted(batches)
  }

  #timestamp = () => new Date(this.#options.clock.now()).toISOString()
}

interface Run {
  room: LogRoom
  firstSeq: number
  lastSeq: number
  frames: string[]
  messages: number
}

/** Gathers frames into runs without holes, a room each. */
class Runs {
  readonly #runs: Run[] = []
  readonly #open = new Map<string, Run>()

  add(room: LogRoom, seq: number, frame: string, messages: number): void {
    const open = this.#open.get(room.id)
    if (open && open.lastSeq + 1 === seq) {
      open.frames.push(frame)
      open.lastSeq = seq
      open.messages += messages
      return
    }
    const run = { room, firstSeq: seq, lastSeq: seq, frames: [frame], messages }
    this.#open.set(room.id, run)
    this.#runs.push(run)
  }

  batches(): CommittedBatch[] {
    return this.#runs
  }
}
