import { KlatchError } from "@klatch/client"
import { useSignal } from "@preact/signals"
import { lobby } from "./address.ts"
import type { Frame } from "./app-frame.ts"
import { Icon } from "./icon.tsx"
import type { RoomDesk } from "./room-desk.ts"
import { RoomHead } from "./room-head.tsx"
import { words } from "./words.ts"
import { refusalOf, rights } from "./words-rights.ts"
import type { Workspace } from "./workspace.ts"

/** In place of a room that one was taken out of, just now. */
export function RoomGone(props: { workspace: Workspace; frame: Frame; desk: RoomDesk }) {
  const { workspace, frame, desk } = props
  const settings = desk.settings.value
  const name = settings?.name ?? ""
  const by = settings?.removed_by ?? null
  const fault = useSignal<string | null>(null)
  const join = async () => {
    fault.value = null
    try {
      // Told as any join is, by which the room opens again.
      await workspace.client.request("POST", `/rooms/${desk.roomId}/join`)
    } catch (thrown) {
      // Why one is kept out only the server can tell.
      const isKeptOut = thrown instanceof KlatchError && thrown.code === "forbidden"
      fault.value = isKeptOut ? thrown.message : refusalOf(thrown)
    }
  }
  return (
    <main class="pane" inert={frame.isRoomCovered.value}>
      <RoomHead workspace={workspace} frame={frame} title={name} info={null} />
      <div class="state" role="alert">
        <span class="state-sign">
          <Icon name="out" />
        </span>
        <h2>{rights.goneTitle(name)}</h2>
        <p>{by === null ? rights.gone : rights.goneBy(by)}</p>
        <p>{rights.goneWhat}</p>
        {fault.value !== null && (
          <p class="hint-wrong" role="alert">
            {fault.value}
          </p>
        )}
        <div class="actions">
          {workspace.ref.value !== lobby && (
            <button type="button" class="button button-primary" onClick={() => workspace.go(lobby)}>
              {words.room.toLobby}
            </button>
          )}
          {settings?.kind === "public" && (
            <button type="button" class="button" onClick={() => void join()}>
              {rights.goneBack}
            </button>
          )}
        </div>
      </div>
    </main>
  )
}
