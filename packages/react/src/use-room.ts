import type { KlatchError, Room, RoomInfo, TimelineState } from "@klatch/client"
import { useEffect, useLayoutEffect } from "react"
import { HeldRoom } from "./held-room.ts"
import { useKlatch } from "./provider.ts"
import { all, useReadable } from "./use-readable.ts"
import { oneFor, view } from "./view.ts"

/** A room in use. */
export interface RoomView {
  /** For `useMessages` and `useTyping`, and all else that the client can do with it. */
  readonly room: Room
  /** Null until joined. */
  readonly info: RoomInfo | null
  /** `stale`: not in touch with the server; what is shown was true. */
  readonly status: TimelineState["status"]
  /** Why the room cannot be opened, which is tried again with the next connection; else null. */
  readonly error: KlatchError | null
}

const entryOf = oneFor((room: Room) => {
  const held = new HeldRoom(room)
  const first: RoomView = { room, info: null, status: "empty", error: null }
  const shown = view<RoomView>([room.info, room.messages, held.error], first, () => ({
    room,
    info: room.info.get(),
    status: room.messages.get().status,
    error: held.error.get(),
  }))
  return { held, shown }
})

/**
 * A room by slug, by id, or as the client gave it: open while any component uses it, closed when the last one is gone.
 * An application that uses hooks for a room leaves opening and closing it to them.
 *
 * ```tsx
 * const { room, info, status, error } = useRoom("lobby")
 * if (error) return <p>{error.message}</p>
 * return <h1>{info?.name ?? "Opening"}</h1>
 * ```
 *
 * With `select`, a component renders only for what it shows: `useRoom("lobby", ({ room }) => room)`.
 */
export function useRoom(room: string | Room): RoomView
export function useRoom<S>(room: string | Room, select: (room: RoomView) => S): S
export function useRoom(asked: string | Room, select: (room: RoomView) => unknown = all): unknown {
  const client = useKlatch()
  const { held, shown } = entryOf(typeof asked === "string" ? client.room(asked) : asked)
  const selected = useReadable(shown, shown.first, select)
  // Before paint, in the very turn in which another component lets the room go. A server runs no effects, and React 18
  // warns there of this kind.
  const useHolding = typeof document === "undefined" ? useEffect : useLayoutEffect
  useHolding(() => held.hold(client.connection), [held, client])
  return selected
}
