import { type Signal, useSignal } from "@preact/signals"
import type { RefObject } from "preact"
import { useEffect, useLayoutEffect, useRef } from "preact/hooks"
import type { Chat } from "../chat.ts"
import { type Row, windowCount, windowStart } from "../row.ts"

/** So near to the end counts as there. */
const endPx = 24
/** So near to the first line, older ones are fetched. */
const nearPx = 240
/** In a log higher than this the newest lines alone could leave the first one near: then none are let go. */
const highPx = 1_000

export interface LogScroll {
  readonly box: RefObject<HTMLDivElement | null>
  /** Something came in while the reader was elsewhere. */
  readonly hasNew: Signal<boolean>
  /** The last try to load older messages failed. */
  readonly hasFailed: Signal<boolean>
  readonly onScroll: () => void
  readonly older: () => void
  readonly toEnd: () => void
}

/** A line in view, and how far from the top of the log it stood when the reader last looked. */
interface Anchor {
  readonly line: Element
  readonly topPx: number
}

/**
 * Holds the log where it is read, whatever comes in above or below. `fromId` is the first message shown, null while
 * the newest ones are; `rows` are the lines drawn.
 */
export function useLogScroll(chat: Chat, fromId: Signal<number | null>, rows: readonly Row[]): LogScroll {
  const box = useRef<HTMLDivElement>(null)
  const anchor = useRef<Anchor | null>(null)
  const isLoading = useRef(false)
  const newestId = useRef(0)
  const hasNew = useSignal(false)
  const hasFailed = useSignal(false)
  const { messages } = chat.room

  const jumpToEnd = () => {
    if (box.current) box.current.scrollTop = box.current.scrollHeight
  }
  const older = () => {
    const { messages: held, hasOlder } = messages.get()
    const start = windowStart(held, fromId.peek())
    const showFrom = (at: number) => {
      fromId.value = held[Math.max(0, at)]?.message_id ?? null
    }
    if (start > 0) showFrom(start - windowCount)
    else if (hasOlder && !isLoading.current) {
      isLoading.current = true
      hasFailed.value = false
      // Those that come in front are shown at once: the stretch begins with what is then the first.
      showFrom(0)
      messages
        .loadOlder()
        .then(
          () => {
            fromId.value = messages.get().messages[0]?.message_id ?? null
          },
          () => {
            hasFailed.value = true
          },
        )
        .finally(() => {
          isLoading.current = false
        })
    }
  }
  const look = () => {
    const log = box.current
    if (!log || log.clientHeight === 0) return
    const isAtEnd = log.scrollHeight - log.scrollTop - log.clientHeight < endPx
    anchor.current = isAtEnd ? null : anchorOf(log)
    chat.isAtEnd.value = isAtEnd
    if (isAtEnd) {
      hasNew.value = false
      // What is far back is let go again, unless it is all there is to see.
      if (log.scrollTop > nearPx && log.clientHeight < highPx) fromId.value = null
    } else if (fromId.peek() === null) {
      // Who reads back keeps the line that is first now, however many come in at the end.
      const { messages: held } = messages.get()
      fromId.value = held[windowStart(held, null)]?.message_id ?? null
    }
    if (log.scrollTop < nearPx && !hasFailed.peek()) older()
  }
  const settle = () => {
    const log = box.current
    if (!log) return
    const held = anchor.current
    if (chat.isAtEnd.peek() || held === null) jumpToEnd()
    else if (held.line.isConnected) log.scrollTop += topOf(held.line, log) - held.topPx
    look()
  }

  useLayoutEffect(() => {
    const newest = rows.findLast(({ message }) => message.message_id !== null)?.message.message_id ?? 0
    if (newest > newestId.current && newestId.current > 0 && !chat.isAtEnd.peek()) hasNew.value = true
    newestId.current = newest
    settle()
  }, [rows])
  useEffect(() => {
    if (!box.current) return
    // The panel or a text in it has another size: what was read stays in view.
    const observer = new ResizeObserver(settle)
    observer.observe(box.current)
    return () => observer.disconnect()
  }, [])
  useEffect(
    () => () => {
      chat.isAtEnd.value = true
    },
    [chat],
  )

  return {
    box,
    hasNew,
    hasFailed,
    onScroll: look,
    older: () => {
      hasFailed.value = false
      older()
    },
    toEnd: () => {
      fromId.value = null
      anchor.current = null
      chat.isAtEnd.value = true
      jumpToEnd()
    },
  }
}

/** The first line that is in view at least in part. */
function anchorOf(log: HTMLElement): Anchor | null {
  for (const line of log.querySelectorAll(".line"))
    if (topOf(line, log) + line.getBoundingClientRect().height > 0) return { line, topPx: topOf(line, log) }
  return null
}

const topOf = (line: Element, log: Element): number =>
  line.getBoundingClientRect().top - log.getBoundingClientRect().top
