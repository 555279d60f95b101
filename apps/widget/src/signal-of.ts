import type { Readable } from "@klatch/client"
import { type ReadonlySignal, signal } from "@preact/signals"

const made = new WeakMap<object, ReadonlySignal<unknown>>()

/** A readable as a signal: the same one for the same readable, for as long as that lives. */
export function signalOf<T>(readable: Readable<T>): ReadonlySignal<T> {
  let found = made.get(readable) as ReadonlySignal<T> | undefined
  if (found === undefined) {
    const one = signal(readable.get())
    readable.subscribe(() => {
      one.value = readable.get()
    })
    made.set(readable, one)
    found = one
  }
  return found
}
