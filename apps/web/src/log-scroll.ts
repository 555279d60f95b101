import type { Room, TimelineState } from "@klatch/client"
import { useSignal } from "@preact/signals"
import { useEffect, useLayoutEffect, useRef } from "preact/hooks"
import type { VirtualizerHandle } from "virtua"
import { grewInFront, type Row } from "./row.ts"

/** The height of what stands above the messages; `.log-top` in the style has the same. */
export const topPx = 112
/** Lines this far out of view are in the document: measured before they are seen, so that a page up skips none. */
export const aheadPx = 1_000
/** So near to the end counts as being there. */
const endPx = 48
/** Older messages are asked for when so much is left above. */
const olderPx = 800

/** Where the log stands, and what moves it. */
export function useLogScroll(room: Room, timeline: TimelineState, rows: readonly Row[]) {
  const box = useRef<HTMLDivElement>(null)
  const lines = useRef<HTMLDivElement>(null)
  const list = useRef<VirtualizerHandle>(null)
  const shownRows = useRef(rows)
  const isAtEnd = useSignal(true)
  const hasNew = useSignal(false)
  const olderFailed = useSignal(false)
  const shift = grewInFront(shownRows.current, rows)

  const toEnd = () => {
    isAtEnd.value = true
    hasNew.value = false
    list.current?.scrollToIndex(rows.length - 1, { align: "end" })
  }
  const older = () => {
    olderFailed.value = false
    room.messages.loadOlder().catch(() => {
      olderFailed.value = true
    })
  }
  const wantsOlder = () => timeline.hasOlder && timeline.status === "ready" && !olderFailed.value
  const onScroll = (offset: number) => {
    const handle = list.current
    if (handle === null || box.current === null) return
    isAtEnd.value = box.current.scrollHeight - offset - box.current.clientHeight < endPx
    if (isAtEnd.value) hasNew.value = false
    if (offset < olderPx && wantsOlder()) older()
  }

  useLayoutEffect(() => {
    const before = shownRows.current
    shownRows.current = rows
    const newest = rows.at(-1)
    const grew = newest !== undefined && newest.key !== before.at(-1)?.key
    const isOwn = newest?.kind === "message" && newest.message.delivery === "sending"
    if (isAtEnd.value || (grew && isOwn)) toEnd()
    else if (grew && !shift) hasNew.value = true
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

  return { box, lines, list, shift, isAtEnd, hasNew, olderFailed, toEnd, older, onScroll }
}
