import { KlatchError, type Room, type TimelineMessage } from "@klatch/client"
import { useSignal } from "@preact/signals"
import { useEffect } from "preact/hooks"
import { lobby } from "./address.ts"
import { Composer } from "./composer.tsx"
import { ConnectionNotice } from "./connection-notice.tsx"
import { Icon } from "./icon.tsx"
import { Log, LogLoading } from "./log.tsx"
import { signalOf } from "./signal-of.ts"
import { words } from "./words.ts"
import { isMissing, titleOf, type Workspace } from "./workspace.ts"

/** A room: its name, its log, and the place to write. It follows the room while it is shown. */
export function RoomPane(props: { workspace: Workspace; room: Room; onList: () => void }) {
  const { workspace, room } = props
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
  useEffect(open, [room])
  const self = signalOf(workspace.client.user).value
  const info = signalOf(room.info).value
  const timeline = signalOf(room.messages).value
  const title =
    info === null ? (error.value === null ? room.ref : words.product) : titleOf(info, self?.username)
  useTitle(title)
  useSeen(workspace, info?.id, timeline.messages)
  const editLast = () => {
    const own = (one: TimelineMessage) => one.user_id === self?.id && !one.deleted_at
    // While the last one is on its way there is none to edit: the one before it is not meant.
    editing.value = timeline.messages.findLast(own)?.message_id ?? null
  }
  if (error.value !== null)
    return (
      <RoomFailed
        error={error.value}
        title={title}
        onList={props.onList}
        onRetry={open}
        workspace={workspace}
      />
    )
  const isLoading =
    timeline.messages.length === 0 &&
    (timeline.status === "loading" || timeline.status === "empty" || info === null)
  return (
    <main class="pane">
      <RoomHead title={title} topic={info?.topic ?? ""} onList={props.onList} />
      <ConnectionNotice connection={signalOf(workspace.client.connection).value} />
      {isLoading ? (
        <LogLoading />
      ) : (
        <Log
          room={room}
          title={title}
          isDirect={info?.kind === "direct"}
          timeline={timeline}
          nowMs={workspace.nowMs.value}
          selfId={self?.id}
          editing={editing}
        />
      )}
      <TypingLine names={signalOf(room.typing).value.map((user) => user.from)} />
      <Composer
        room={room}
        title={title}
        drafts={workspace.drafts}
        client={workspace.client}
        onEditLast={editLast}
      />
    </main>
  )
}

function RoomHead(props: { title: string; topic: string; onList: () => void }) {
  return (
    <header class="room-head">
      <button
        type="button"
        class="icon-button only-narrow"
        aria-label={words.rooms.open}
        onClick={props.onList}
      >
        <Icon name="menu" />
      </button>
      <h1>{props.title}</h1>
      {props.topic !== "" && (
        <p class="topic" title={props.topic}>
          {props.topic}
        </p>
      )}
    </header>
  )
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

function RoomFailed(props: {
  error: KlatchError
  title: string
  workspace: Workspace
  onList: () => void
  onRetry: () => void
}) {
  const missing = isMissing(props.error)
  return (
    <main class="pane">
      <RoomHead title={props.title} topic="" onList={props.onList} />
      <div class="state" role="alert">
        <span class="state-sign">
          <Icon name="alert" />
        </span>
        <h2>{missing ? words.room.missingTitle : words.room.failedTitle}</h2>
        <p>{missing ? words.room.missing : props.error.message}</p>
        <div class="actions">
          {props.workspace.ref.value !== lobby && (
            <button type="button" class="button button-primary" onClick={() => props.workspace.go(lobby)}>
              {words.room.toLobby}
            </button>
          )}
          <button type="button" class="button" onClick={props.onRetry}>
            {words.tryAgain}
          </button>
        </div>
      </div>
    </main>
  )
}

function useTitle(title: string): void {
  useEffect(() => {
    document.title = title === words.product ? title : `${title} · ${words.product}`
  }, [title])
}

/** While the page is looked at, what is shown counts as seen. */
function useSeen(
  workspace: Workspace,
  roomId: string | undefined,
  messages: readonly TimelineMessage[],
): void {
  useEffect(() => {
    const see = () => {
      const newest = messages.findLast((message) => message.message_id !== null)?.message_id
      if (roomId !== undefined && newest != null && document.visibilityState === "visible")
        workspace.see(roomId, newest)
    }
    see()
    document.addEventListener("visibilitychange", see)
    return () => document.removeEventListener("visibilitychange", see)
  }, [roomId, messages])
}

const asError = (thrown: unknown): KlatchError =>
  thrown instanceof KlatchError ? thrown : new KlatchError("internal", String(thrown))
