import type { RoomInfo } from "@klatch/client"
import type { Frame } from "./app-frame.ts"
import { countLabel } from "./favicon-count.ts"
import type { IconName } from "./icon.tsx"
import { isName } from "./name.ts"
import type { PaletteItem } from "./palette-match.ts"
import { signOf } from "./sidebar-lists.tsx"
import { signalOf } from "./signal-of.ts"
import { chooseTheme, themes } from "./theme.ts"
import { words } from "./words.ts"
import type { Workspace } from "./workspace.ts"
import { isDirect, titleOf } from "./workspace-people.ts"

/** An item of the palette, and what it does. */
export interface Choice extends PaletteItem {
  /** A person is told by initials, all else by a picture. */
  readonly sign: IconName | { readonly person: string }
  readonly kind: string
  /** Rejects when it cannot be done; the palette stays open and says so. */
  run(): void | Promise<void>
}

/** Where the palette leads while nothing is typed, and what it searches. */
export function choicesOf(
  workspace: Workspace,
  frame: Frame,
  found: readonly RoomInfo[],
  typed: string,
): Choice[] {
  const self = signalOf(workspace.client.user).value?.username
  const mine = workspace.mine.value ?? []
  const ids = new Set(mine.map((info) => info.id))
  const rooms = mine.filter((info) => !workspace.isHere(info))
  const unreadFirst = [...rooms].sort((a, b) => rank(workspace, b) - rank(workspace, a))
  const direct = new Set(mine.filter(isDirect).map((info) => titleOf(info, self).toLowerCase()))
  const people = workspace.people.value.filter((name) => !direct.has(name.toLowerCase()))
  const known = new Set([...direct, ...people.map((name) => name.toLowerCase()), self?.toLowerCase()])
  const name = typed.trim()
  return [
    ...unreadFirst.map((info) => roomChoice(workspace, info, self)),
    ...found.filter((info) => !ids.has(info.id)).map((info) => roomChoice(workspace, info, self)),
    ...people.map((person) => personChoice(workspace, person)),
    ...actions(frame, name),
    ...(isName(name) && !known.has(name.toLowerCase())
      ? [{ ...personChoice(workspace, name), isMade: true }]
      : []),
  ]
}

const rank = (workspace: Workspace, info: RoomInfo): number => Math.min(1, workspace.unreadOf(info))

function roomChoice(workspace: Workspace, info: RoomInfo, self: string | undefined): Choice {
  const label = titleOf(info, self)
  const unread = workspace.unreadOf(info)
  const isMine = info.role !== null
  const kind = isDirect(info) ? words.palette.person : isMine ? words.palette.room : words.palette.otherRoom
  return {
    id: info.id,
    label,
    ...(info.topic ? { more: info.topic } : {}),
    sign: isDirect(info) ? { person: label } : signOf(info),
    kind: unread > 0 && isMine ? words.palette.unread(countLabel(unread)) : kind,
    run: () => workspace.go(info.slug ?? info.id),
  }
}

const personChoice = (workspace: Workspace, name: string): Choice => ({
  id: `person ${name.toLowerCase()}`,
  label: words.palette.writeTo(name),
  more: name,
  sign: { person: name },
  kind: words.palette.person,
  run: async () => workspace.go(await workspace.directWith(name)),
})

function actions(frame: Frame, typed: string): Choice[] {
  const action = (id: string, label: string, sign: IconName, run: () => void): Choice => ({
    id,
    label,
    sign,
    kind: words.palette.action,
    run,
  })
  return [
    action("room", words.rooms.make, "plus", () => frame.show("room")),
    action("direct", words.makeDirect.title, "pencil", () => frame.show("direct")),
    action(
      "members",
      frame.areMembersOpen.value ? words.members.hide : words.members.show,
      "people",
      frame.toggleMembers,
    ),
    ...themes.map((one) =>
      action(`theme ${one}`, words.theme.choose(words.theme[one]), one, () => chooseTheme(one)),
    ),
    action("help", words.frame.help, "help", () => frame.show("help")),
    ...(typed === ""
      ? []
      : [
          {
            ...action("named", words.rooms.makeNamed(typed), "plus", () => frame.makeRoom(typed)),
            isMade: true,
          },
        ]),
  ]
}
