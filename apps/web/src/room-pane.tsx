import { KlatchError, type Room, type TimelineMessage } from "@klatch/client"
import { useSignal } from "@preact/signals"
import { useCallback, useEffect, useMemo } from "preact/hooks"
import type { Frame } from "./app-frame.ts"
import { ComposerPlace } from "./composer-place.tsx"
import { ConnectionNotice, isDown } from "./connection-notice.tsx"
import { useTabCount } from "./favicon-count.ts"
import { Log, LogLoading } from "./log.tsx"
import { MembersPanel } from "./members-panel.tsx"
import { RoomDesk } from "./room-desk.ts"
import { RoomHead } from "./room-head.tsx"
import { RoomFailed, RoomNotKept } from "./room-pane-failed.tsx"
import { RoomGone } from "./room-pane-gone.tsx"
import { useUnreadAfter } from "./room-pane-unread.ts"
import { signalOf, timelineOf } from "./signal-of.ts"
import { words } from "./words.ts"
import type { Workspace } from "./workspace.ts"
import { isDirect, titleOf } from "./workspace-people.ts"

interface RoomPaneProps {
  workspace: Workspace
  room: Room
  frame: Frame
}

/** A room: its name, its log, the place to write, and its members. It follows the room while it is shown. */
export function RoomPane({ workspace, room, frame }: RoomPaneProps) {
  const error = useSignal<KlatchError | null>(null)
  const editing = useSignal<number | null>(null)
  const open = () => {
    error.value = null
    let isHere = true
    room.open().catch((thrown: unknown) => {
      if (isHere) error.value = asError(thrown)
    })
    return () => {
      isHere = false
      room.close()
    }
  }
  const self = signalOf(workspace.client.user).value
  const info = signalOf(room.info).value
  const desk = useDesk(workspace, info?.id)
  const isGone = (desk?.isGone.value ?? false) && !workspace.isLeaving.value
  // Whoever is taken back in finds the room open again. One that one is not in has no members to show.
  useEffect(() => {
    if (!isGone) return open()
    frame.areMembersOpen.value = false
    return undefined
  }, [room, isGone])
  const writeTo = useCallback(
    (userId: string) =>
      void workspace.directWith(userId).then(
        (ref) => workspace.go(ref),
        () => {},
      ),
    [workspace],
  )
  const timeline = timelineOf(room).value
  const connection = signalOf(workspace.client.connection).value
  const title =
    info === null ? (error.value === null ? room.ref : words.product) : titleOf(info, self?.username)
  const unreadAfter = useUnreadAfter(workspace, info, timeline, self?.id)
  useTabCount(title, workspace.unreadTotal.value)
  useSeen(workspace, room, info?.id, timeline.messages)
  const editLast = () => {
    const own = (one: TimelineMessage) => one.user_id === self?.id && !one.deleted_at
    // While the last one is on its way there is none to edit: the one before it is not meant.
    editing.value = timeline.messages.findLast(own)?.message_id ?? null
  }
  if (isGone && desk !== null) return <RoomGone workspace={workspace} frame={frame} desk={desk} />
  if (error.value !== null)
    return <RoomFailed error={error.value} title={title} frame={frame} onRetry={open} workspace={workspace} />
  const isLoading =
    timeline.messages.length === 0 &&
    (timeline.status === "loading" || timeline.status === "empty" || info === null)
  return (
    <>
      <main class="pane" inert={frame.isRoomCovered.value}>
        <RoomHead workspace={workspace} frame={frame} title={title} info={info} isComing={info === null} />
        <ConnectionNotice connection={connection} waitingCount={workspace.waitingCount.value} />
        {isLoading && isDown(connection) ? (
          <RoomNotKept />
        ) : isLoading ? (
          <LogLoading />
        ) : (
          <Log
            room={room}
            title={title}
            isDirect={info !== null && isDirect(info)}
            timeline={timeline}
            isOffline={isDown(connection)}
            nowMs={workspace.nowMs.value}
            selfId={self?.id}
            editing={editing}
            selfName={self?.username}
            unreadAfter={unreadAfter}
            onAuthor={writeTo}
          />
        )}
        <TypingLine names={signalOf(room.typing).value.map((user) => user.from)} />
        <ComposerPlace
          desk={desk}
          room={room}
          title={title}
          drafts={workspace.drafts}
          client={workspace.client}
          onEditLast={editLast}
        />
      </main>
      {frame.areMembersOpen.value && info !== null && desk !== null && (
        <MembersPanel workspace={workspace} room={room} info={info} desk={desk} frame={frame} />
      )}
    </>
  )
}

/** The room as those with a say see it, while it is shown; null while it is not known. */
function useDesk(workspace: Workspace, roomId: string | undefined): RoomDesk | null {
  const desk = useMemo(
    () => (roomId === undefined ? null : new RoomDesk(workspace.client, roomId)),
    [workspace, roomId],
  )
  useEffect(() => {
    workspace.desk.value = desk
    return () => {
      workspace.desk.value = null
      desk?.close()
    }
  }, [workspace, desk])
  return desk
}

/** Always there, so that the page does not move when someone begins to type. */
function TypingLine({ names }: { names: readonly string[] }) {
  return (
    <div class="typing" aria-live="off">
      {names.length > 0 && (
        <>
          <span class="typing-dots" aria-hidden="true">
            <i />
            <i />
            <i />
          </span>
          {words.typing(names)}
        </>
      )}
    </div>
  )
}

/** While the page is looked at, what is shown counts as seen. */
function useSeen(
  workspace: Workspace,
  room: Room,
  roomId: string | undefined,
  messages: readonly TimelineMessage[],
): void {
  useEffect(() => {
    const see = () => {
      const newest = messages.findLast((message) => message.message_id !== null)?.message_id
      if (roomId !== undefined && newest != null && document.visibilityState === "visible")
        workspace.see(room, roomId, newest)
    }
    see()
    document.addEventListener("visibilitychange", see)
    return () => document.removeEventListener("visibilitychange", see)
  }, [roomId, messages])
}

const asError = (thrown: unknown): KlatchError =>
  thrown instanceof KlatchError ? thrown : new KlatchError("internal", String(thrown))
