import type { RoomInfo, TimelineState } from "@klatch/client"
import { useEffect, useRef } from "preact/hooks"
import { countNew } from "./row.ts"
import type { Workspace } from "./workspace.ts"

/** Where the line stands above what came during an absence, and what is known to move it. */
export interface UnreadMark {
  /** The last message that was read before; 0 for none, which has no line. */
  readonly afterId: number
  /** Something came meanwhile: the line stays where it is while the room is looked at. */
  readonly stands: boolean
  /** The newest message at the last look. */
  readonly newestId: number
  readonly isHere: boolean
}

export interface Look {
  readonly newestId: number
  /** The page is looked at, and its messages are true to the server's. */
  readonly isHere: boolean
  readonly hasNews: (afterId: number) => boolean
}

export const markAt = (afterId: number): UnreadMark => ({
  afterId,
  stands: false,
  newestId: 0,
  isHere: false,
})

/** The mark after a look: what comes while one looks is read as it comes, and moves it along. */
export function looked(mark: UnreadMark, { newestId, isHere, hasNews }: Look): UnreadMark {
  if (!isHere) return { ...mark, isHere }
  const stands = mark.stands || (!mark.isHere && mark.afterId > 0 && hasNews(mark.afterId))
  const afterId = stands ? mark.afterId : Math.max(mark.afterId, newestId)
  return { afterId, stands, newestId, isHere }
}

/** The mark once the page was put away: all that was there is read, and the line is for what comes now. */
export const putAway = (mark: UnreadMark): UnreadMark =>
  mark.isHere ? markAt(Math.max(mark.afterId, mark.newestId)) : mark

/** The message below which the line stands, if anything of others comes after it; null for none. */
export function useUnreadAfter(
  workspace: Workspace,
  info: RoomInfo | null,
  { messages, status }: TimelineState,
  selfId: string | undefined,
): number | null {
  const mark = useRef<UnreadMark | null>(null)
  if (mark.current === null && info !== null) mark.current = markAt(workspace.readMark(info))
  if (mark.current !== null)
    mark.current = looked(mark.current, {
      newestId: messages.findLast((message) => message.message_id !== null)?.message_id ?? 0,
      isHere: status === "ready" && document.visibilityState === "visible",
      hasNews: (afterId) => countNew(messages, afterId, selfId) > 0,
    })
  useEffect(() => {
    const onChange = () => {
      if (document.visibilityState !== "visible" && mark.current !== null)
        mark.current = putAway(mark.current)
    }
    document.addEventListener("visibilitychange", onChange)
    return () => document.removeEventListener("visibilitychange", onChange)
  }, [])
  return mark.current !== null && mark.current.afterId > 0 ? mark.current.afterId : null
}
