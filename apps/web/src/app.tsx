import { useEffect, useMemo } from "preact/hooks"
import { Frame } from "./app-frame.ts"
import { toComposer, useKeys } from "./app-keys.ts"
import { ConnectionEnded } from "./connection-notice.tsx"
import { InviteDialog } from "./invite-dialog.tsx"
import { InvitePane } from "./invite-pane.tsx"
import { MakeDirect, MakeRoom } from "./make.tsx"
import { MemberAsk } from "./member-ask.tsx"
import { NameScreen } from "./name-screen.tsx"
import { Palette } from "./palette.tsx"
import { Help } from "./palette-help.tsx"
import { RoomPane } from "./room-pane.tsx"
import { RoomSettingsDialog } from "./room-settings.tsx"
import { Sidebar } from "./sidebar.tsx"
import { SignInScreen } from "./sign-in-screen.tsx"
import { signalOf } from "./signal-of.ts"
import { Visit } from "./visit.ts"
import { words } from "./words.ts"
import type { Workspace } from "./workspace.ts"

/** The page: first who is talking, then the chat. */
export function App() {
  const visit = useMemo(() => new Visit(), [])
  const scene = visit.scene.value
  switch (scene.is) {
    case "asking":
      return <Asking />
    case "name":
      return (
        <NameScreen
          key={scene}
          room={visit.room}
          wrongName={scene.wrongName}
          {...(scene.refusal !== undefined && { refusal: scene.refusal })}
          onEnter={visit.enter}
          onAccount={visit.askAccount}
        />
      )
    case "sign-in":
      return (
        <SignInScreen
          key={scene}
          server={visit.server}
          name={scene.name}
          isNew={scene.isNew}
          notice={scene.notice}
          isOpen={scene.isOpen}
          onSignIn={visit.signIn}
          onSignUp={visit.signUp}
          onSignedIn={visit.signedIn}
          onNameOnly={() => visit.askName(null)}
        />
      )
    case "chat":
      return <Chat workspace={scene.workspace} onLeave={visit.leave} />
  }
}

/** While the server is asked whom it lets in: mostly too short to be seen. */
function Asking() {
  return (
    <main class="welcome" aria-busy="true">
      <p class="welcome-wait muted" role="status">
        {words.connection.connecting}
      </p>
    </main>
  )
}

interface ChatProps {
  workspace: Workspace
  onLeave: () => void
}

function Chat({ workspace, onLeave }: ChatProps) {
  const frame = useMemo(() => new Frame(), [workspace])
  useEffect(() => () => frame.close(), [frame])
  useKeys(workspace, frame)
  const connection = signalOf(workspace.client.connection).value
  const isListOpen = frame.isListOpen.value
  return (
    <div
      class="chat"
      data-list={isListOpen ? "open" : "closed"}
      data-members={frame.areMembersOpen.value ? "open" : "closed"}
    >
      <button type="button" class="skip" onClick={toComposer}>
        {words.frame.skip}
      </button>
      <Sidebar workspace={workspace} frame={frame} onLeave={onLeave} />
      <button
        type="button"
        class="backdrop"
        aria-label={isListOpen ? words.rooms.close : words.members.hide}
        tabIndex={-1}
        onClick={isListOpen ? frame.closeList : frame.closeMembers}
      />
      {connection.phase === "closed" ? (
        <ConnectionEnded
          error={connection.lastError}
          isSignedIn={workspace.account !== null}
          onAgain={() => workspace.client.connect()}
          onLeave={onLeave}
        />
      ) : workspace.invite.value !== null ? (
        <InvitePane workspace={workspace} frame={frame} invite={workspace.invite.value} />
      ) : (
        <RoomPane key={workspace.ref.value} workspace={workspace} room={workspace.room.value} frame={frame} />
      )}
      <Front workspace={workspace} frame={frame} />
    </div>
  )
}

/** What stands in front of the page. */
function Front({ workspace, frame }: { workspace: Workspace; frame: Frame }) {
  const made = { workspace, onDone: frame.closeList, onClose: frame.closeFront }
  switch (frame.front.value) {
    case "palette":
      return <Palette workspace={workspace} frame={frame} />
    case "help":
      return <Help frame={frame} />
    case "room":
      return <MakeRoom {...made} named={frame.roomName.value} />
    case "direct":
      return <MakeDirect {...made} />
    case "ask":
    case "settings":
    case "invite":
      return <RoomFront workspace={workspace} frame={frame} front={frame.front.value} />
    case null:
      return null
  }
}

/** What is about the room that is looked at. It goes with the room. */
function RoomFront(props: { workspace: Workspace; frame: Frame; front: "ask" | "settings" | "invite" }) {
  const { workspace, frame, front } = props
  const desk = workspace.desk.value
  const [settings, asked] = [desk?.settings.value, frame.asked.value]
  const isOver = !desk || !settings || desk.isGone.value
  useEffect(() => {
    if (isOver) frame.closeFront()
  }, [isOver])
  if (isOver) return null
  if (front === "settings") return <RoomSettingsDialog desk={desk} onClose={frame.closeFront} />
  if (front === "invite")
    return <InviteDialog client={workspace.client} desk={desk} onClose={frame.closeFront} />
  return asked && <MemberAsk desk={desk} settings={settings} asked={asked} onClose={frame.closeFront} />
}
