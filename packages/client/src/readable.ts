/** Something observable. `get()` gives an immutable snapshot, the same object until something changed. */
export interface Readable<T> {
  /** The newest snapshot. Never fails. */
  get(): T
  /** Calls `fn` after every change until the returned function is called. Fits `useSyncExternalStore`. */
  subscribe(fn: () => void): () => void
}

/** A `Readable` its owner may set. Setting what is there already tells nobody. */
export class Cell<T> implements Readable<T> {
  #value: T
  #listeners = new Set<() => void>()

  constructor(value: T) {
    this.#value = value
  }

  get = (): T => this.#value

  subscribe = (fn: () => void): (() => void) => {
    // A wrapper, so that one function subscribed twice is two subscriptions.
    const listener = () => fn()
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  set(value: T): void {
    if (Object.is(value, this.#value)) return
    this.#value = value
    for (const listener of [...this.#listeners]) guarded(listener)
  }
}

/** Runs an application's callback: what it throws is reported as uncaught, and never breaks who called it. */
export function guarded(fn: () => void): void {
  try {
    fn()
  } catch (thrown) {
    queueMicrotask(() => {
      throw thrown
    })
  }
}
