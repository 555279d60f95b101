import type { RoomInfo } from "@klatch/client"
import type { Frame } from "./app-frame.ts"
import { Avatar } from "./avatar.tsx"
import { countLabel } from "./favicon-count.ts"
import { Icon } from "./icon.tsx"
import { signOf } from "./sidebar-lists.tsx"
import { words } from "./words.ts"
import { rights } from "./words-rights.ts"
import type { Workspace } from "./workspace.ts"
import { isDirect } from "./workspace-people.ts"

interface RoomHeadProps {
  workspace: Workspace
  frame: Frame
  title: string
  /** Null while it is not known. */
  info: RoomInfo | null
  /** It will be known soon: its sign has its place already. */
  isComing?: boolean
}

/** What the room is called and is about, and the ways from it to what stands beside it. */
export function RoomHead({ workspace, frame, title, info, isComing = false }: RoomHeadProps) {
  const elsewhere = workspace.unreadTotal.value
  const topic = info?.topic ?? ""
  const areMembersOpen = frame.areMembersOpen.value
  const membersLabel = areMembersOpen ? words.members.hide : words.members.show
  return (
    <header class="room-head">
      <button
        type="button"
        class="icon-button only-narrow list-button"
        aria-label={elsewhere > 0 ? words.rooms.openUnread(countLabel(elsewhere)) : words.rooms.open}
        onClick={frame.openList}
      >
        <Icon name="menu" />
        {elsewhere > 0 && <span class="dot" aria-hidden="true" />}
      </button>
      {(info !== null || isComing) && (
        <span class={info === null ? "room-sign room-sign-bone" : "room-sign"} aria-hidden="true">
          {info !== null && (isDirect(info) ? <Avatar name={title} /> : <Icon name={signOf(info)} />)}
        </span>
      )}
      <div class="room-title">
        <h1 title={title}>{title}</h1>
        {topic !== "" && (
          <p class="topic" title={topic}>
            {topic}
          </p>
        )}
      </div>
      {info !== null && workspace.desk.value?.settings.value?.archived && (
        <span class="archived-mark">{rights.archived}</span>
      )}
      <button
        type="button"
        class="icon-button"
        aria-label={words.frame.jump}
        title={words.frame.jump}
        aria-keyshortcuts="Control+K Meta+K"
        onClick={() => frame.show("palette")}
      >
        <Icon name="search" />
      </button>
      {info !== null && (
        <button
          type="button"
          class="icon-button members-button"
          aria-label={membersLabel}
          title={membersLabel}
          aria-expanded={areMembersOpen}
          onClick={frame.toggleMembers}
        >
          <Icon name="people" />
        </button>
      )}
    </header>
  )
}
