import { KlatchError, type Room, type TimelineMessage, type TimelineState } from "@klatch/client"
import { type Signal, useSignal } from "@preact/signals"
import { useEffect, useLayoutEffect, useRef } from "preact/hooks"
import type { VirtualizerHandle } from "virtua"
import { ReaderHand } from "./log-hand.ts"
import type { OlderTrouble } from "./log-state.tsx"
import { countNew, type Row } from "./row.ts"
import { movedInFront } from "./row-step.ts"

/** The height of what stands above the messages; `.log-top` in the style has the same. */
export const topPx = 112
/** Lines this far out of view are in the document: measured before they are seen, so that a page up skips none. */
export const aheadPx = 1_000
/** So near to the end counts as being there. */
const endPx = 48
/** Older messages are asked for when so much is left above; newer ones that were let go, when so much is below. */
const nearPx = 800
/** A scroll so soon after something grew or shrank comes from that, unless the reader's hand is on the log. */
const restFrames = 9

interface LogScrollOptions {
  readonly room: Room
  readonly timeline: TimelineState
  readonly rows: readonly Row[]
  readonly selfId: string | undefined
  /** Set here: whether nothing scrolls. */
  readonly isStill: Signal<boolean>
}

export type LogScroll = ReturnType<typeof useLogScroll>

/** Where the log stands, and what moves it. */
export function useLogScroll({ room, timeline, rows, selfId, isStill }: LogScrollOptions) {
  const box = useRef<HTMLDivElement>(null)
  const lines = useRef<HTMLDivElement>(null)
  const list = useRef<VirtualizerHandle>(null)
  const shownRows = useRef(rows)
  /** The newest message there was when the reader was last at the end. */
  const seenId = useRef(0)
  /** On the way to the newest, which were let go. */
  const isGoing = useRef(false)
  /** Someone else moves the log now: it stays where it is, and loads nothing. */
  const isHeld = useRef(false)
  const hand = useRef<ReaderHand | null>(null)
  /** The end has moved while the reader's hand was on the log. */
  const isBehind = useRef(false)
  const lastOffset = useRef(0)
  /** How large the log was when it was last looked at, and where it stood. */
  const size = useRef("")
  const top = useRef(0)
  /** Frames until what grew or shrank rests; typing counts: a field that fits its text changes at each key. */
  const unrest = useRef(0)
  const isAtEnd = useSignal(true)
  const newCount = useSignal(0)
  /** Counts older pages: their lines may be drawn before the next page can be asked for. */
  const pages = useSignal(0)
  const olderTrouble = useSignal<OlderTrouble>(null)
  // Where nothing scrolls there is no place to keep, and the list would wait for a scroll that never comes.
  const shift = movedInFront(shownRows.current, rows) && doesScroll(box.current)

  const see = () => {
    seenId.current = newestId(timeline.messages)
    newCount.value = 0
  }
  const standAtEnd = () => {
    isBehind.current = false
    if (box.current === null) return
    // Not by the list, which would go there again for a while, whatever the reader does meanwhile.
    box.current.scrollTop = box.current.scrollHeight
    top.current = box.current.scrollTop
  }
  const shake = () => {
    const isCounting = unrest.current > 0
    unrest.current = restFrames
    const count = () => {
      if (--unrest.current > 0) requestAnimationFrame(count)
    }
    if (!isCounting) requestAnimationFrame(count)
  }
  const lookAtSize = (log: HTMLElement) => {
    const [before, topBefore] = [size.current, top.current]
    size.current = `${log.clientWidth} ${log.clientHeight} ${log.scrollHeight}`
    top.current = log.scrollTop
    if (size.current !== before) shake()
    // Nothing grew or shrank, so a hand did it: a browser may tell of the scroll before it tells of the wheel.
    else if (top.current < topBefore - 1) hand.current?.touch()
  }
  /** Not the reader moves the log, but what grows or shrinks around it. */
  const isShaken = () => unrest.current > 0 && !hand.current?.isOn
  /** At the end means staying there, but for a reader who is about to leave. */
  const stayAtEnd = () => {
    if (hand.current?.isOn) isBehind.current = true
    else standAtEnd()
  }
  const toEnd = () => {
    if (timeline.hasNewer) {
      isGoing.current = true
      room.messages.toNewest().catch(() => {
        isGoing.current = false
      })
      return
    }
    isGoing.current = false
    hand.current?.rest()
    isAtEnd.value = true
    see()
    standAtEnd()
  }
  const older = () => {
    olderTrouble.value = null
    room.messages.loadOlder().then(
      () => {
        pages.value++
      },
      (thrown: unknown) => {
        const isLimit = thrown instanceof KlatchError && thrown.code === "too_large"
        olderTrouble.value = isLimit ? "limit" : "failed"
      },
    )
  }
  const isReady = () => timeline.status === "ready" && !isHeld.current && !isGoing.current
  const wantsOlder = () => timeline.hasOlder && isReady() && olderTrouble.value === null
  const onScroll = (offset: number) => {
    const log = box.current
    if (log === null) return
    isStill.value = false
    lookAtSize(log)
    const belowPx = log.scrollHeight - offset - log.clientHeight
    if (offset < lastOffset.current) hand.current?.movedUp()
    else if (belowPx < 1) hand.current?.rest()
    lastOffset.current = offset
    const hasEnd = !timeline.hasNewer && !isHeld.current
    const isEnd = belowPx < endPx && hasEnd
    if (isAtEnd.value && !isEnd && hasEnd && isShaken()) return standAtEnd()
    isAtEnd.value = isEnd
    if (isAtEnd.value) see()
    if (offset < nearPx && wantsOlder()) older()
    // Should it fail, the next turn of the wheel asks again.
    else if (belowPx < nearPx && timeline.hasNewer && isReady()) room.messages.loadNewer().catch(() => {})
  }

  const onScrollEnd = () => {
    isStill.value = true
  }

  useLayoutEffect(() => {
    const before = shownRows.current
    shownRows.current = rows
    shake()
    const newest = rows.at(-1)
    const grew = newest !== undefined && newest.key !== before.at(-1)?.key
    const isOwn = newest?.kind === "message" && newest.message.delivery === "sending"
    const isElsewhere = !timeline.hasNewer && !shift && isReplaced(before, rows)
    if (isGoing.current || isElsewhere || (grew && isOwn)) toEnd()
    else if (isAtEnd.value && hand.current?.isOn) isBehind.current = true
    else if (isAtEnd.value) toEnd()
    else {
      const count = countNew(timeline.messages, seenId.current, selfId)
      // Those that were let go are not counted again.
      newCount.value = timeline.hasNewer ? Math.max(count, newCount.value) : count
    }
    if (box.current !== null && box.current.scrollHeight <= box.current.clientHeight + nearPx && wantsOlder())
      older()
  }, [rows, timeline.status, pages.value])

  // Lines that turn out taller than thought, a keyboard that opens: at the end means staying there.
  useEffect(() => {
    const resized = new ResizeObserver(() => {
      if (box.current !== null) lookAtSize(box.current)
      if (isAtEnd.value) stayAtEnd()
    })
    if (box.current !== null) resized.observe(box.current)
    if (lines.current !== null) resized.observe(lines.current)
    return () => resized.disconnect()
  }, [rows.length === 0])

  useLayoutEffect(() => {
    const log = box.current
    if (log === null) return
    const made = new ReaderHand(log, () => {
      if (isAtEnd.value && isBehind.current) standAtEnd()
    })
    hand.current = made
    // The list does not tell of a scroll that ends where the one before it did, though it was moved between them.
    const onAnyScroll = () => {
      lookAtSize(log)
      if (isAtEnd.value && isShaken()) standAtEnd()
    }
    log.addEventListener("scroll", onAnyScroll)
    // A field that fits its text shrinks and grows within a frame: the log may end where it was, and stand elsewhere.
    const onInput = () => {
      size.current = ""
      shake()
    }
    addEventListener("input", onInput, true)
    return () => {
      log.removeEventListener("scroll", onAnyScroll)
      removeEventListener("input", onInput, true)
      made[Symbol.dispose]()
    }
  }, [])

  /** While held, the log does not move by itself. */
  const hold = (isHeldNow: boolean) => {
    isHeld.current = isHeldNow
    if (isHeldNow) isAtEnd.value = false
  }

  return {
    box,
    lines,
    list,
    shift,
    isAtEnd,
    newCount,
    olderTrouble,
    hold,
    toEnd,
    older,
    onScroll,
    onScrollEnd,
  }
}

const doesScroll = (box: HTMLElement | null) => box !== null && box.scrollHeight > box.clientHeight

/** Whether nothing is left of what was shown: it begins anew at the newest, and the place to keep is gone. */
function isReplaced(before: readonly Row[], after: readonly Row[]): boolean {
  const first = before.find((row) => row.kind === "message")
  const firstNow = after.find((row) => row.kind === "message")
  return first !== undefined && firstNow !== undefined && first.key !== firstNow.key
}

const newestId = (messages: readonly TimelineMessage[]): number =>
  messages.findLast((message) => message.message_id !== null)?.message_id ?? 0
