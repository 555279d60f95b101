import type { Member, Room, RoomInfo } from "@klatch/client"
import { useSignal } from "@preact/signals"
import { useEffect, useRef } from "preact/hooks"
import type { Frame } from "./app-frame.ts"
import { Avatar } from "./avatar.tsx"
import { Icon } from "./icon.tsx"
import { AddPeople } from "./members-panel-add.tsx"
import { LeaveRoom } from "./members-panel-leave.tsx"
import { signalOf } from "./signal-of.ts"
import { words } from "./words.ts"
import type { Workspace } from "./workspace.ts"
import { isDirect } from "./workspace-people.ts"

interface PanelProps {
  workspace: Workspace
  room: Room
  info: RoomInfo
  frame: Frame
}

/** Who belongs to the room. On a narrow screen it lies over the room. */
export function MembersPanel({ workspace, room, info, frame }: PanelProps) {
  const panel = useRef<HTMLElement>(null)
  const members = useSignal<readonly Member[] | null>(null)
  const hasMore = useSignal(false)
  const hasFailed = useSignal(false)
  const load = async (after?: string) => {
    hasFailed.value = false
    try {
      const page = await room.members.list(after)
      members.value = after === undefined ? page.members : [...(members.value ?? []), ...page.members]
      hasMore.value = page.has_more
    } catch {
      hasFailed.value = true
    }
  }
  const isOpen = signalOf(workspace.client.connection).value.phase === "open"
  useEffect(() => {
    if (isOpen || members.value === null) void load()
  }, [room, isOpen])
  useEffect(() => {
    const reload = (event: { room_id: string }) => event.room_id === info.id && void load()
    const stops = [workspace.client.on("join", reload), workspace.client.on("leave", reload)]
    return () => {
      for (const stop of stops) stop()
    }
  }, [room, info.id])
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
        {members.value !== null ? (
          <ul>
            {members.value.map((member) => (
              <MemberItem key={member.id} workspace={workspace} member={member} frame={frame} />
            ))}
          </ul>
        ) : (
          !hasFailed.value && <MembersLoading />
        )}
        {hasFailed.value && (
          <p class="list-note" role="status">
            {words.members.failed}{" "}
            <button type="button" class="text-button" onClick={() => void load()}>
              {words.tryAgain}
            </button>
          </p>
        )}
        {hasMore.value && (
          <button
            type="button"
            class="button button-small button-wide"
            onClick={() => void load(members.value?.at(-1)?.id)}
          >
            {words.members.more}
          </button>
        )}
      </div>
      {!isDirect(info) && (
        <footer class="panel-foot">
          {(info.kind === "private" || info.kind === "group") && info.role !== "reader" && (
            <AddPeople room={room} onAdded={() => void load()} />
          )}
          <LeaveRoom workspace={workspace} info={info} frame={frame} />
        </footer>
      )}
    </aside>
  )
}

function MemberItem(props: { workspace: Workspace; member: Member; frame: Frame }) {
  const { workspace, member, frame } = props
  const error = useSignal<string | null>(null)
  const isSelf = member.id === signalOf(workspace.client.user).value?.id
  const write = async () => {
    error.value = null
    try {
      const ref = await workspace.directWith(member.id)
      frame.closeMembers()
      workspace.go(ref)
    } catch {
      error.value = words.members.offline
    }
  }
  const inside = (
    <>
      <Avatar name={member.username} size="small" />
      <span class="room-item-name">{member.display_name || member.username}</span>
      <span class="member-role">
        {[words.members.role[member.role], isSelf ? words.members.you : ""].filter(Boolean).join(", ")}
      </span>
    </>
  )
  return (
    <li>
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
      {error.value !== null && (
        <p class="list-note" role="alert">
          {error.value}
        </p>
      )}
    </li>
  )
}

const MembersLoading = () => (
  <div class="list-loading" role="status" aria-label={words.members.loading}>
    {["middle", "short", "wide"].map((width) => (
      <span key={width} class={`bone-${width}`} aria-hidden="true" />
    ))}
  </div>
)
