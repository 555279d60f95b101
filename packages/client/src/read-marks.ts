import type { Clock } from "./clock.ts"

/** A mark is told once it has been there this long: while someone reads on, only where they have come to by then. */
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
    this.#tellSoon(roomId, mark)
  }

  /** Up to which message a room was read; 0 when nothing is known. */
  of(roomId: string): number {
    return this.#marks.get(roomId)?.messageId ?? 0
  }

  /** A connection is open. */
  up(): void {
    for (const [roomId, mark] of this.#marks) this.#tellSoon(roomId, mark)
  }

  /** The connection is gone, and what was written last with it, perhaps. */
  down(): void {
    for (const mark of this.#marks.values()) mark.toldId = 0
  }

  /** Another user is here now. */
  forget(): void {
    for (const mark of this.#marks.values()) mark.cancelRest?.()
    this.#marks.clear()
  }

  /** Tells at once what was about to be told: the page may be closed next. */
  flush(): void {
    for (const [roomId, mark] of this.#marks) this.#tell(roomId, mark)
  }

  #tellSoon(roomId: string, mark: Mark): void {
    if (mark.toldId >= mark.messageId) return
    mark.cancelRest ??= this.#options.clock.after(tellMs, () => this.#tell(roomId, mark))
  }

  #tell(roomId: string, mark: Mark): void {
    mark.cancelRest?.()
    mark.cancelRest = null
    if (mark.toldId < mark.messageId && this.#options.tell(roomId, mark.messageId))
      mark.toldId = mark.messageId
  }
}
