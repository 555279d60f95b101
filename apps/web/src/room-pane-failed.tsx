import type { KlatchError } from "@klatch/client"
import { lobby } from "./address.ts"
import type { Frame } from "./app-frame.ts"
import { Icon } from "./icon.tsx"
import { RoomHead } from "./room-head.tsx"
import { words } from "./words.ts"
import { rights } from "./words-rights.ts"
import type { Workspace } from "./workspace.ts"

/** In place of a room that is not there, or not open to us. */
export function RoomFailed(props: {
  error: KlatchError
  title: string
  workspace: Workspace
  frame: Frame
  onRetry: () => void
}) {
  const { error, workspace, frame } = props
  const missing = isMissing(error)
  return (
    <main class="pane" inert={frame.isRoomCovered.value}>
      <RoomHead workspace={workspace} frame={frame} title={props.title} info={null} />
      <div class="state" role="alert">
        <span class="state-sign">
          <Icon name="alert" />
        </span>
        <h2>{titleOf(error)}</h2>
        <p>{missing ? words.room.missing : error.message}</p>
        <div class="actions">
          {workspace.ref.value !== lobby && (
            <button type="button" class="button button-primary" onClick={() => workspace.go(lobby)}>
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

/** In place of a room that was never opened here, while there is no connection to open it over. */
export function RoomNotKept() {
  return (
    <div class="state">
      <span class="state-sign">
        <Icon name="alert" />
      </span>
      <h2>{words.connection.notKeptTitle}</h2>
      <p>{words.connection.notKept}</p>
    </div>
  )
}

/** Whether an error means that the room is missing, or not for this person to see. */
const isMissing = ({ code }: KlatchError): boolean => code === "not_found" || code === "invalid_field"

function titleOf(error: KlatchError): string {
  if (isMissing(error)) return words.room.missingTitle
  // One may know of the room, and not come in: the server says why.
  return error.code === "forbidden" ? rights.shutOutTitle : words.room.failedTitle
}
