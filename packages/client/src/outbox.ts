import type { SentAck } from "@klatch/protocol"
import { backoffMs } from "./backoff.ts"
import type { Clock } from "./clock.ts"
import { isForLater, type Outgoing } from "./contract.ts"
import { KlatchError } from "./error.ts"
import type { Random } from "./random.ts"
import type { Requests } from "./requests.ts"

/** Past this many waiting messages the next one fails at once, as `rate_limited`. */
export const outboxMax = 1_000

/** A message at which the server fails this often is given up: it would hold up those behind it for ever. */
const internalTriesMax = 8

/** A message to be sent once. Those of one lane keep their order. */
export interface Letter {
  /** The room, in the client's own words. */
  readonly lane: string
  readonly clientId: string
  /** The frame as it should be written now. It carries the client id, so the server stores it once. */
  readonly frame: () => Outgoing
  /** Of one that was kept from before: its place among those. What is written now goes after them. */
  readonly order?: string | undefined
}

interface Waiting extends Letter {
  readonly resolve: (ack: SentAck) => void
  readonly reject: (error: KlatchError) => void
}

interface Lane {
  readonly queue: Waiting[]
  /** The first is on its way, and nothing of the lane may overtake it. */
  busy: boolean
  attempt: number
  cancelWait: (() => void) | null
}

export interface OutboxOptions {
  readonly clock: Clock
  readonly random: Random
  readonly requests: Requests
  /** Whether a lane may be written to now. */
  readonly isReady: (lane: string) => boolean
}

/**
 * Messages on their way. Each is sent again, under the same client id, until the server answers it: across lost
 * answers, reconnects and refusals that are only for now. One at a time per lane, so a refused one is not
 * overtaken by the next.
 */
export class Outbox {
  readonly #options: OutboxOptions
  readonly #lanes = new Map<string, Lane>()
  #size = 0
  /** Why there is no connection, and none to come until someone connects; null while there is. */
  ended: KlatchError | null = null

  constructor(options: OutboxOptions) {
    this.#options = options
  }

  /**
   * Resolves once durable. Rejects with the server's final refusal, with `failAll`'s error, when full, or when closed.
   * What was kept from before goes in its order before all that was not, but after one that is on its way already.
   */
  add(letter: Letter): Promise<SentAck> {
    return new Promise((resolve, reject) => {
      if (this.ended && endsAll(this.ended)) return reject(this.ended)
      if (this.#size >= outboxMax)
        return reject(new KlatchError("rate_limited", "Too much waits to be sent."))
      this.#size++
      const lane = this.#lanes.get(letter.lane) ?? { queue: [], busy: false, attempt: 0, cancelWait: null }
      this.#lanes.set(letter.lane, lane)
      const { queue, busy } = lane
      const isEarlier = ({ order }: Letter, at: number) =>
        !letter.order || (busy && at === 0) || (order && order < letter.order)
      queue.splice(queue.filter(isEarlier).length, 0, { ...letter, resolve, reject })
      this.#pump(letter.lane)
    })
  }

  /** Sends on, now that lanes may be ready again. */
  flush(): void {
    for (const name of [...this.#lanes.keys()]) this.#pump(name)
  }

  /** The message was seen in the log: it is durable, whatever became of its ack. */
  settle(lane: string, clientId: string, ack: SentAck): void {
    const waiting = this.#lanes.get(lane)?.queue.find((one) => one.clientId === clientId)
    if (!waiting) return
    this.#remove(lane, waiting)
    waiting.resolve(ack)
  }

  /** No connection comes back by itself. */
  end(error: KlatchError): void {
    this.ended = error
    if (endsAll(error)) this.failAll(error)
  }

  /** Gives up on everything. */
  failAll(error: KlatchError): void {
    const lanes = [...this.#lanes.values()]
    this.#lanes.clear()
    this.#size = 0
    for (const lane of lanes) {
      lane.cancelWait?.()
      for (const waiting of lane.queue) waiting.reject(error)
    }
  }

  #pump(name: string): void {
    const lane = this.#lanes.get(name)
    const first = lane?.queue[0]
    if (!lane || !first || lane.busy || lane.cancelWait || !this.#options.isReady(name)) return
    lane.busy = true
    this.#options.requests.send<SentAck>(first.frame()).then(
      (ack) => {
        lane.busy = false
        lane.attempt = 0
        this.#remove(name, first)
        first.resolve(ack)
        this.#pump(name)
      },
      (error: KlatchError) => {
        lane.busy = false
        this.#refused(name, lane, first, error)
      },
    )
  }

  #refused(name: string, lane: Lane, first: Waiting, error: KlatchError): void {
    // Given up, or settled by its event and nothing else to send.
    if (this.#lanes.get(name) !== lane) return
    // Lost with the connection: `flush` sends it again when there is one.
    if (error.code === "closed") return
    const isHopeless = error.code === "internal" && lane.attempt >= internalTriesMax
    const isForNow = !endsAll(error) || isForLater(error.code)
    if (isForNow && !isHopeless) {
      const delayMs = backoffMs(lane.attempt++, this.#options.random, error.retryAfterMs)
      lane.cancelWait = this.#options.clock.after(delayMs, () => {
        lane.cancelWait = null
        this.#pump(name)
      })
      return
    }
    lane.attempt = 0
    this.#remove(name, first)
    first.reject(error)
    this.#pump(name)
  }

  #remove(name: string, waiting: Waiting): void {
    const lane = this.#lanes.get(name)
    const at = lane?.queue.indexOf(waiting) ?? -1
    if (!lane || at < 0) return
    lane.queue.splice(at, 1)
    this.#size--
    if (lane.queue.length > 0) return
    lane.cancelWait?.()
    this.#lanes.delete(name)
  }
}

/** Whoever is not let in by one token may be by the next: what they wrote waits for it. */
const endsAll = ({ code }: KlatchError): boolean => code !== "unauthorized"
