import { type Signal, signal } from "@preact/signals"

/** The part of `Storage` that is needed. */
export interface Kept {
  getItem(key: string): string | null
  setItem(key: string, value: string): void
}

/** How far a room was read at this browser, over all tabs. It never moves back. */
export class Seen implements Disposable {
  /** The newest message read; null when nobody of this name was here before. */
  readonly messageId: Signal<number | null>
  readonly #key: string
  readonly #kept: Kept | null
  readonly #unlisten: () => void

  /** `kept` is null where a browser keeps nothing: then it holds as long as the page does. */
  constructor(identityKey: string, room: string, kept: Kept | null = localKept()) {
    this.#key = `klatch.seen ${identityKey} ${room}`
    this.#kept = kept
    this.messageId = signal(this.#read())
    const onStorage = ({ key }: StorageEvent) => {
      if (key === this.#key) this.move(this.#read() ?? 0)
    }
    globalThis.addEventListener?.("storage", onStorage)
    this.#unlisten = () => globalThis.removeEventListener?.("storage", onStorage)
  }

  /** Everything up to and including this message was read. */
  move(messageId: number): void {
    const before = this.messageId.peek()
    if (before !== null && messageId <= before) return
    this.messageId.value = messageId
    if (messageId <= (this.#read() ?? -1)) return
    try {
      this.#kept?.setItem(this.#key, String(messageId))
    } catch {
      // Full, or refused: it holds as long as the page does.
    }
  }

  [Symbol.dispose](): void {
    this.#unlisten()
  }

  #read(): number | null {
    try {
      const kept = this.#kept?.getItem(this.#key) ?? null
      return kept !== null && /^\d{1,15}$/.test(kept) ? Number(kept) : null
    } catch {
      return null
    }
  }
}

/** Some pages may not touch it at all, and asking throws. */
function localKept(): Kept | null {
  try {
    return globalThis.localStorage ?? null
  } catch {
    return null
  }
}
