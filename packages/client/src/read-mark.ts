import type { Clock } from "./clock.ts"

/** How often a mark is told at most, while someone reads on. */
export const tellMs = 1_000

export interface ReadMarkOptions {
  readonly clock: Clock
  /** Writes the mark; false when that cannot be now. */
  readonly tell: (messageId: number) => boolean
  /** The mark moved. */
  readonly onMoved: (messageId: number) => void
}

/** How far a room was read. It never moves back, and what could not be told is told when the room is in touch. */
export class ReadMark {
  readonly #options: ReadMarkOptions
  #messageId = 0
  #toldId = 0
  #cancelRest: (() => void) | null = null

  constructor(options: ReadMarkOptions) {
    this.#options = options
  }

  /** Everything up to and including this message was read. */
  move(messageId: number): void {
    if (messageId <= this.#messageId) return
    this.#messageId = messageId
    this.#options.onMoved(messageId)
    this.flush()
  }

  /** Tells what was not told yet, if it can be told and was not told a moment ago. */
  flush(): void {
    if (this.#cancelRest || this.#toldId >= this.#messageId) return
    if (!this.#options.tell(this.#messageId)) return
    this.#toldId = this.#messageId
    this.#cancelRest = this.#options.clock.after(tellMs, () => {
      this.#cancelRest = null
      this.flush()
    })
  }

  /** The connection is gone, and what was written last with it, perhaps. */
  down(): void {
    this.#toldId = 0
  }
}
