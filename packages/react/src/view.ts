import type { Readable } from "@klatch/client"
import { areAlike } from "./alike.ts"

/** What a hook shows, put together from the client's own readables. */
export interface View<T> extends Readable<T> {
  /** What is shown where nothing can be known: on a server, and in the browser while it takes the server's page up. */
  readonly first: T
}

/** Makes a view of `sources`. It stays the same object until one of them changes. */
export function view<T extends object>(
  sources: readonly Readable<unknown>[],
  first: T,
  read: (before: T) => T,
): View<T> {
  let seen: readonly unknown[] = []
  let last = first
  return {
    first,
    get() {
      const now = sources.map((source) => source.get())
      if (!areAlike(seen, now)) {
        seen = now
        last = read(last)
      }
      return last
    },
    subscribe(fn) {
      const stops = sources.map((source) => source.subscribe(fn))
      return () => {
        for (const stop of stops) stop()
      }
    },
  }
}

/** A readable that its owner sets. */
export interface Settable<T> extends Readable<T> {
  set(value: T): void
}

export function settable<T>(value: T): Settable<T> {
  const listeners = new Set<() => void>()
  return {
    get: () => value,
    subscribe(fn) {
      // A wrapper, so that one function subscribed twice is two subscriptions.
      const listener = () => fn()
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    set(next) {
      if (Object.is(value, next)) return
      value = next
      for (const listener of [...listeners]) listener()
    },
  }
}

/** One value for each key, made when it is first asked for and gone with its key. */
export function oneFor<K extends object, V>(make: (key: K) => V): (key: K) => V {
  const known = new WeakMap<K, V>()
  return (key) => {
    const value = known.get(key) ?? make(key)
    known.set(key, value)
    return value
  }
}
