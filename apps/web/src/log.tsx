import type { Room, TimelineMessage, TimelineState } from "@klatch/client"
import { type Signal, useSignal } from "@preact/signals"
import { useEffect, useMemo, useRef } from "preact/hooks"
import { Virtualizer } from "virtua"
import { dayLabel } from "./day.ts"
import { Icon } from "./icon.tsx"
import { aheadPx, topPx, useLogScroll } from "./log-scroll.ts"
import { MessageLine } from "./message-line.tsx"
import { keyOf, rowsOf } from "./row.ts"
import { words } from "./words.ts"

interface LogProps {
  room: Room
  title: string
  isDirect: boolean
  timeline: TimelineState
  nowMs: number
  selfId: string | undefined
  /** The message that is being edited. */
  editing: Signal<number | null>
}

/** The messages; only the lines in view are in the document. At the end it stays at the end, else where it is. */
export function Log(props: LogProps) {
  const { room, timeline } = props
  const rows = useMemo(() => rowsOf(timeline.messages), [timeline.messages])
  const scroll = useLogScroll(room, timeline, rows)
  const edited = props.editing.value
  useEffect(() => {
    if (edited === null) return
    const at = rows.findIndex((row) => row.kind === "message" && row.message.message_id === edited)
    if (at >= 0) scroll.list.current?.scrollToIndex(at, { align: "nearest" })
  }, [edited])
  const isEmpty = rows.length === 0 && !timeline.hasOlder
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
      >
        {isEmpty ? (
          <LogEmpty isDirect={props.isDirect} />
        ) : (
          <>
            <div class="log-fill" />
            <LogTop
              title={props.title}
              isDirect={props.isDirect}
              hasOlder={timeline.hasOlder}
              hasFailed={scroll.olderFailed.value}
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
              >
                {rows.map((row) =>
                  row.kind === "day" ? (
                    <DayLine key={row.key} atMs={row.atMs} nowMs={props.nowMs} />
                  ) : (
                    <MessageLine
                      key={row.key}
                      row={row}
                      room={room}
                      isOwn={row.message.user_id === props.selfId || row.message.delivery !== "sent"}
                      editing={props.editing}
                    />
                  ),
                )}
              </Virtualizer>
            </div>
          </>
        )}
      </div>
      {!scroll.isAtEnd.value && (
        <button
          type="button"
          class={scroll.hasNew.value ? "to-end has-new" : "to-end"}
          aria-label={words.room.latest}
          onClick={scroll.toEnd}
        >
          {scroll.hasNew.value && words.room.newMessages}
          <Icon name="down" />
        </button>
      )}
      <Announcer messages={timeline.messages} selfId={props.selfId} />
    </div>
  )
}

/** Always of one height, so that what is below does not move when the older messages are all there. */
function LogTop(props: {
  title: string
  isDirect: boolean
  hasOlder: boolean
  hasFailed: boolean
  onOlder: () => void
}) {
  return (
    <div class="log-top">
      {!props.hasOlder ? (
        <p>{(props.isDirect ? words.room.startDirect : words.room.start)(props.title)}</p>
      ) : props.hasFailed ? (
        <p role="status">
          {words.room.olderFailed}{" "}
          <button type="button" class="text-button" onClick={props.onOlder}>
            {words.tryAgain}
          </button>
        </p>
      ) : (
        <p>
          <span class="spinner" aria-hidden="true" />
          {words.room.older}
        </p>
      )}
    </div>
  )
}

function DayLine({ atMs, nowMs }: { atMs: number; nowMs: number }) {
  return (
    <div class="day">
      <h3>{dayLabel(atMs, nowMs)}</h3>
    </div>
  )
}

function LogEmpty({ isDirect }: { isDirect: boolean }) {
  return (
    <div class="state">
      <svg class="state-picture" viewBox="0 0 120 72" aria-hidden="true">
        <path
          class="picture-back"
          d="M14 6h52a12 12 0 0 1 12 12v14a12 12 0 0 1-12 12H34L20 55V44h-6A12 12 0 0 1 2 32V18A12 12 0 0 1 14 6z"
        />
        <path
          class="picture-front"
          d="M64 24h42a12 12 0 0 1 12 12v12a12 12 0 0 1-12 12h-4v10L90 60H64a12 12 0 0 1-12-12V36a12 12 0 0 1 12-12z"
        />
        <path class="picture-line" d="M66 38h36M66 47h22" />
      </svg>
      <h2>{words.room.emptyTitle}</h2>
      <p>{isDirect ? words.room.emptyDirect : words.room.empty}</p>
    </div>
  )
}

/** Lines in the place of messages that are on their way. */
export function LogLoading() {
  return (
    <div class="log-place">
      <div class="log log-loading" role="status" aria-label={words.room.loading}>
        {[64, 38, 52, 44, 70, 33].map((width) => (
          <div key={width} class="bone" aria-hidden="true">
            <span class="bone-avatar" />
            <span class={`bone-line bone-${width}`} />
          </div>
        ))}
      </div>
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
    if (isNew && newest.user_id !== selfId) said.value = `${newest.from}: ${newest.content}`
  }, [key])
  return (
    <div class="for-listeners" aria-live="polite">
      {said.value}
    </div>
  )
}
