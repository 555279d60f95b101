import type { Clock } from "./clock.ts"

/** How often a room's mark is told at most, while someone reads on. */
export const tellMs = 1_000

export interface ReadMarksOptions {
  readonly clock: Clock
  /** Writes a mark; false when there is no connection. */
  readonly tell: (roomId: string, messageId: number) => boolean
  readonly onMoved: (roomId: string, messageId: number) => void
}

interface Mark {
  messageId: number
  toldId: number
  cancelRest: (() => void) | null
}

/** How far each room was read. A mark never moves back, and what could not be told is told with the next connection. */
export class ReadMarks {
  readonly #options: ReadMarksOptions
  readonly #marks = new Map<string, Mark>()

  constructor(options: ReadMarksOptions) {
    this.#options = options
  }

  /** Everything in a room up to and including this message was read. */
  move(roomId: string, messageId: number): void {
    const mark = this.#marks.get(roomId) ?? { messageId: 0, toldId: 0, cancelRest: null }
    if (messageId <= mark.messageId) return
    this.#marks.set(roomId, mark)
    mark.messageId = messageId
    this.#options.onMoved(roomId, messageId)
    this.#flush(roomId, mark)
  }

  /** A connection is open. */
  up(): void {
    for (const [roomId, mark] of this.#marks) this.#flush(roomId, mark)
  }

  /** The connection is gone, and what was written last with it, perhaps. */
  down(): void {
    for (const mark of this.#marks.values()) mark.toldId = 0
  }

  /** Tells what was not told yet, unless something was told a moment ago. */
  #flush(roomId: string, mark: Mark): void {
    if (mark.cancelRest || mark.toldId >= mark.messageId) return
    if (!this.#options.tell(roomId, mark.messageId)) return
    mark.toldId = mark.messageId
    mark.cancelRest = this.#options.clock.after(tellMs, () => {
      mark.cancelRest = null
      this.#flush(roomId, mark)
    })
  }
}
