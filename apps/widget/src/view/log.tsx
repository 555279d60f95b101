import { useSignal } from "@preact/signals"
import { useMemo } from "preact/hooks"
import type { Chat } from "../chat.ts"
import { dayOf } from "../day.ts"
import { rowsOf, windowStart } from "../row.ts"
import { words } from "../words.ts"
import { Icon } from "./icon.tsx"
import { useLogScroll } from "./log-scroll.ts"
import { MessageLine } from "./message-line.tsx"

/** The messages: at the end it stays at the end, else where the reader is; further back they load by themselves. */
export function Log({ chat, heading }: { chat: Chat; heading: string }) {
  const timeline = chat.messages.value
  const selfId = chat.self.value?.id
  const fromId = useSignal<number | null>(null)
  const start = windowStart(timeline.messages, fromId.value)
  const rows = useMemo(() => rowsOf(timeline.messages.slice(start)), [timeline.messages, start])
  const scroll = useLogScroll(chat, fromId, rows)
  const isLoading = timeline.messages.length === 0 && timeline.status !== "ready"
  const hasMore = start > 0 || timeline.hasOlder
  return (
    <div class="log-place">
      {/* The live region is apart: lines that scroll into this one would be read out as new. */}
      <div
        class="log"
        part="messages"
        role="log"
        aria-live="off"
        aria-label={words.panel.log(heading)}
        aria-busy={isLoading}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so the keyboard must reach it
        tabIndex={0}
        ref={scroll.box}
        onScroll={scroll.onScroll}
      >
        {isLoading && chat.isDown ? (
          <div class="state">
            <Icon name="chat" />
            <h3>{words.panel.notKeptTitle}</h3>
            <p>{words.panel.notKept}</p>
          </div>
        ) : isLoading ? (
          <p class="small top" role="status">
            <span class="spinner" aria-hidden="true" /> {words.panel.loading}
          </p>
        ) : rows.length === 0 ? (
          <div class="state">
            <Icon name="chat" />
            <h3>{words.panel.emptyTitle}</h3>
            <p>{words.panel.empty}</p>
          </div>
        ) : (
          <>
            <div class="fill" />
            <Top hasMore={hasMore} hasFailed={scroll.hasFailed.value} onOlder={scroll.older} />
            {rows.map((row) => (
              <MessageLine
                key={row.key}
                row={row}
                room={chat.room}
                isOwn={row.message.user_id === selfId || row.message.delivery !== "sent"}
                today={dayOf(Date.now())}
              />
            ))}
          </>
        )}
      </div>
      {!chat.isAtEnd.value && (
        <button
          type="button"
          class="to-end"
          part="to-end"
          aria-label={words.panel.latest}
          onClick={scroll.toEnd}
        >
          {scroll.hasNew.value && <span>{words.panel.newMessages}</span>}
          <Icon name="down" />
        </button>
      )}
    </div>
  )
}

/** Always of one height, so that nothing moves when the older ones are all there. */
function Top(props: { hasMore: boolean; hasFailed: boolean; onOlder: () => void }) {
  return (
    <div class="small top">
      {!props.hasMore ? (
        words.panel.start
      ) : props.hasFailed ? (
        <span role="status">
          {words.panel.olderFailed}{" "}
          <button type="button" class="text-button" onClick={props.onOlder}>
            {words.tryAgain}
          </button>
        </span>
      ) : (
        <span>
          <span class="spinner" aria-hidden="true" /> {words.panel.older}
        </span>
      )}
    </div>
  )
}
