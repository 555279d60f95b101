import type { createElement, memo, ReactNode, StrictMode, useLayoutEffect } from "react"

/** What a component can be put into. */
export interface Root {
  render(node: ReactNode): void
  unmount(): void
}

/** The hooks, and the library they run on. */
export interface Kit {
  readonly hooks: typeof import("../index.ts")
  readonly createElement: typeof createElement
  readonly memo: typeof memo
  readonly StrictMode: typeof StrictMode
  readonly useLayoutEffect: typeof useLayoutEffect
  readonly createRoot: (container: Element) => Root
  readonly hydrateRoot: (container: Element, node: ReactNode) => Root
  /** Does `fn` and all rendering that comes of it. Rejects with what `fn` or a component throws. */
  readonly act: (fn: () => void | Promise<void>) => Promise<void>
}
