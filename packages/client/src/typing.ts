import type { Clock } from "./clock.ts"
import { Cell, type Readable } from "./readable.ts"

/** Someone who is typing now. */
export interface TypingUser {
  readonly user_id: string
  readonly from: string
}

/** Others typing now; each expires by itself after 5 s. */
export interface Typing extends Readable<readonly TypingUser[]> {
  /** Tells the others whether we type. Call it at every key stroke: it is throttled. */
  set(active: boolean): void
}

/** Who was not heard typing for this long has stopped. */
export const typingMs = 5_000
/** While typing goes on, the others are told this often: twice before it expires for them. */
export const typingRepeatMs = 2_000
/** Past this many at once, further ones are not shown. */
export const typersMax = 100

/** Who types in a room, ourselves too. */
export class RoomTyping implements Typing {
  readonly #users = new Cell<readonly TypingUser[]>([])
  readonly #clock: Clock
  readonly #tell: (active: boolean) => boolean
  readonly #expiries = new Map<string, () => void>()
  /** When the others are to be told again that we type, by the monotonic clock; 0: they think we do not. */
  #againMs = 0

  /** `tell` writes a typing frame, or says false when it cannot. */
  constructor(clock: Clock, tell: (active: boolean) => boolean) {
    this.#clock = clock
    this.#tell = tell
  }

  get = (): readonly TypingUser[] => this.#users.get()

  subscribe = (fn: () => void): (() => void) => this.#users.subscribe(fn)

  /** Someone else types, or stopped. */
  heard(user: TypingUser, active: boolean): void {
    if (!active) {
      this.cleared(user.user_id)
      return
    }
    const others = this.#users.get()
    const isKnown = this.#expiries.has(user.user_id)
    if (!isKnown && others.length >= typersMax) return
    this.#expiries.get(user.user_id)?.()
    const cancel = this.#clock.after(typingMs, () => this.cleared(user.user_id))
    this.#expiries.set(user.user_id, cancel)
    if (!isKnown) this.#users.set([...others, { user_id: user.user_id, from: user.from }])
  }

  /** They no longer type: they sent it. */
  cleared(userId: string): void {
    const cancel = this.#expiries.get(userId)
    if (!cancel) return
    cancel()
    this.#expiries.delete(userId)
    this.#users.set(this.#users.get().filter((user) => user.user_id !== userId))
  }

  /** Nobody is heard any more. */
  clear(): void {
    for (const cancel of this.#expiries.values()) cancel()
    this.#expiries.clear()
    this.#againMs = 0
    if (this.#users.get().length > 0) this.#users.set([])
  }

  /** We type, or stopped. What cannot be told is not kept: typing is only true now. */
  set(active: boolean): void {
    const nowMs = this.#clock.monotonicMs()
    if (active ? nowMs < this.#againMs : this.#againMs === 0) return
    this.#againMs = this.#tell(active) && active ? nowMs + typingRepeatMs : 0
  }

  /** We sent what we typed, and the others see that by the message. */
  sent(): void {
    this.#againMs = 0
  }
}
