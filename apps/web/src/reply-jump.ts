import { KlatchError, type Room } from "@klatch/client"
import { type Signal, useSignal } from "@preact/signals"
import { useEffect, useLayoutEffect, useMemo, useRef } from "preact/hooks"
import type { LogScroll } from "./log-scroll.ts"
import { indexOfMessage, type Row } from "./row.ts"
import { words } from "./words.ts"

/** How long a message that was gone to is lit, and how long what went wrong is told. */
const litMs = 2_500
const toldMs = 6_000
/** Pages that are loaded to find a message; the client's own bound is lower. */
const pagesMax = 400

export type Jump = ReturnType<typeof useJump>

interface JumpOptions {
  readonly room: Room
  readonly rows: readonly Row[]
  readonly scroll: LogScroll
  /** Set while older pages are loaded. */
  readonly isSeeking: Signal<boolean>
}

/** Goes to a message of the room, over older pages when it is not loaded, and says so when it cannot. */
export function useJump({ room, rows, scroll, isSeeking }: JumpOptions) {
  /** The message to look at now. */
  const lit = useSignal<number | null>(null)
  /** It is loaded, and its line is about to be. */
  const found = useSignal<number | null>(null)
  const trouble = useSignal<string | null>(null)
  const seeks = useRef(0)
  const held = useRef(scroll.hold)
  held.current = scroll.hold

  const jump = useMemo(() => {
    const stop = (told: string | null = null) => {
      seeks.current++
      isSeeking.value = false
      held.current(false)
      trouble.value = told
    }
    const to = async (id: number): Promise<void> => {
      stop()
      const seek = seeks.current
      const { messages } = room
      for (let pages = 0; pages < pagesMax; pages++) {
        const { messages: all, hasOlder } = messages.get()
        if (indexOfMessage(all, id) >= 0) {
          stop()
          found.value = id
          return
        }
        const oldest = all[0]?.message_id
        if (!hasOlder || oldest == null || oldest <= id) return stop(words.message.originalGone)
        isSeeking.value = true
        held.current(true)
        try {
          await messages.loadOlder()
        } catch (thrown) {
          if (seek !== seeks.current) return
          const isTooFar = thrown instanceof KlatchError && thrown.code === "too_large"
          return stop(isTooFar ? words.message.originalTooFar : words.message.originalFailed)
        }
        if (seek !== seeks.current) return
      }
      stop(words.message.originalTooFar)
    }
    return { to, stop }
  }, [room])
  useEffect(() => () => jump.stop(), [jump])

  useLayoutEffect(() => {
    const id = found.value
    const at = rows.findIndex((row) => row.kind === "message" && row.message.message_id === id)
    if (id === null || at < 0) return
    found.value = null
    // It may stand near the end; it must not be taken for it before it is scrolled to.
    scroll.isAtEnd.value = false
    scroll.list.current?.scrollToIndex(at, { align: "center" })
    lit.value = id
  }, [rows, found.value])

  useEffect(() => {
    if (lit.value === null) return
    const timer = setTimeout(() => {
      lit.value = null
    }, litMs)
    return () => clearTimeout(timer)
  }, [lit.value])
  useEffect(() => {
    if (trouble.value === null) return
    const timer = setTimeout(() => {
      trouble.value = null
    }, toldMs)
    return () => clearTimeout(timer)
  }, [trouble.value])

  return { ...jump, lit, isSeeking, trouble }
}
