import { useSignal } from "@preact/signals"
import { useEffect, useRef } from "preact/hooks"
import type { Frame } from "./app-frame.ts"
import { Avatar } from "./avatar.tsx"
import { Icon, Mark } from "./icon.tsx"
import { roomLinks, SidebarLists } from "./sidebar-lists.tsx"
import { signalOf } from "./signal-of.ts"
import { chooseTheme, theme, themeAfter } from "./theme.ts"
import { words } from "./words.ts"
import type { Workspace } from "./workspace.ts"

interface SidebarProps {
  workspace: Workspace
  frame: Frame
  /** Another name is wanted, or none: whoever is signed in signs out. */
  onLeave: () => void
}

/** The rooms: mine, direct ones, and others to find. On a narrow screen it lies over the room while it is open. */
export function Sidebar({ workspace, frame, onLeave }: SidebarProps) {
  const aside = useRef<HTMLElement>(null)
  const isOpen = frame.isListOpen.value
  useEffect(() => {
    if (isOpen) aside.current?.querySelector<HTMLElement>(".only-narrow")?.focus()
  }, [isOpen])
  return (
    <aside
      class="sidebar"
      ref={aside}
      aria-label={words.rooms.heading}
      inert={!isOpen && frame.isRoomCovered.value}
    >
      <header class="sidebar-head">
        <Mark />
        <span class="brand">{words.product}</span>
        <button
          type="button"
          class="icon-button only-narrow"
          aria-label={words.rooms.close}
          onClick={frame.closeList}
        >
          <Icon name="close" />
        </button>
      </header>
      <Find workspace={workspace} />
      <SidebarLists workspace={workspace} frame={frame} />
      <Self workspace={workspace} frame={frame} onLeave={onLeave} />
    </aside>
  )
}

function Find({ workspace }: { workspace: Workspace }) {
  const field = useRef<HTMLInputElement>(null)
  const isEmpty = useSignal(true)
  const write = (text: string) => {
    workspace.discovery.query.value = text
    isEmpty.value = text === ""
  }
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.isComposing) return
    if (event.key === "ArrowDown") {
      event.preventDefault()
      roomLinks()[0]?.focus()
    } else if (event.key === "Enter") {
      event.preventDefault()
      roomLinks()[0]?.click()
    } else if (event.key === "Escape" && !isEmpty.value) {
      event.preventDefault()
      write("")
    }
  }
  return (
    <div class="find">
      <Icon name="search" />
      <input
        id="find"
        ref={field}
        type="search"
        class="find-input"
        placeholder={words.rooms.find}
        aria-label={words.rooms.find}
        autocomplete="off"
        value={workspace.discovery.query}
        onInput={(event) => write(event.currentTarget.value)}
        onKeyDown={onKeyDown}
      />
    </div>
  )
}

/** Who is here, and what is theirs to set. */
function Self({ workspace, frame, onLeave }: SidebarProps) {
  const user = signalOf(workspace.client.user).value
  // A guest hears it from the server; whoever picked a name is called by it meanwhile.
  const name = user?.username ?? workspace.name
  const shown = user?.display_name || name
  const next = themeAfter(theme.value)
  const leaveLabel = workspace.account ? words.signIn.signOut : words.name.change
  const switchLabel = words.theme.switch(words.theme[theme.value], words.theme[next])
  return (
    <footer class="self">
      {name === null || shown === null ? (
        <span class="muted">{words.connection.connecting}</span>
      ) : (
        <>
          <Avatar name={name} size="small" />
          <span class="self-name" title={shown}>
            {shown}
          </span>
        </>
      )}
      <button
        type="button"
        class="icon-button"
        aria-label={switchLabel}
        title={switchLabel}
        onClick={() => chooseTheme(next)}
      >
        <Icon name={theme.value} />
      </button>
      <button
        type="button"
        class="icon-button only-wide"
        aria-label={words.frame.help}
        title={words.frame.help}
        onClick={() => frame.show("help")}
      >
        <Icon name="help" />
      </button>
      <button type="button" class="icon-button" aria-label={leaveLabel} title={leaveLabel} onClick={onLeave}>
        <Icon name={workspace.account ? "leave" : "pencil"} />
      </button>
    </footer>
  )
}
