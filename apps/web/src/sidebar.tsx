import type { RoomInfo } from "@klatch/client"
import { useSignal } from "@preact/signals"
import type { ComponentChildren } from "preact"
import { useEffect, useRef } from "preact/hooks"
import { Avatar } from "./avatar.tsx"
import { Icon, type IconName, Mark } from "./icon.tsx"
import { MakeDirect, MakeRoom } from "./make.tsx"
import { signalOf } from "./signal-of.ts"
import { words } from "./words.ts"
import { titleOf, type Workspace } from "./workspace.ts"

interface SidebarProps {
  workspace: Workspace
  /** On a narrow screen it lies over the room while it is open. */
  isOpen: boolean
  onClose: () => void
  onLeave: () => void
}

/** The rooms: mine, direct ones, and others to find. */
export function Sidebar({ workspace, isOpen, onClose, onLeave }: SidebarProps) {
  const making = useSignal<"room" | "direct" | null>(null)
  const aside = useRef<HTMLElement>(null)
  useEffect(() => {
    if (!isOpen) return
    aside.current?.querySelector<HTMLElement>(".only-narrow")?.focus()
    const onKey = (event: KeyboardEvent) => event.key === "Escape" && onClose()
    addEventListener("keydown", onKey)
    return () => removeEventListener("keydown", onKey)
  }, [isOpen])
  const stop = () => {
    making.value = null
  }
  return (
    <aside class="sidebar" ref={aside}>
      <header class="sidebar-head">
        <Mark />
        <span class="brand">{words.product}</span>
        <button
          type="button"
          class="icon-button only-narrow"
          aria-label={words.rooms.close}
          onClick={onClose}
        >
          <Icon name="close" />
        </button>
      </header>
      <Find workspace={workspace} />
      <nav class="lists" aria-label={words.rooms.heading}>
        <Lists
          workspace={workspace}
          onGo={onClose}
          onMakeRoom={() => {
            making.value = "room"
          }}
          onMakeDirect={() => {
            making.value = "direct"
          }}
        />
      </nav>
      <Self workspace={workspace} onLeave={onLeave} />
      {making.value === "room" && <MakeRoom workspace={workspace} onDone={onClose} onClose={stop} />}
      {making.value === "direct" && <MakeDirect workspace={workspace} onDone={onClose} onClose={stop} />}
    </aside>
  )
}

function Find({ workspace }: { workspace: Workspace }) {
  return (
    <label class="find">
      <Icon name="search" />
      <input
        type="search"
        class="find-input"
        placeholder={words.rooms.find}
        aria-label={words.rooms.find}
        value={workspace.query}
        onInput={(event) => {
          workspace.query.value = event.currentTarget.value
        }}
      />
    </label>
  )
}

function Lists(props: {
  workspace: Workspace
  onGo: () => void
  onMakeRoom: () => void
  onMakeDirect: () => void
}) {
  const { workspace, onGo } = props
  const query = workspace.query.value.trim().toLowerCase()
  const self = signalOf(workspace.client.user).value?.username
  const matches = (info: RoomInfo) => query === "" || titleOf(info, self).toLowerCase().includes(query)
  const mine = workspace.mine.value
  if (mine === null)
    return workspace.listFailed.value ? <ListFailed workspace={workspace} /> : <ListLoading />
  const rooms = mine.filter((info) => info.kind !== "direct" && matches(info))
  const direct = mine.filter((info) => info.kind === "direct" && matches(info))
  const others = workspace.others.value.filter(matches)
  const none = query === "" ? words.rooms.none : words.rooms.noMatch(workspace.query.value.trim())
  const items = (infos: RoomInfo[]) =>
    infos.map((info) => <RoomItem key={info.id} workspace={workspace} info={info} onGo={onGo} />)
  return (
    <>
      {workspace.listFailed.value && <ListFailed workspace={workspace} />}
      <Section title={words.rooms.heading} add={words.rooms.make} onAdd={props.onMakeRoom}>
        {rooms.length > 0 ? <ul>{items(rooms)}</ul> : others.length === 0 && <p class="list-note">{none}</p>}
      </Section>
      <Section title={words.rooms.direct} add={words.makeDirect.title} onAdd={props.onMakeDirect}>
        {direct.length > 0 ? (
          <ul>{items(direct)}</ul>
        ) : (
          query === "" && <p class="list-note">{words.rooms.noDirect}</p>
        )}
      </Section>
      {others.length > 0 && (
        <Section title={words.rooms.discover}>
          <ul>{items(others)}</ul>
        </Section>
      )}
    </>
  )
}

function Section(props: { title: string; add?: string; onAdd?: () => void; children: ComponentChildren }) {
  return (
    <section class="list">
      <div class="list-head">
        <h2>{props.title}</h2>
        {props.add !== undefined && (
          <button
            type="button"
            class="icon-button"
            aria-label={props.add}
            title={props.add}
            onClick={props.onAdd}
          >
            <Icon name="plus" />
          </button>
        )}
      </div>
      {props.children}
    </section>
  )
}

function RoomItem(props: { workspace: Workspace; info: RoomInfo; onGo: () => void }) {
  const { workspace, info } = props
  const ref = info.slug ?? info.id
  const isHere = workspace.ref.value === ref || workspace.ref.value === info.id
  const isUnread = !isHere && workspace.isUnread(info)
  const self = signalOf(workspace.client.user).value?.username
  const title = titleOf(info, self)
  const open = (event: MouseEvent) => {
    // With a modifier it is the browser's link: a new tab or window.
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return
    event.preventDefault()
    workspace.go(ref)
    props.onGo()
  }
  return (
    <li>
      <a
        class={isUnread ? "room-item is-unread" : "room-item"}
        href={workspace.hrefOf(ref)}
        aria-current={isHere ? "page" : undefined}
        title={info.topic || undefined}
        onClick={open}
      >
        {info.kind === "direct" ? <Avatar name={title} size="small" /> : <Icon name={signOf(info)} />}
        <span class="room-item-name">{title}</span>
        {isUnread && <span class="unread" role="img" aria-label={words.rooms.unread} />}
      </a>
    </li>
  )
}

const signOf = (info: RoomInfo): IconName =>
  info.kind === "private" ? "lock" : info.kind === "group" ? "people" : "hash"

const ListLoading = () => (
  <div class="list-loading" aria-hidden="true">
    <span />
    <span />
    <span />
  </div>
)

function ListFailed({ workspace }: { workspace: Workspace }) {
  return (
    <p class="list-note" role="status">
      {words.rooms.failed}{" "}
      <button type="button" class="text-button" onClick={() => void workspace.refresh()}>
        {words.tryAgain}
      </button>
    </p>
  )
}

function Self({ workspace, onLeave }: { workspace: Workspace; onLeave: () => void }) {
  const user = signalOf(workspace.client.user).value
  return (
    <footer class="self">
      {user === null ? (
        <span class="muted">{words.connection.connecting}</span>
      ) : (
        <>
          <Avatar name={user.username} size="small" />
          <span class="self-name">{user.display_name || user.username}</span>
        </>
      )}
      <button
        type="button"
        class="icon-button"
        aria-label={words.name.change}
        title={words.name.change}
        onClick={onLeave}
      >
        <Icon name="pencil" />
      </button>
    </footer>
  )
}
