import type { Event } from "@klatch/protocol"
import type { Clock } from "./clock.ts"
import { contract, type Outgoing } from "./contract.ts"
import { KlatchError } from "./error.ts"
import { lateText } from "./patience.ts"

/** How long an answer may take, once the frame was written. */
export const answerMs = 15_000
/** Frames without an answer yet; further ones wait here, as a server would close a connection that floods it. */
export const unansweredMax = 32
/** `rate_limited` holds back what waits as long as it says, but no longer than this: it may be about one room only. */
const pauseMaxMs = 2_000
/** After `rate_limited`, this many good answers come one by one, this far apart, before frames flow freely again. */
const carefulCount = 200
const carefulMs = 25
/** Past this many, written or waiting, the next is refused at once, as `rate_limited`. */
const requestsMax = 10_000

/** Nothing but a message is as long. */
export const tooLarge = () =>
  new KlatchError("too_large", `A message has at most ${contract.contentCharsMax} characters.`)

interface Request {
  readonly ref: string
  readonly text: string
  readonly resolve: (answer: never) => void
  readonly reject: (error: KlatchError) => void
  cancelDeadline: () => void
}

/** Frames that are answered: each gets a `ref`, and its promise settles with the reply, the deadline or the link. */
export class Requests {
  readonly #clock: Clock
  readonly #sendText: (text: string) => boolean
  readonly #waiting: Request[] = []
  readonly #written = new Map<string, Request>()
  #refs = 0
  #careful = 0
  #cancelPause: (() => void) | null = null

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
  send<A>(frame: Outgoing): Promise<A> {
    return new Promise<A>((resolve, reject) => {
      const ref = (++this.#refs).toString(36)
      const text = JSON.stringify({ ...frame, ref })
      if (isTooLarge(text)) reject(tooLarge())
      else if (this.#waiting.length + this.#written.size >= requestsMax)
        reject(new KlatchError("rate_limited", "Too much waits to be sent."))
      else {
        this.#waiting.push({ ref, text, resolve, reject, cancelDeadline: () => {} })
        this.#pump()
      }
    })
  }

  /** Settles the request that `event` answers, if it is an answer. */
  hear(event: Event): void {
    const request = "ref" in event && event.ref !== undefined && this.#take(event.ref)
    if (!request) return
    if (event.type === "error") {
      if (event.code === "rate_limited") {
        this.#careful = carefulCount
        this.#pause((event.retry_after_ms ?? 0) + carefulMs)
      }
      request.reject(new KlatchError(event.code, event.message, event.retry_after_ms))
    } else {
      this.#careful = Math.max(0, this.#careful - 1)
      request.resolve(event as never)
    }
    this.#pump()
  }

  /** The connection is gone: nothing will be answered any more. */
  failAll(): void {
    const all = [...this.#written.values(), ...this.#waiting.splice(0)]
    this.#written.clear()
    this.#cancelPause?.()
    this.#cancelPause = null
    this.#careful = 0
    for (const request of all) {
      request.cancelDeadline()
      request.reject(new KlatchError("closed", "The connection was lost."))
    }
  }

  #pump(): void {
    while (!this.#cancelPause && this.#written.size < (this.#careful > 0 ? 1 : unansweredMax)) {
      const request = this.#waiting.shift()
      if (!request) return
      if (this.#careful > 0) this.#pause(carefulMs)
      this.#written.set(request.ref, request)
      request.cancelDeadline = this.#clock.after(answerMs, () => this.#late(request))
      if (this.#sendText(request.text)) continue
      this.#take(request.ref)
      request.reject(new KlatchError("closed", "The connection was lost."))
    }
  }

  /** What still waits would only be refused as well. */
  #pause(ms: number): void {
    this.#cancelPause?.()
    this.#cancelPause = this.#clock.after(Math.min(ms, pauseMaxMs), () => {
      this.#cancelPause = null
      this.#pump()
    })
  }

  #late(request: Request): void {
    this.#take(request.ref)
    request.reject(new KlatchError("timeout", lateText))
    this.#pump()
  }

  #take(ref: string): Request | undefined {
    const request = this.#written.get(ref)
    this.#written.delete(ref)
    request?.cancelDeadline()
    return request
  }
}

const isTooLarge = (text: string): boolean => new TextEncoder().encode(text).length > contract.frameBytesMax
