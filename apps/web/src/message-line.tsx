import type { Room, TimelineMessage } from "@klatch/client"
import { type Signal, useSignal } from "@preact/signals"
import { memo } from "preact/compat"
import { useEffect, useRef } from "preact/hooks"
import { tone } from "./author.ts"
import { Avatar } from "./avatar.tsx"
import { fullTimeLabel, timeLabel } from "./day.ts"
import { Icon } from "./icon.tsx"
import { MessageActions, type Verbs } from "./message-actions.tsx"
import { DeleteAsk, EditField } from "./message-change.tsx"
import { MessageText } from "./message-text.tsx"
import { ReplyQuote, replyIn } from "./reply.tsx"
import type { MessageRow } from "./row.ts"
import { copyText } from "./text-field.ts"
import { words } from "./words.ts"
import { rights } from "./words-rights.ts"

interface MessageLineProps {
  row: MessageRow
  room: Room
  isOwn: boolean
  /** It is sent once there is a connection again. */
  isWaiting: boolean
  selfName: string | undefined
  editing: Signal<number | null>
  /** What it replies to; null when that is not loaded, undefined when it is no reply. */
  original: TimelineMessage | null | undefined
  /** Whether someone just went to it. */
  isLit: boolean
  onJump: (messageId: number) => void
  /** The author's name was pressed; without it there is nothing to press. */
  onAuthor?: (userId: string) => void
}

/** A message, with its author when it leads a run, and with what may be done to it while it is pointed at. */
export const MessageLine = memo(function MessageLine(props: MessageLineProps) {
  const { row, room, isOwn, editing, original, isLit } = props
  const { message, leads } = row
  const article = useRef<HTMLElement>(null)
  const isHovered = useSignal(false)
  const isFocused = useSignal(false)
  const isAsking = useSignal(false)
  const isEditing = message.message_id !== null && editing.value === message.message_id
  const isDeleted = message.deleted_at !== undefined
  const isBusy = isEditing || isAsking.value
  const verbs = isDeleted || message.delivery !== "sent" ? null : verbsOf(props, isAsking)
  useEffect(() => (isLit ? focusSoon(article) : undefined), [isLit])
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.target !== event.currentTarget || isModified(event)) return
    if (event.key === "Escape") return document.getElementById("composer")?.focus()
    if (verbs === null) return
    const verb =
      event.key === "r"
        ? verbs.reply
        : event.key === "e"
          ? verbs.edit
          : event.key === "Delete" && verbs.delete
    if (verb) {
      event.preventDefault()
      verb()
    } else if (event.key === "c") void copyText(message.content)
  }
  return (
    <article
      ref={article}
      class={`line${leads ? " line-leads" : ""}${isLit ? " line-lit" : ""}`}
      data-delivery={message.delivery}
      data-key={row.key}
      tabIndex={-1}
      onKeyDown={onKeyDown}
      // A finger has no place to rest: a tap gives the focus instead.
      onPointerEnter={(event) => {
        isHovered.value = event.pointerType !== "touch"
      }}
      onPointerLeave={() => {
        isHovered.value = false
      }}
      onFocusIn={() => {
        isFocused.value = true
      }}
      onFocusOut={(event) => {
        isFocused.value = event.currentTarget.contains(event.relatedTarget as Node | null)
      }}
    >
      <div class="gutter">{leads ? <Avatar name={message.from} /> : <Time atMs={row.atMs} isQuiet />}</div>
      <div class="body">
        <Head row={row} isOwn={isOwn} onAuthor={isOwn ? undefined : props.onAuthor} />
        {original !== undefined && (
          <ReplyQuote original={original} onJump={() => props.onJump(message.reply_to as number)} />
        )}
        {isEditing ? (
          <EditField message={message} room={room} onDone={() => stopEditing(editing)} />
        ) : isDeleted ? (
          <p class="deleted">{words.message.deleted}</p>
        ) : (
          <MessageText content={message.content} selfName={props.selfName} />
        )}
        {!isDeleted && message.edited_at !== undefined && !isEditing && (
          <span class="mark-edited" title={fullTimeLabel(Date.parse(message.edited_at))}>
            {words.message.edited}
          </span>
        )}
        {message.delivery !== "sent" && (
          <Delivery message={message} room={room} isWaiting={props.isWaiting} />
        )}
        {isAsking.value && <DeleteAsk message={message} room={room} isAsking={isAsking} />}
      </div>
      {verbs !== null && !isBusy && (isHovered.value || isFocused.value) && (
        <MessageActions message={message} verbs={verbs} />
      )}
    </article>
  )
})

/** A line that just came into the document takes no focus before it was measured, a frame or two later. */
function focusSoon(line: { current: HTMLElement | null }): () => void {
  let frame = 0
  const focus = () => {
    line.current?.focus({ preventScroll: true })
    if (document.activeElement !== line.current) frame = requestAnimationFrame(focus)
  }
  focus()
  return () => cancelAnimationFrame(frame)
}

function verbsOf({ row, room, isOwn, editing }: MessageLineProps, isAsking: Signal<boolean>): Verbs {
  const reply = () => {
    replyIn(room).value = row.message.message_id
    document.getElementById("composer")?.focus()
  }
  if (!isOwn) return { reply }
  return {
    reply,
    edit: () => {
      editing.value = row.message.message_id
    },
    delete: () => {
      isAsking.value = true
    },
  }
}

const isModified = (event: KeyboardEvent): boolean => event.ctrlKey || event.metaKey || event.altKey

interface HeadProps {
  row: MessageRow
  isOwn: boolean
  onAuthor: ((userId: string) => void) | undefined
}

function Head({ row: { message, leads, atMs }, isOwn, onAuthor }: HeadProps) {
  if (!leads) return <span class="for-listeners">{message.from}</span>
  const name = { class: "author", "data-tone": tone(message.from), children: message.from }
  return (
    <header class="line-head">
      {onAuthor === undefined ? (
        <span {...name} />
      ) : (
        <button
          {...name}
          type="button"
          // Keys find the same in the list of members; a stop at every name would be many.
          tabIndex={-1}
          title={rights.write(message.from)}
          onClick={() => onAuthor(message.user_id)}
        />
      )}
      {isOwn && <span class="you">{words.message.you}</span>}
      <Time atMs={atMs} />
    </header>
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
function Delivery(props: { message: TimelineMessage; room: Room; isWaiting: boolean }) {
  const { message, room } = props
  const clientId = message.client_id
  if (message.delivery === "sending" || clientId === undefined)
    return (
      <p class="delivery delivery-sending">
        {props.isWaiting ? words.message.waiting : words.message.sending}
      </p>
    )
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
