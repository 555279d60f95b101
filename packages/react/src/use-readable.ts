import type { Readable } from "@klatch/client"
import { useCallback, useRef, useSyncExternalStore } from "react"
import { kept } from "./alike.ts"

interface Chosen<T, S> {
  readonly from: T
  readonly select: (value: T) => S
  readonly selected: S
}

/** Selects everything. */
export const all = <T>(value: T): T => value

/**
 * What `select` makes of a readable. The component renders again only when that changed; a list or an object that is
 * made anew with the same in it has not changed. `first` is what is known on a server, and while hydrating.
 */
export function useReadable<T, S>(readable: Readable<T>, first: T, select: (value: T) => S): S {
  // Written while rendering, and safe so: it only decides which of two values that are alike is answered.
  const last = useRef<Chosen<T, S> | null>(null)
  const choose = (from: T): S => {
    const before = last.current
    if (before && Object.is(before.from, from) && before.select === select) return before.selected
    const made = select(from)
    const selected = before ? kept(before.selected, made) : made
    last.current = { from, select, selected }
    return selected
  }
  const subscribe = useCallback((fn: () => void) => readable.subscribe(fn), [readable])
  return useSyncExternalStore(
    subscribe,
    () => choose(readable.get()),
    () => choose(first),
  )
}
