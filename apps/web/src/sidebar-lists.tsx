import type { RoomInfo } from "@klatch/client"
import { type Signal, useSignal } from "@preact/signals"
import type { ComponentChildren } from "preact"
import { useEffect, useRef } from "preact/hooks"
import type { Frame } from "./app-frame.ts"
import { Avatar } from "./avatar.tsx"
import { isDown } from "./connection-notice.tsx"
import { countLabel } from "./favicon-count.ts"
import { Icon, type IconName } from "./icon.tsx"
import { signalOf } from "./signal-of.ts"
import { words } from "./words.ts"
import type { Workspace } from "./workspace.ts"
import { isDirect, titleOf } from "./workspace-people.ts"

interface ListsProps {
  workspace: Workspace
  frame: Frame
}

/** The rooms as links, in the order in which they are shown. */
export const roomLinks = (): HTMLElement[] => [...document.querySelectorAll<HTMLElement>("a.room-item")]

/** The rooms, as far as they match what is searched for. One Tab stop; the arrows move in it. */
export function SidebarLists({ workspace, frame }: ListsProps) {
  const focused = useSignal<string | null>(null)
  const box = useRef<HTMLElement>(null)
  const isListed = workspace.mine.value?.some((info) => workspace.isHere(info)) ?? false
  useEffect(() => {
    if (isListed && box.current !== null) bringIntoView(box.current)
  }, [workspace.ref.value, isListed])
  return (
    <nav class="lists" aria-label={words.rooms.heading} ref={box} onKeyDown={moveFocus}>
      <Lists workspace={workspace} frame={frame} focused={focused} />
    </nav>
  )
}

function Lists({ workspace, frame, focused }: ListsProps & { focused: Signal<string | null> }) {
  const typed = workspace.discovery.query.value.trim()
  const query = typed.toLowerCase()
  const self = signalOf(workspace.client.user).value?.username
  const matches = (info: RoomInfo) => query === "" || titleOf(info, self).toLowerCase().includes(query)
  const { value: mine } = workspace.mine
  if (mine === null || (mine.length === 0 && workspace.listFailed.value))
    return workspace.listFailed.value ? (
      <ListFailed workspace={workspace} />
    ) : (
      <ListLoading workspace={workspace} />
    )
  const rooms = mine.filter((info) => !isDirect(info) && matches(info))
  const direct = mine.filter((info) => isDirect(info) && matches(info))
  const others = workspace.others.value.filter(matches)
  const shown = [...rooms, ...direct, ...others]
  const stop = (
    shown.find((info) => info.id === focused.value) ?? shown.find((info) => workspace.isHere(info))
  )?.id
  const items = (infos: RoomInfo[]) => (
    <ul>
      {infos.map((info) => (
        <RoomItem
          key={info.id}
          workspace={workspace}
          info={info}
          isStop={info.id === (stop ?? shown[0]?.id)}
          onFocus={() => {
            focused.value = info.id
          }}
          onGo={frame.closeList}
        />
      ))}
    </ul>
  )
  return (
    <>
      {(workspace.listFailed.value || workspace.discovery.hasFailed.value) && (
        <ListFailed workspace={workspace} />
      )}
      <Section title={words.rooms.heading} add={words.rooms.make} onAdd={() => frame.show("room")}>
        {rooms.length > 0
          ? items(rooms)
          : others.length === 0 && (
              <ListNone query={typed} hasDirect={direct.length > 0} onMake={() => frame.makeRoom(typed)} />
            )}
      </Section>
      <Section title={words.rooms.direct} add={words.makeDirect.title} onAdd={() => frame.show("direct")}>
        {direct.length > 0 ? items(direct) : query === "" && <p class="list-note">{words.rooms.noDirect}</p>}
      </Section>
      {others.length > 0 && <Section title={words.rooms.discover}>{items(others)}</Section>}
    </>
  )
}

/** So far and no further that the room that is looked at can be seen: the list moves, and nothing around it. */
function bringIntoView(box: HTMLElement): void {
  const item = box.querySelector("[aria-current]")?.getBoundingClientRect()
  if (item === undefined) return
  const { top, bottom } = box.getBoundingClientRect()
  if (item.top < top) box.scrollTop -= top - item.top + item.height
  else if (item.bottom > bottom) box.scrollTop += item.bottom - bottom + item.height
}

function moveFocus(event: KeyboardEvent): void {
  if (event.altKey || event.ctrlKey || event.metaKey) return
  const links = roomLinks()
  const at = links.indexOf(document.activeElement as HTMLElement)
  if (at < 0) return
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: links.length - 1 }[event.key]
  if (to === undefined) return
  event.preventDefault()
  if (to < 0) document.getElementById("find")?.focus()
  else links[to]?.focus()
}

function ListNone(props: { query: string; hasDirect: boolean; onMake: () => void }) {
  if (props.query === "") return <p class="list-note">{words.rooms.none}</p>
  return (
    <>
      {!props.hasDirect && <p class="list-note">{words.rooms.noMatch(props.query)}</p>}
      <button type="button" class="list-make" onClick={props.onMake}>
        <Icon name="plus" />
        <span class="room-item-name">{words.rooms.makeNamed(props.query)}</span>
      </button>
    </>
  )
}

function Section(props: { title: string; add?: string; onAdd?: () => void; children: ComponentChildren }) {
  return (
    <section class="list" aria-label={props.title}>
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

interface RoomItemProps {
  workspace: Workspace
  info: RoomInfo
  /** Whether Tab stops here. */
  isStop: boolean
  onFocus: () => void
  onGo: () => void
}

function RoomItem({ workspace, info, isStop, onFocus, onGo }: RoomItemProps) {
  const ref = info.slug ?? info.id
  const isHere = workspace.isHere(info)
  const unread = isHere ? 0 : workspace.unreadOf(info)
  const title = titleOf(info, signalOf(workspace.client.user).value?.username)
  const open = (event: MouseEvent) => {
    // With a modifier it is the browser's link: a new tab or window.
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return
    event.preventDefault()
    onGo()
    workspace.go(ref)
  }
  return (
    <li>
      <a
        class={unread > 0 ? "room-item is-unread" : "room-item"}
        href={workspace.hrefOf(ref)}
        aria-current={isHere ? "page" : undefined}
        tabIndex={isStop ? 0 : -1}
        title={info.topic || undefined}
        onClick={open}
        onFocus={onFocus}
      >
        {isDirect(info) ? <Avatar name={title} size="small" /> : <Icon name={signOf(info)} />}
        <span class="room-item-name">{title}</span>
        {workspace.drafts.get(ref) !== undefined && !isHere && <Icon name="pencil" />}
        {unread > 0 && (
          <span class="unread">
            <span aria-hidden="true">{countLabel(unread)}</span>
            <span class="for-listeners">{words.rooms.unread(countLabel(unread))}</span>
          </span>
        )}
      </a>
    </li>
  )
}

/** What a room that is not direct is told by. */
export const signOf = (info: RoomInfo): IconName =>
  info.kind === "private" ? "lock" : info.kind === "group" ? "people" : "hash"

function ListLoading({ workspace }: { workspace: Workspace }) {
  if (isDown(signalOf(workspace.client.connection).value))
    return <p class="list-note">{words.rooms.waiting}</p>
  return (
    <div class="list-loading" role="status" aria-label={words.rooms.loading}>
      {["wide", "short", "middle", "short", "wide"].map((width, at) => (
        <span key={`${width} ${at}`} class={`bone-${width}`} aria-hidden="true" />
      ))}
    </div>
  )
}

function ListFailed({ workspace }: { workspace: Workspace }) {
  const again = () => {
    void workspace.loadRooms()
    void workspace.discovery.refresh()
  }
  return (
    <p class="list-note" role="status">
      {words.rooms.failed}{" "}
      <button type="button" class="text-button" onClick={again}>
        {words.tryAgain}
      </button>
    </p>
  )
}
