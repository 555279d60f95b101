import type { Room, Typing, TypingUser } from "@klatch/client"
import { all, useReadable } from "./use-readable.ts"
import { oneFor, view } from "./view.ts"

/** Who types in a room, and how to tell that we do. The function stays the same for one room. */
export interface TypingView extends Pick<Typing, "set"> {
  /** Others who type now; each is gone 5 s after they were last heard of. */
  readonly users: readonly TypingUser[]
}

const viewOf = oneFor(({ typing }: Room) => {
  const actions: Pick<Typing, "set"> = { set: (active) => typing.set(active) }
  return view<TypingView>([typing], { users: [], ...actions }, () => ({ users: typing.get(), ...actions }))
})

/**
 * Who types in a room, or what `select` makes of that. It does not open the room: `useRoom` does.
 *
 * ```tsx
 * const count = useTyping(room, ({ users }) => users.length)
 * return count > 0 ? <p>{count} typing</p> : null
 * ```
 */
export function useTyping(room: Room): TypingView
export function useTyping<S>(room: Room, select: (typing: TypingView) => S): S
export function useTyping(room: Room, select: (typing: TypingView) => unknown = all): unknown {
  const typing = viewOf(room)
  return useReadable(typing, typing.first, select)
}
