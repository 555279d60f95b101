import { KlatchError, type Room, type TimelineMessage, type TimelineState } from "@klatch/client"
import { useSignal } from "@preact/signals"
import { useEffect, useLayoutEffect, useRef } from "preact/hooks"
import type { VirtualizerHandle } from "virtua"
import type { OlderTrouble } from "./log-state.tsx"
import { countNew, grewInFront, type Row } from "./row.ts"

/** The height of what stands above the messages; `.log-top` in the style has the same. */
export const topPx = 112
/** Lines this far out of view are in the document: measured before they are seen, so that a page up skips none. */
export const aheadPx = 1_000
/** So near to the end counts as being there. */
const endPx = 48
/** Older messages are asked for when so much is left above. */
const olderPx = 800

interface LogScrollOptions {
  readonly room: Room
  readonly timeline: TimelineState
  readonly rows: readonly Row[]
  readonly selfId: string | undefined
}

export type LogScroll = ReturnType<typeof useLogScroll>

/** Where the log stands, and what moves it. */
export function useLogScroll({ room, timeline, rows, selfId }: LogScrollOptions) {
  const box = useRef<HTMLDivElement>(null)
  const lines = useRef<HTMLDivElement>(null)
  const list = useRef<VirtualizerHandle>(null)
  const shownRows = useRef(rows)
  /** The newest message there was when the reader was last at the end. */
  const seenId = useRef(0)
  const isAtEnd = useSignal(true)
  const newCount = useSignal(0)
  const olderTrouble = useSignal<OlderTrouble>(null)
  const shift = grewInFront(shownRows.current, rows)

  const see = () => {
    seenId.current = newestId(timeline.messages)
    newCount.value = 0
  }
  const toEnd = () => {
    isAtEnd.value = true
    see()
    list.current?.scrollToIndex(rows.length - 1, { align: "end" })
  }
  const older = () => {
    olderTrouble.value = null
    room.messages.loadOlder().catch((thrown: unknown) => {
      const isLimit = thrown instanceof KlatchError && thrown.code === "too_large"
      olderTrouble.value = isLimit ? "limit" : "failed"
    })
  }
  const wantsOlder = () => timeline.hasOlder && timeline.status === "ready" && olderTrouble.value === null
  const onScroll = (offset: number) => {
    const handle = list.current
    if (handle === null || box.current === null) return
    isAtEnd.value = box.current.scrollHeight - offset - box.current.clientHeight < endPx
    if (isAtEnd.value) see()
    if (offset < olderPx && wantsOlder()) older()
  }

  useLayoutEffect(() => {
    const before = shownRows.current
    shownRows.current = rows
    const newest = rows.at(-1)
    const grew = newest !== undefined && newest.key !== before.at(-1)?.key
    const isOwn = newest?.kind === "message" && newest.message.delivery === "sending"
    if (isAtEnd.value || (grew && isOwn)) toEnd()
    else newCount.value = countNew(timeline.messages, seenId.current, selfId)
    if (
      box.current !== null &&
      box.current.scrollHeight <= box.current.clientHeight + olderPx &&
      wantsOlder()
    )
      older()
  }, [rows, timeline.status])

  // Lines that turn out taller than thought, a keyboard that opens: at the end means staying there.
  useEffect(() => {
    const resized = new ResizeObserver(() => {
      if (isAtEnd.value && box.current !== null) box.current.scrollTop = box.current.scrollHeight
    })
    if (box.current !== null) resized.observe(box.current)
    if (lines.current !== null) resized.observe(lines.current)
    return () => resized.disconnect()
  }, [rows.length === 0])

  return { box, lines, list, shift, isAtEnd, newCount, olderTrouble, toEnd, older, onScroll }
}

const newestId = (messages: readonly TimelineMessage[]): number =>
  messages.findLast((message) => message.message_id !== null)?.message_id ?? 0
