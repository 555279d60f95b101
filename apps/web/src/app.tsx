import type { KlatchError } from "@klatch/client"
import { useSignal } from "@preact/signals"
import { useEffect, useMemo } from "preact/hooks"
import { lobby, readAddress } from "./address.ts"
import { Frame } from "./app-frame.ts"
import { toComposer, useKeys } from "./app-keys.ts"
import { ConnectionEnded } from "./connection-notice.tsx"
import { keepName, keptName } from "./kept.ts"
import { MakeDirect, MakeRoom } from "./make.tsx"
import { isName } from "./name.ts"
import { NameScreen } from "./name-screen.tsx"
import { Palette } from "./palette.tsx"
import { Help } from "./palette-help.tsx"
import { RoomPane } from "./room-pane.tsx"
import { Sidebar } from "./sidebar.tsx"
import { signalOf } from "./signal-of.ts"
import { words } from "./words.ts"
import { Workspace } from "./workspace.ts"

/** Who is at the page: a name (from its address or kept), a guest, or not asked yet. */
interface Visitor {
  readonly name: string | null
  readonly inAddress: boolean
}

/** The page: first who is talking, then the chat. */
export function App() {
  const workspace = useSignal<Workspace | null>(useMemo(firstWorkspace, []))
  const enter = (name: string | null) => {
    workspace.value?.close()
    keepName(name)
    workspace.value = new Workspace(name, false)
  }
  const leave = () => {
    const before = workspace.value
    workspace.value = null
    before?.close()
    keepName(null)
    history.replaceState(null, "", `?r=${encodeURIComponent(before?.ref.value ?? lobby)}`)
  }
  if (workspace.value === null) {
    const { room, user } = readAddress(location.href)
    return <NameScreen room={room ?? lobby} wrongName={user} onEnter={enter} />
  }
  return <Chat workspace={workspace.value} onEnter={enter} onLeave={leave} />
}

function firstWorkspace(): Workspace | null {
  const visitor = knownVisitor()
  return visitor === null ? null : new Workspace(visitor.name, visitor.inAddress)
}

function knownVisitor(): Visitor | null {
  const named = readAddress(location.href).user
  // One that no server takes is asked for again, and not sent over and over.
  if (named !== null) return isName(named) ? { name: named, inAddress: true } : null
  const kept = keptName()
  return kept !== null && isName(kept) ? { name: kept, inAddress: false } : null
}

interface ChatProps {
  workspace: Workspace
  onEnter: (name: string | null) => void
  onLeave: () => void
}

function Chat({ workspace, onEnter, onLeave }: ChatProps) {
  const frame = useMemo(() => new Frame(), [workspace])
  useEffect(() => () => frame.close(), [frame])
  useKeys(workspace, frame)
  const connection = signalOf(workspace.client.connection).value
  if (connection.phase === "closed" && connection.lastError && isNameRefusal(connection.lastError))
    return (
      <NameScreen
        room={workspace.ref.value}
        wrongName={workspace.name}
        refusal={connection.lastError.message}
        onEnter={onEnter}
      />
    )
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
          onAgain={() => workspace.client.connect()}
          onLeave={onLeave}
        />
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
    case null:
      return null
  }
}

/** Whether the server will not have this visitor under this name: another one may do. */
const isNameRefusal = (error: KlatchError): boolean =>
  error.code === "unauthorized" || error.code === "invalid_field"
