import type { Room, TimelineMessage } from "@klatch/client"
import { type Signal, signal } from "@preact/signals"
import { useMemo } from "preact/hooks"
import { tone } from "./author.ts"
import { Icon } from "./icon.tsx"
import { blocksOf } from "./markdown.ts"
import { lineOf } from "./markdown-node.ts"
import { indexOfMessage } from "./row.ts"
import { timelineOf } from "./signal-of.ts"
import { words } from "./words.ts"

const replies = new WeakMap<Room, Signal<number | null>>()

/** The message of a room that is being replied to: chosen in the log, shown and used where one writes. */
export function replyIn(room: Room): Signal<number | null> {
  const known = replies.get(room)
  if (known !== undefined) return known
  const made = signal<number | null>(null)
  replies.set(room, made)
  return made
}

/** What is shown of the original: never more than its style lets be seen. */
const quoteCharsMax = 300

function Snippet({ content }: { content: string }) {
  const line = useMemo(() => lineOf(blocksOf(content.slice(0, quoteCharsMax))), [content])
  return (
    <span class="reply-text" dir="auto">
      {line}
    </span>
  )
}

/** Above a reply: what it answers. Null when the original is not loaded; a click goes there in any case. */
export function ReplyQuote(props: { original: TimelineMessage | null; onJump: () => void }) {
  const { original, onJump } = props
  const isDeleted = original?.deleted_at !== undefined
  return (
    <button type="button" class="reply-quote" title={words.message.toOriginal} onClick={onJump}>
      <Icon name="reply" />
      {original === null || isDeleted ? (
        <span class="reply-text">
          {isDeleted ? words.message.repliesToDeleted : words.message.repliesToEarlier}
        </span>
      ) : (
        <>
          <span class="for-listeners">{words.message.repliesTo(original.from)}</span>
          <span class="author" data-tone={tone(original.from)} aria-hidden="true">
            {original.from}
          </span>
          <Snippet content={original.content} />
        </>
      )}
    </button>
  )
}

/** Over the place to write: what is being replied to, and a way out. */
export function ReplyBar({ room, onStop }: { room: Room; onStop: () => void }) {
  const id = replyIn(room).value
  const { messages } = timelineOf(room).value
  if (id === null) return null
  const original = messages[indexOfMessage(messages, id)]
  return (
    <div class="reply-bar" id="reply-bar">
      <Icon name="reply" />
      <span class="reply-to">{words.composer.replying(original?.from ?? "…")}</span>
      <Snippet content={original?.content ?? ""} />
      <button
        type="button"
        class="icon-button"
        aria-label={words.composer.replyStop}
        title={words.composer.replyStop}
        onClick={onStop}
      >
        <Icon name="close" />
      </button>
    </div>
  )
}
