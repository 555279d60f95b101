import type { Room, TimelineMessage } from "@klatch/client"
import { type Signal, useSignal } from "@preact/signals"
import { tone } from "./author.ts"
import { Avatar } from "./avatar.tsx"
import { fullTimeLabel, timeLabel } from "./day.ts"
import { Icon } from "./icon.tsx"
import { DeleteAsk, EditField } from "./message-change.tsx"
import { MessageText } from "./message-text.tsx"
import type { MessageRow } from "./row.ts"
import { words } from "./words.ts"

interface MessageLineProps {
  row: MessageRow
  room: Room
  isOwn: boolean
  editing: Signal<number | null>
}

/** A message, with its author when it leads a run, and with what its author may do to it. */
export function MessageLine({ row, room, isOwn, editing }: MessageLineProps) {
  const { message, leads, atMs } = row
  const isAsking = useSignal(false)
  const isEditing = message.message_id !== null && editing.value === message.message_id
  const isDeleted = message.deleted_at !== undefined
  return (
    <article class={leads ? "line line-leads" : "line"} data-delivery={message.delivery}>
      <div class="gutter">{leads ? <Avatar name={message.from} /> : <Time atMs={atMs} isQuiet />}</div>
      <div class="body">
        {leads ? (
          <header class="line-head">
            <span class="author" data-tone={tone(message.from)}>
              {message.from}
            </span>
            {isOwn && <span class="you">{words.message.you}</span>}
            <Time atMs={atMs} />
          </header>
        ) : (
          <span class="for-listeners">{message.from}</span>
        )}
        {isEditing ? (
          <EditField message={message} room={room} onDone={() => stopEditing(editing)} />
        ) : isDeleted ? (
          <p class="deleted">{words.message.deleted}</p>
        ) : (
          <MessageText content={message.content} />
        )}
        {!isDeleted && message.edited_at !== undefined && !isEditing && (
          <span class="mark-edited" title={fullTimeLabel(Date.parse(message.edited_at))}>
            {words.message.edited}
          </span>
        )}
        {message.delivery !== "sent" && <Delivery message={message} room={room} />}
        {isAsking.value && <DeleteAsk message={message} room={room} isAsking={isAsking} />}
      </div>
      {isOwn && message.delivery === "sent" && !isDeleted && !isEditing && !isAsking.value && (
        <div class="line-actions">
          <button
            type="button"
            class="icon-button"
            aria-label={words.message.edit}
            title={words.message.edit}
            onClick={() => {
              editing.value = message.message_id
            }}
          >
            <Icon name="pencil" />
          </button>
          <button
            type="button"
            class="icon-button"
            aria-label={words.message.delete}
            title={words.message.delete}
            onClick={() => {
              isAsking.value = true
            }}
          >
            <Icon name="trash" />
          </button>
        </div>
      )}
    </article>
  )
}

function Time({ atMs, isQuiet = false }: { atMs: number; isQuiet?: boolean }) {
  return (
    <time
      class={isQuiet ? "time time-quiet" : "time"}
      dateTime={new Date(atMs).toISOString()}
      title={fullTimeLabel(atMs)}
    >
      {timeLabel(atMs)}
    </time>
  )
}

/** How it stands with a message that is not in the log yet. "Sending" shows itself after a moment only (by CSS). */
function Delivery({ message, room }: { message: TimelineMessage; room: Room }) {
  const clientId = message.client_id
  if (message.delivery === "sending" || clientId === undefined)
    return <p class="delivery delivery-sending">{words.message.sending}</p>
  return (
    <p class="delivery delivery-failed" role="alert">
      <Icon name="alert" />
      <span>
        {words.message.failed} {message.error?.message}
      </span>
      <button type="button" class="text-button" onClick={() => room.messages.retry(clientId)}>
        {words.message.retry}
      </button>
      <button type="button" class="text-button" onClick={() => room.messages.discard(clientId)}>
        {words.message.discard}
      </button>
    </p>
  )
}

function stopEditing(editing: Signal<number | null>): void {
  editing.value = null
  document.getElementById("composer")?.focus()
}
