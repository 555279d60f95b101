import type { TimelineMessage } from "@klatch/client"
import type { ReadonlySignal } from "@preact/signals"
import { useLayoutEffect, useMemo, useReducer, useRef } from "preact/hooks"
import { indexOfMessage, type Row } from "./row.ts"

/** So many lines that were let go in front may stay, while the reader never rests. */
const lateMax = 2_000

/**
 * What to show next on the way from the messages that are shown to those there are now. The list keeps its place when
 * lines come in front, come or go at the end, or go in front while nothing else moves: for more at once there are steps
 * between. `mayDrop`: lines may go in front now.
 */
export function stepTowards(
  shown: readonly TimelineMessage[],
  now: readonly TimelineMessage[],
  mayDrop: boolean,
): readonly TimelineMessage[] {
  const [first, firstNow] = [shown[0]?.message_id, now[0]?.message_id]
  const [last, lastNow] = [lastId(shown), lastId(now)]
  if (first == null || firstNow == null || last === null || lastNow === null) return now
  if (first === firstNow) return now
  if (first < firstNow) {
    const kept = indexOfMessage(shown, firstNow)
    const isLate = (mayDrop && last === lastNow) || kept > lateMax
    // Nothing is in both: the place to keep is gone.
    return kept < 0 || isLate ? now : [...shown.slice(0, kept), ...now]
  }
  const from = indexOfMessage(now, first)
  if (from < 0 || last === lastNow) return now
  // The end first: what comes in front is then measured from there.
  return now.slice(from, last < lastNow ? now.length : indexOfMessage(now, lastNow) + 1)
}

/** Of those in the log: ours on their way come and go without a place to keep. */
const lastId = (messages: readonly TimelineMessage[]): number | null =>
  messages.findLast((message) => message.delivery === "sent")?.message_id ?? null

/**
 * The messages to show, step by step. What comes is there before anything is painted; what is let go in front goes
 * when the new lines were measured and the log is still. `isHeld`: those shown stay, and what changes comes after.
 */
export function useSteps(
  messages: readonly TimelineMessage[],
  isHeld: boolean,
  isStill: ReadonlySignal<boolean>,
): readonly TimelineMessage[] {
  const shown = useRef(messages)
  const goal = useRef(messages)
  const isMeasured = useRef(false)
  const [turn, again] = useReducer((count: number) => count + 1, 0)
  const mayDrop = isMeasured.current && isStill.value
  const step = useMemo(
    () => (isHeld ? shown.current : stepTowards(shown.current, messages, mayDrop)),
    [messages, isHeld, mayDrop, turn],
  )
  useLayoutEffect(() => {
    shown.current = step
    if (goal.current !== messages || step === messages) isMeasured.current = false
    goal.current = messages
    if (isHeld || step === messages || isMeasured.current) return
    if (!isLonger(step, messages)) return again(0)
    // What came is drawn in the first frame, and measured by the second.
    let frame = requestAnimationFrame(() => {
      frame = requestAnimationFrame(() => {
        isMeasured.current = true
        again(0)
      })
    })
    return () => cancelAnimationFrame(frame)
  }, [step, messages, isHeld])
  return step
}

/** Whether lines are shown in front that were let go. */
function isLonger(shown: readonly TimelineMessage[], now: readonly TimelineMessage[]): boolean {
  const [first, firstNow] = [shown[0]?.message_id, now[0]?.message_id]
  return first != null && firstNow != null && first < firstNow
}

/** Whether lines came or went in front of those that stay. */
export function movedInFront(before: readonly Row[], after: readonly Row[]): boolean {
  const first = before.find((row) => row.kind === "message")
  const firstNow = after.find((row) => row.kind === "message")
  if (first === undefined || firstNow === undefined || first.key === firstNow.key) return false
  return after.some((row) => row.key === first.key) || before.some((row) => row.key === firstNow.key)
}
