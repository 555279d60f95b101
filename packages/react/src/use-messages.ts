import type { Messages, Room, TimelineState } from "@klatch/client"
import { kept } from "./alike.ts"
import { all, useReadable } from "./use-readable.ts"
import { oneFor, view } from "./view.ts"

type Actions = Pick<
  Messages,
  "send" | "retry" | "discard" | "edit" | "delete" | "markRead" | "loadOlder" | "loadNewer" | "toNewest"
>

/**
 * A room's messages, and what can be done with them. The functions stay the same for one room; a message stays the
 * same object until it changes, so that a row wrapped in `memo` renders only for its own message.
 */
export interface MessagesView
  extends Pick<TimelineState, "status" | "messages" | "hasOlder" | "hasNewer">,
    Actions {}

const viewOf = oneFor(({ messages }: Room) => {
  const actions: Actions = {
    send: (content, options) => messages.send(content, options),
    retry: (clientId) => messages.retry(clientId),
    discard: (clientId) => messages.discard(clientId),
    edit: (messageId, content) => messages.edit(messageId, content),
    delete: (messageId) => messages.delete(messageId),
    markRead: (messageId) => messages.markRead(messageId),
    loadOlder: () => messages.loadOlder(),
    loadNewer: () => messages.loadNewer(),
    toNewest: () => messages.toNewest(),
  }
  const first: MessagesView = {
    status: "empty",
    messages: [],
    hasOlder: false,
    hasNewer: false,
    ...actions,
  }
  // Without the head, which also moves for what changes no message.
  return view<MessagesView>([messages], first, (before) => {
    const { status, messages: shown, hasOlder, hasNewer } = messages.get()
    return { status, messages: kept(before.messages, shown), hasOlder, hasNewer, ...actions }
  })
})

/**
 * A room's messages, or what `select` makes of them. It does not open the room: `useRoom` does.
 *
 * ```tsx
 * const { messages, hasOlder, loadOlder, send } = useMessages(room)
 * const count = useMessages(room, ({ messages }) => messages.length)
 * ```
 */
export function useMessages(room: Room): MessagesView
export function useMessages<S>(room: Room, select: (messages: MessagesView) => S): S
export function useMessages(room: Room, select: (messages: MessagesView) => unknown = all): unknown {
  const messages = viewOf(room)
  return useReadable(messages, messages.first, select)
}
