/** Calls `fn` when the network comes back or the page is looked at again, where there is such a thing. */
export function onWake(fn: () => void): () => void {
  const { document } = globalThis as Partial<typeof globalThis>
  const look = () => {
    if (document?.visibilityState === "visible") fn()
  }
  const stops = [on(globalThis, "online", fn), on(document, "visibilitychange", look)]
  return () => {
    for (const stop of stops) stop()
  }
}

/** Calls `fn` when the page is left or no longer looked at: it may never run again. */
export const onHide = (fn: () => void): (() => void) => on(globalThis, "pagehide", fn)

function on(target: Partial<EventTarget> | undefined, type: string, fn: () => void): () => void {
  target?.addEventListener?.(type, fn)
  return () => target?.removeEventListener?.(type, fn)
}
