/** Calls `fn` when the network comes back or the page is looked at again, where there is such a thing. */
export function onWake(fn: () => void): () => void {
  const { addEventListener, removeEventListener, document } = globalThis as Partial<typeof globalThis>
  if (typeof addEventListener !== "function" || typeof removeEventListener !== "function") return () => {}
  const look = () => {
    if (document?.visibilityState === "visible") fn()
  }
  addEventListener("online", fn)
  document?.addEventListener("visibilitychange", look)
  return () => {
    removeEventListener("online", fn)
    document?.removeEventListener("visibilitychange", look)
  }
}

/** Calls `fn` when the page is left or no longer looked at: it may never run again. */
export function onHide(fn: () => void): () => void {
  const { addEventListener, removeEventListener } = globalThis as Partial<typeof globalThis>
  if (typeof addEventListener !== "function" || typeof removeEventListener !== "function") return () => {}
  addEventListener("pagehide", fn)
  return () => removeEventListener("pagehide", fn)
}
