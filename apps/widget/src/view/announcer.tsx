import { useSignal } from "@preact/signals"
import { useEffect, useRef } from "preact/hooks"
import type { Chat } from "../chat.ts"
import { words } from "../words.ts"

/**
 * Says to those who listen what comes in: with the panel open what others write, of several at once the last; with
 * the panel closed only that there is something. What was there before is not read out.
 */
export function Announcer({ chat, heading }: { chat: Chat; heading: string }) {
  const said = useSignal("")
  const { messages, status } = chat.messages.value
  const selfId = chat.self.value?.id
  const newest = messages.findLast(({ message_id }) => message_id !== null)
  const newestId = newest?.message_id ?? 0
  const knownId = useRef<number | null>(null)
  useEffect(() => {
    const before = knownId.current
    // The first page, and what was kept from before, are the past.
    if (before === null && status !== "ready") return
    knownId.current = Math.max(before ?? 0, newestId)
    if (before === null || newestId <= before || newest === undefined || newest.user_id === selfId) return
    said.value = chat.isOpen.peek()
      ? `${newest.from}: ${newest.content}`
      : words.launcher.news(heading, chat.unread.peek())
  }, [newestId, status])
  return (
    <div class="for-listeners" role="status" aria-live="polite">
      {said.value}
    </div>
  )
}
