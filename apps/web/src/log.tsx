import type { Room, TimelineMessage, TimelineState } from "@klatch/client"
import { type Signal, useSignal } from "@preact/signals"
import { useEffect, useMemo, useRef } from "preact/hooks"
import { Virtualizer } from "virtua"
import { dayLabel } from "./day.ts"
import { Icon } from "./icon.tsx"
import { moveFocus } from "./log-focus.ts"
import { aheadPx, topPx, useLogScroll } from "./log-scroll.ts"
import { LogEmpty, LogTop } from "./log-state.tsx"
import { blocksOf } from "./markdown.ts"
import { lineOf } from "./markdown-node.ts"
import { MessageLine } from "./message-line.tsx"
import { type Jump, useJump } from "./reply-jump.ts"
import { firstUnread, indexOfMessage, keyOf, type Row, rowsOf } from "./row.ts"
import { useSteps } from "./row-step.ts"
import { words } from "./words.ts"

export { LogLoading } from "./log-state.tsx"

interface LogProps {
  room: Room
  title: string
  isDirect: boolean
  timeline: TimelineState
  /** What is sent waits for the connection. */
  isOffline: boolean
  nowMs: number
  selfId: string | undefined
  /** Marked where others name it. */
  selfName?: string | undefined
  /** Everything up to this message was read before: the line above what is unread stands below it. */
  unreadAfter?: number | null
  /** Someone's name was pressed. */
  onAuthor: (userId: string) => void
  /** The message that is being edited. */
  editing: Signal<number | null>
}

/** The messages; only the lines in view are in the document. At the end it stays at the end, else where it is. */
export function Log(props: LogProps) {
  const { room, timeline, selfId } = props
  const { hasOlder } = timeline
  /** An older message is looked for: the pages on the way to it are not shown one by one. */
  const isSeeking = useSignal(false)
  /** Nothing scrolls. */
  const isStill = useSignal(true)
  const messages = useSteps(timeline.messages, isSeeking.value, isStill)
  const unreadId = useMemo(
    () => firstUnread(messages, hasOlder, props.unreadAfter, selfId),
    [messages, hasOlder, props.unreadAfter, selfId],
  )
  const rows = useMemo(() => rowsOf(messages, unreadId), [messages, unreadId])
  const scroll = useLogScroll({ room, timeline, rows, selfId, isStill })
  const jump = useJump({ room, rows, scroll, isSeeking })
  const kept = useKeptLine(rows)
  const toEnd = () => {
    jump.stop()
    scroll.toEnd()
  }
  const edited = props.editing.value
  useEffect(() => {
    if (edited === null) return
    const at = rows.findIndex((row) => row.kind === "message" && row.message.message_id === edited)
    if (at >= 0) scroll.list.current?.scrollToIndex(at, { align: "nearest" })
  }, [edited])
  const line = (row: Row) => {
    if (row.kind !== "message") return <MarkLine key={row.key} row={row} nowMs={props.nowMs} />
    const { message } = row
    const replyTo = message.reply_to
    return (
      <MessageLine
        key={row.key}
        row={row}
        room={room}
        isOwn={message.user_id === selfId || message.delivery !== "sent"}
        isWaiting={props.isOffline && message.delivery === "sending"}
        selfName={props.selfName}
        editing={props.editing}
        original={replyTo === undefined ? undefined : (messages[indexOfMessage(messages, replyTo)] ?? null)}
        isLit={message.message_id !== null && message.message_id === jump.lit.value}
        onJump={jump.to}
        {...(!props.isDirect && { onAuthor: props.onAuthor })}
      />
    )
  }
  return (
    <div class="log-place">
      {/* The live region is apart: of this one, lines that scroll into view would be read out as new. */}
      <div
        class="log"
        role="log"
        aria-live="off"
        aria-label={words.room.log(props.title)}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so the keyboard must reach it
        tabIndex={0}
        ref={scroll.box}
        onKeyDown={(event) => {
          if (moveFocus(event.currentTarget, event)) event.preventDefault()
        }}
        onFocusIn={kept.onFocusIn}
        onFocusOut={kept.onFocusOut}
      >
        {rows.length === 0 && !hasOlder ? (
          <LogEmpty isDirect={props.isDirect} />
        ) : (
          <>
            <div class="log-fill" />
            <LogTop
              title={props.title}
              isDirect={props.isDirect}
              hasOlder={hasOlder}
              trouble={scroll.olderTrouble.value}
              onOlder={scroll.older}
            />
            <div ref={scroll.lines}>
              <Virtualizer
                ref={scroll.list}
                scrollRef={scroll.box}
                startMargin={topPx}
                bufferSize={aheadPx}
                shift={scroll.shift}
                onScroll={scroll.onScroll}
                onScrollEnd={scroll.onScrollEnd}
                data={rows}
                {...(kept.at >= 0 && { keepMounted: [kept.at] })}
              >
                {/* Its types are React's. */ line as never}
              </Virtualizer>
            </div>
          </>
        )}
      </div>
      <JumpNotice jump={jump} />
      {!scroll.isAtEnd.value && <ToEnd count={scroll.newCount.value} onClick={toEnd} />}
      <Announcer messages={timeline.messages} selfId={selfId} />
    </div>
  )
}

/** The line that has the focus stays in the document when it is scrolled away, or the focus would be lost with it. */
function useKeptLine(rows: readonly Row[]) {
  const key = useSignal<string | null>(null)
  return {
    at: key.value === null ? -1 : rows.findIndex((row) => row.key === key.value),
    onFocusIn: (event: FocusEvent) => {
      const line = (event.target as HTMLElement).closest<HTMLElement>("[data-key]")
      key.value = line?.dataset.key ?? null
    },
    onFocusOut: () => {
      key.value = null
    },
  }
}

function MarkLine({ row, nowMs }: { row: Exclude<Row, { kind: "message" }>; nowMs: number }) {
  return (
    <div class={row.kind === "unread" ? "day day-unread" : "day"}>
      <h3>{row.kind === "unread" ? words.room.unread : dayLabel(row.atMs, nowMs)}</h3>
    </div>
  )
}

function ToEnd({ count, onClick }: { count: number; onClick: () => void }) {
  return (
    <button
      type="button"
      class={count > 0 ? "to-end has-new" : "to-end"}
      aria-label={count > 0 ? words.room.latestNew(count) : words.room.latest}
      onClick={onClick}
    >
      {count > 0 && words.room.newMessages(count)}
      <Icon name="down" />
    </button>
  )
}

/** Says calmly that an original is looked for, or why it cannot be shown. */
function JumpNotice({ jump }: { jump: Jump }) {
  return (
    <div class="log-notice" role="status">
      {jump.isSeeking.value ? (
        <p>
          <span class="spinner" aria-hidden="true" />
          {words.message.seeking}
          <button type="button" class="text-button" onClick={() => jump.stop()}>
            {words.message.seekingStop}
          </button>
        </p>
      ) : (
        jump.trouble.value !== null && <p>{jump.trouble.value}</p>
      )}
    </div>
  )
}

/** Reads out what others write, as it comes; of several at once, the last. What was there before is not read out. */
function Announcer({
  messages,
  selfId,
}: {
  messages: readonly TimelineMessage[]
  selfId: string | undefined
}) {
  const said = useSignal("")
  const newest = messages.findLast((message) => message.message_id !== null)
  const key = newest === undefined ? "" : keyOf(newest)
  const known = useRef({ key, messageId: newest?.message_id ?? 0 })
  useEffect(() => {
    if (newest?.message_id == null || key === known.current.key) return
    const isNew = newest.message_id > known.current.messageId
    known.current = { key, messageId: newest.message_id }
    if (isNew && newest.user_id !== selfId) said.value = `${newest.from}: ${lineOf(blocksOf(newest.content))}`
  }, [key])
  return (
    <div class="for-listeners" aria-live="polite">
      {said.value}
    </div>
  )
}
