import type { Room, RoomInfo } from "@klatch/client"
import type { RoomMember } from "@klatch/client/moderation"
import { useComputed, useSignal } from "@preact/signals"
import { memo } from "preact/compat"
import { useEffect, useRef } from "preact/hooks"
import type { Frame } from "./app-frame.ts"
import { Avatar } from "./avatar.tsx"
import { Icon } from "./icon.tsx"
import { AddPeople } from "./members-panel-add.tsx"
import { Banned } from "./members-panel-bans.tsx"
import { LeaveRoom } from "./members-panel-leave.tsx"
import { choicesOf, isMutedNow, MemberMenu } from "./members-panel-menu.tsx"
import type { RoomDesk } from "./room-desk.ts"
import { signalOf } from "./signal-of.ts"
import { words } from "./words.ts"
import { refusalOf, rights } from "./words-rights.ts"
import type { Workspace } from "./workspace.ts"
import { isDirect } from "./workspace-people.ts"

interface PanelProps {
  workspace: Workspace
  room: Room
  info: RoomInfo
  desk: RoomDesk
  frame: Frame
}

/** Who belongs to the room, and what is to be done about them. On a narrow screen it lies over the room. */
export function MembersPanel({ workspace, room, info, desk, frame }: PanelProps) {
  const panel = useRef<HTMLElement>(null)
  const load = () => void desk.members.load().catch(() => {})
  useEffect(load, [desk])
  useEffect(() => {
    panel.current?.querySelector<HTMLElement>(".panel-close")?.focus()
  }, [])
  return (
    <aside class="panel" aria-label={words.members.title} ref={panel}>
      <header class="panel-head">
        <h2>{words.members.title}</h2>
        <button
          type="button"
          class="icon-button panel-close"
          aria-label={words.members.hide}
          title={words.members.hide}
          onClick={frame.closeMembers}
        >
          <Icon name="close" />
        </button>
      </header>
      <div class="panel-body">
        <MemberList workspace={workspace} desk={desk} frame={frame} onRetry={load} />
        {desk.may("ban") && <Banned client={workspace.client} desk={desk} />}
      </div>
      {!isDirect(info) && (
        <footer class="panel-foot">
          {(info.kind === "private" || info.kind === "group") && desk.may("add_members") && (
            <AddPeople room={room} onAdded={() => {}} />
          )}
          {desk.may("invite") && (
            <FootButton icon="link" label={rights.invite} onClick={() => frame.show("invite")} />
          )}
          {(desk.may("change_room") || desk.may("archive")) && (
            <FootButton icon="settings" label={rights.settings} onClick={() => frame.show("settings")} />
          )}
          <LeaveRoom workspace={workspace} info={info} frame={frame} />
        </footer>
      )}
    </aside>
  )
}

function FootButton(props: { icon: "link" | "settings"; label: string; onClick: () => void }) {
  return (
    <button type="button" class="button button-quiet button-wide" onClick={props.onClick}>
      <Icon name={props.icon} />
      {props.label}
    </button>
  )
}

const ranks = ["owner", "admin", "moderator", "member", "reader"]

/** Those with a say first, then by name. */
const byStanding = (a: RoomMember, b: RoomMember): number =>
  ranks.indexOf(a.role) - ranks.indexOf(b.role) || a.username.localeCompare(b.username)

function MemberList(props: { workspace: Workspace; desk: RoomDesk; frame: Frame; onRetry: () => void }) {
  const { workspace, desk, frame } = props
  const list = useRef<HTMLUListElement>(null)
  const state = signalOf(desk.members)
  const sorted = useComputed(() => [...state.value.members].sort(byStanding))
  const { status, members, hasMore } = state.value
  const isOpen = signalOf(workspace.client.connection).value.phase === "open"
  const front = frame.front.value
  // The one who had the focus may be gone from the list, and the focus with them.
  useEffect(() => {
    if (document.activeElement !== document.body || front !== null) return
    list.current?.closest(".panel")?.querySelector<HTMLElement>(".panel-close")?.focus()
  }, [members.length, front])
  return (
    <>
      {members.length > 0 ? (
        <ul ref={list}>
          {sorted.value.map((member) => (
            <MemberItem key={member.id} workspace={workspace} desk={desk} member={member} frame={frame} />
          ))}
        </ul>
      ) : (
        status !== "stale" && <MembersLoading />
      )}
      {status === "stale" && isOpen && (
        <p class="list-note" role="status">
          {words.members.failed}{" "}
          <button type="button" class="text-button" onClick={props.onRetry}>
            {words.tryAgain}
          </button>
        </p>
      )}
      {hasMore && (
        <button
          type="button"
          class="button button-small button-wide"
          onClick={() => void desk.members.loadMore().catch(() => {})}
        >
          {words.members.more}
        </button>
      )}
    </>
  )
}

interface ItemProps {
  workspace: Workspace
  desk: RoomDesk
  member: RoomMember
  frame: Frame
}

const MemberItem = memo(function MemberItem({ workspace, desk, member, frame }: ItemProps) {
  const error = useSignal<string | null>(null)
  const isSelf = member.id === signalOf(workspace.client.user).value?.id
  const groups = isSelf ? [] : choicesOf(desk, member, frame)
  const attempt = async (act: () => void | Promise<void>) => {
    error.value = null
    try {
      await act()
    } catch (thrown) {
      error.value = refusalOf(thrown)
    }
  }
  const write = () =>
    attempt(async () => {
      const ref = await workspace.directWith(member.id)
      frame.closeMembers()
      workspace.go(ref)
    })
  const inside = (
    <>
      <Avatar name={member.username} size="small" />
      <span class="room-item-name">{member.display_name || member.username}</span>
      <span class="member-role">
        {[
          words.members.role[member.role],
          isMutedNow(member) ? rights.muted : "",
          isSelf ? words.members.you : "",
        ]
          .filter(Boolean)
          .join(", ")}
      </span>
    </>
  )
  return (
    <li>
      <div class="member-row">
        {isSelf ? (
          <div class="member">{inside}</div>
        ) : (
          <button
            type="button"
            class="member"
            title={words.members.write(member.username)}
            onClick={() => void write()}
          >
            {inside}
          </button>
        )}
        {groups.length > 0 && (
          <MemberMenu
            member={member}
            groups={groups}
            onChoose={(choice) => void attempt(() => choice.run())}
          />
        )}
      </div>
      {error.value !== null && (
        <p class="list-note" role="alert">
          {error.value}
        </p>
      )}
    </li>
  )
})

const MembersLoading = () => (
  <div class="list-loading" role="status" aria-label={words.members.loading}>
    {["middle", "short", "wide"].map((width) => (
      <span key={width} class={`bone-${width}`} aria-hidden="true" />
    ))}
  </div>
)
