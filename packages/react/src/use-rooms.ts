import type { Client, KlatchError, RoomListState, Rooms } from "@klatch/client"
import { useKlatch } from "./provider.ts"
import { all, useReadable } from "./use-readable.ts"
import { oneFor, settable, type View, view } from "./view.ts"

type Actions = Pick<Rooms, "load" | "discover" | "create" | "direct">

/** The user's rooms, and the ways to more of them. The functions stay the same for one client. */
export interface RoomsView extends RoomListState, Actions {
  /** Why the list could not be loaded, which is tried again with the next connection, or by `load`; else null. */
  readonly error: KlatchError | null
}

const viewOf = oneFor(({ rooms, connection }: Client): View<RoomsView> => {
  const error = settable<KlatchError | null>(null)
  let isAsked = false
  const load = async () => {
    isAsked = true
    try {
      await rooms.load()
      error.set(null)
    } catch (thrown) {
      isAsked = false
      error.set(thrown as KlatchError)
      throw thrown
    }
  }
  const actions: Actions = {
    load,
    discover: (query) => rooms.discover(query),
    create: (input) => rooms.create(input),
    direct: (to) => rooms.direct(to),
  }
  const first: RoomsView = { status: "empty", rooms: [], error: null, ...actions }
  const shown = view<RoomsView>([rooms, error], first, () => ({
    ...rooms.get(),
    error: error.get(),
    ...actions,
  }))
  /** Once loaded, the list keeps itself up to date, whether it is shown or not. */
  const loadOnce = () => {
    if (isAsked || connection.get().phase !== "open") return
    if (rooms.get().status !== "ready" || error.get() !== null) load().catch(() => {})
  }
  return {
    ...shown,
    subscribe(fn) {
      const stops = [shown.subscribe(fn), connection.subscribe(loadOnce)]
      loadOnce()
      return () => {
        for (const stop of stops) stop()
      }
    },
  }
})

/**
 * The user's rooms, or what `select` makes of them: loaded once the client is connected, and kept up to date from then
 * on.
 *
 * ```tsx
 * const { rooms, create } = useRooms()
 * const unread = useRooms(({ rooms }) => rooms.reduce((sum, room) => sum + (room.unread ?? 0), 0))
 * ```
 */
export function useRooms(): RoomsView
export function useRooms<S>(select: (rooms: RoomsView) => S): S
export function useRooms(select: (rooms: RoomsView) => unknown = all): unknown {
  const rooms = viewOf(useKlatch())
  return useReadable(rooms, rooms.first, select)
}
