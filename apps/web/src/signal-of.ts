import type { Readable } from "@klatch/client"
import { type ReadonlySignal, signal } from "@preact/signals"

const signals = new WeakMap<object, ReadonlySignal<unknown>>()

/** The signal of a readable: always the same one, so that components may ask anew. It lives as long as the readable. */
export function signalOf<T>(readable: Readable<T>): ReadonlySignal<T> {
  const known = signals.get(readable)
  if (known !== undefined) return known as ReadonlySignal<T>
  const made = signal(readable.get())
  readable.subscribe(() => {
    made.value = readable.get()
  })
  signals.set(readable, made)
  return made
}
