import { type Client, type ClientOptions, createClient } from "@klatch/client"
import { createTestKlatch } from "@klatch/testing"
import type { ReactNode } from "react"
import type { Kit, Root } from "./kit.ts"

/** A page on which components of one user stand, and the Klatch behind it. */
export function stage(kit: Kit, options: ClientOptions = {}) {
  const klatch = createTestKlatch()
  const client = createClient({ ...klatch.clientOptions("ann"), ...options })
  const container = document.createElement("div")
  let root: Root | null = null
  const within = (node: ReactNode) => kit.createElement(kit.hooks.KlatchProvider, { client }, node)

  /** Lets time pass, and renders what comes of it. */
  const run = (ms: number) => kit.act(() => klatch.clock.run(ms))
  return {
    ...klatch,
    client,
    container,
    run,
    /** What the client wrote, by type. */
    sent: (type: string) => klatch.server.frames.filter((frame) => frame.type === type).length,
    /** Puts these components on the page in place of what was there, and lets them come to rest. */
    async show(...nodes: ReactNode[]): Promise<void> {
      await kit.act(() => {
        root ??= kit.createRoot(container)
        root.render(within(kit.createElement("main", null, ...nodes)))
      })
      await run(200)
    },
    /** Takes up a page that a server made. */
    async hydrate(html: string, node: ReactNode): Promise<void> {
      container.innerHTML = html
      await kit.act(() => {
        root = kit.hydrateRoot(container, within(node))
      })
    },
    async close(): Promise<void> {
      await kit.act(() => root?.unmount())
      await run(200)
      await kit.act(() => client.close())
    },
  }
}

export type Stage = ReturnType<typeof stage>

/** A component that only uses a hook, and what it saw at each of its renders. */
export interface Probe<T> {
  readonly element: ReactNode
  readonly seen: T[]
  /** What it saw last. */
  readonly now: T
}

/** Makes a probe. It has no parent to render for: each of its renders is the hook's doing. */
export function probe<T>(kit: Kit, use: () => T, key?: string): Probe<T> {
  const seen: T[] = []
  const Probing = kit.memo(() => {
    seen.push(use())
    return null
  })
  return {
    element: kit.createElement(Probing, key === undefined ? null : { key }),
    seen,
    get now() {
      return seen.at(-1) as T
    },
  }
}

/** A client that is connected by the time the first component is shown. */
export async function connected(kit: Kit, options: ClientOptions = {}): Promise<Stage & { client: Client }> {
  const made = stage(kit, options)
  made.client.connect()
  await made.run(200)
  return made
}
