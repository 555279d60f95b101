import type { Event } from "@klatch/protocol"
import type { Clock } from "./clock.ts"
import { contract, type Outgoing } from "./contract.ts"
import { KlatchError } from "./error.ts"

/** How long an answer may take. */
export const answerMs = 15_000
/** Past this many open questions the next is refused at once, as `rate_limited`. */
const requestsMax = 10_000

interface Open {
  readonly resolve: (answer: never) => void
  readonly reject: (error: KlatchError) => void
  readonly cancelDeadline: () => void
}

/** Frames that are answered: each gets a `ref`, and its promise settles with the reply, the deadline or the link. */
export class Requests {
  readonly #clock: Clock
  readonly #sendText: (text: string) => boolean
  readonly #open = new Map<string, Open>()
  #refs = 0

  /** `sendText` writes a frame, or says false when there is no connection. */
  constructor(clock: Clock, sendText: (text: string) => boolean) {
    this.#clock = clock
    this.#sendText = sendText
  }

  /**
   * Sends a frame and waits for its answer, whose shape the caller knows from the frame. Rejects with the server's
   * error, `timeout`, `closed` when there is no connection or it is lost, `too_large` when the frame would be
   * refused by closing the connection.
   */
  send<A>(frame: Outgoing, deadlineMs = answerMs): Promise<A> {
    return new Promise<A>((resolve, reject) => {
      if (this.#open.size >= requestsMax)
        return reject(new KlatchError("rate_limited", "Too many requests are open."))
      const ref = (++this.#refs).toString(36)
      const text = JSON.stringify({ ...frame, ref })
      if (isTooLarge(text)) return reject(new KlatchError("too_large", "This is larger than a frame may be."))
      const cancelDeadline = this.#clock.after(deadlineMs, () => {
        this.#open.delete(ref)
        reject(new KlatchError("timeout", "The server did not answer in time."))
      })
      this.#open.set(ref, { resolve, reject, cancelDeadline })
      if (this.#sendText(text)) return
      this.#take(ref)
      reject(new KlatchError("closed", "There is no connection."))
    })
  }

  /** Settles the request that `event` answers, if it is an answer. */
  hear(event: Event): void {
    if (event.type !== "ack" && event.type !== "error" && event.type !== "resumed") return
    const open = event.ref === undefined ? undefined : this.#take(event.ref)
    if (!open) return
    if (event.type === "error") open.reject(new KlatchError(event.code, event.message, event.retry_after_ms))
    else open.resolve(event as never)
  }

  /** The connection is gone: nothing will be answered any more. */
  failAll(): void {
    const all = [...this.#open.values()]
    this.#open.clear()
    for (const open of all) {
      open.cancelDeadline()
      open.reject(new KlatchError("closed", "The connection was lost before the answer."))
    }
  }

  #take(ref: string): Open | undefined {
    const open = this.#open.get(ref)
    this.#open.delete(ref)
    open?.cancelDeadline()
    return open
  }
}

/** UTF-8 takes at most three bytes a UTF-16 unit, so the short ones need no count. */
const isTooLarge = (text: string): boolean =>
  text.length * 3 > contract.frameBytesMax && new TextEncoder().encode(text).length > contract.frameBytesMax
