import type { EventOf } from "@klatch/protocol"
import type { Client } from "./client.ts"

/** Tells of rooms and of who belongs to them. */
const types = ["join", "leave", "member", "room", "room_added", "room_removed"] as const

/** What a room's standing may change by. */
export type RoomNews = EventOf<(typeof types)[number]>

/** So often it is asked again when something happened meanwhile; the last answer is taken as it is. */
const triesMax = 3

/** What is shown of a room: asked of the server, and from then on kept true by the room's events. */
export interface Watch {
  /** Asks anew. Calls at the same time are one. Rejects with a `KlatchError`. */
  load(): Promise<void>
  close(): void
}

/**
 * Begins to watch. `ask` is answered with what takes the answer in; one that is older than an event heard meanwhile is
 * asked for again. After the first `load` it is asked anew with every connection that is made.
 */
export function watch(
  client: Client,
  parts: {
    ask(): Promise<() => void>
    hear(event: RoomNews): void
    /** The server is not in touch, or could not be asked: what is shown was true. */
    stale(): void
  },
): Watch {
  let heard = 0
  let isWanted = false
  let isOpen = client.connection.get().phase === "open"
  let loading: Promise<void> | null = null
  const ask = async () => {
    for (let tries = 1; ; tries++) {
      const before = heard
      const take = await parts.ask()
      if (before !== heard && tries < triesMax) continue
      take()
      return
    }
  }
  const load = () => {
    isWanted = true
    loading ??= ask()
      .catch((error: unknown) => {
        parts.stale()
        throw error
      })
      .finally(() => {
        loading = null
      })
    return loading
  }
  const stops = types.map((type) =>
    client.on(type, (event) => {
      heard++
      parts.hear(event)
    }),
  )
  const stopConnection = client.connection.subscribe(() => {
    const wasOpen = isOpen
    isOpen = client.connection.get().phase === "open"
    if (wasOpen && !isOpen) parts.stale()
    if (!wasOpen && isOpen && isWanted) load().catch(() => {})
  })
  const close = () => {
    isWanted = false
    for (const stop of [...stops, stopConnection]) stop()
  }
  return { load, close }
}

/** Changes some fields of what is shown. When they are so already, it stays the same object and nobody is told. */
export function change<T extends object>(
  cell: { get(): T | null; set(value: T): void },
  fields: Partial<T>,
): void {
  const now = cell.get()
  const isNews = (name: keyof T) => !Object.is(now?.[name], fields[name])
  if (now && (Object.keys(fields) as (keyof T)[]).some(isNews)) cell.set({ ...now, ...fields })
}

/** A room's address over HTTP. */
export const pathOf = (ref: string): string => `/rooms/${encodeURIComponent(ref)}`

/** The page of a list that begins after an id. */
export const pageAfter = (path: string, after?: string): string =>
  `${path}?limit=100${after === undefined ? "" : `&after=${after}`}`
