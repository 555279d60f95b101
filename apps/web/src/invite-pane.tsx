import type { KlatchError } from "@klatch/client"
import { lobby } from "./address.ts"
import type { Frame } from "./app-frame.ts"
import { Icon } from "./icon.tsx"
import { RoomHead } from "./room-head.tsx"
import { words } from "./words.ts"
import { rights } from "./words-rights.ts"
import type { Workspace } from "./workspace.ts"
import type { Invitation } from "./workspace-invite.ts"

/** In place of a room, while someone comes in by an invitation, or cannot. */
export function InvitePane(props: { workspace: Workspace; frame: Frame; invite: Invitation }) {
  const { workspace, frame, invite } = props
  const { error } = invite
  return (
    <main class="pane" inert={frame.isRoomCovered.value}>
      <RoomHead workspace={workspace} frame={frame} title={words.product} info={null} />
      {error === null ? (
        <div class="state" role="status">
          <span class="spinner" aria-hidden="true" />
          <p>{rights.comingIn}</p>
        </div>
      ) : (
        <div class="state" role="alert">
          <span class="state-sign">
            <Icon name="alert" />
          </span>
          <h2>{titleOf(error)}</h2>
          <p>{error.code === "not_found" ? rights.inviteGone : error.message}</p>
          <div class="actions">
            <button type="button" class="button button-primary" onClick={() => workspace.leaveInvite(lobby)}>
              {words.room.toLobby}
            </button>
            {isPassing(error) && (
              <button type="button" class="button" onClick={() => workspace.followInvite()}>
                {words.tryAgain}
              </button>
            )}
          </div>
        </div>
      )}
    </main>
  )
}

function titleOf({ code }: KlatchError): string {
  if (code === "not_found") return rights.inviteGoneTitle
  return code === "forbidden" ? rights.shutOutTitle : rights.inviteFailedTitle
}

const isPassing = ({ code }: KlatchError): boolean => code !== "not_found" && code !== "forbidden"
