import type { RoomMember } from "@klatch/client/moderation"
import { useSignal } from "@preact/signals"
import { useLayoutEffect, useRef } from "preact/hooks"
import type { Frame } from "./app-frame.ts"
import { Icon, type IconName } from "./icon.tsx"
import type { RoomDesk } from "./room-desk.ts"
import { rights } from "./words-rights.ts"

/** For so many seconds. */
const muteTimes = [600, 86_400] as const
const roles = ["admin", "moderator", "member", "reader"] as const

/** What may be done about a member. */
interface Choice {
  readonly label: string
  readonly icon?: IconName
  readonly isGrave?: boolean
  /** Rejects with a `KlatchError`. */
  run(): void | Promise<void>
}

/** What someone with a say may do about this member, here and now, in groups; none for those without one. */
export function choicesOf(desk: RoomDesk, member: RoomMember, frame: Pick<Frame, "ask">): Choice[][] {
  const { id, role } = member
  const target = { role, isSelf: false }
  const { members } = desk
  const ask = (act: "kick" | "ban" | "transfer") => () => frame.ask({ act, member })
  const isMuted = isMutedNow(member)
  const given = roles
    .filter((one) => one !== role && desk.may("set_role", { ...target, nextRole: one }))
    .map((one) => ({ label: rights.make[one], run: () => members.setRole(id, one) }))
  // Who only reads is silent already.
  const muting = desk.may("mute", target)
    ? isMuted
      ? [{ label: rights.unmute, run: () => members.unmute(id) }]
      : role === "reader"
        ? []
        : muteTimes.map((forS) => ({ label: rights.mute(forS), run: () => members.mute(id, forS) }))
    : []
  const grave: Choice[] = [
    ...(desk.may("transfer", target) ? [{ label: rights.transfer, run: ask("transfer") }] : []),
    ...(desk.may("kick", target) ? [{ label: rights.kick, isGrave: true, run: ask("kick") }] : []),
    ...(desk.may("ban", target) ? [{ label: rights.ban, isGrave: true, run: ask("ban") }] : []),
  ]
  return [given, muting, grave].filter((group) => group.length > 0)
}

/** Whether they may only read right now. */
export const isMutedNow = ({ muted_until }: RoomMember): boolean =>
  muted_until !== null && Date.parse(muted_until) > Date.now()

interface MenuProps {
  member: RoomMember
  groups: Choice[][]
  /** Carries out a choice. The focus is back at the button by then. */
  onChoose: (choice: Choice) => void
}

/** The button beside a member, and the menu that it opens. */
export function MemberMenu({ member, groups, onChoose }: MenuProps) {
  const isOpen = useSignal(false)
  const button = useRef<HTMLButtonElement>(null)
  const close = () => {
    isOpen.value = false
    button.current?.focus()
  }
  return (
    <>
      <button
        ref={button}
        type="button"
        class="icon-button member-more"
        aria-label={rights.menu(member.username)}
        title={rights.menu(member.username)}
        aria-haspopup="menu"
        aria-expanded={isOpen}
        onClick={() => {
          isOpen.value = !isOpen.value
        }}
        onKeyDown={(event) => {
          if (event.key !== "ArrowDown" || isOpen.value) return
          event.preventDefault()
          isOpen.value = true
        }}
      >
        <Icon name="more" />
      </button>
      {isOpen.value && (
        <Menu
          label={rights.menu(member.username)}
          groups={groups}
          opener={button}
          onClose={(isBack) => {
            if (isBack) close()
            else isOpen.value = false
          }}
          onChoose={(choice) => {
            close()
            onChoose(choice)
          }}
        />
      )}
    </>
  )
}

interface OpenMenuProps {
  label: string
  groups: Choice[][]
  opener: { readonly current: HTMLElement | null }
  /** `isBack`: the focus goes back to the button. */
  onClose: (isBack: boolean) => void
  onChoose: (choice: Choice) => void
}

/** In front of everything, so that the panel's edge does not cut it; arrows move in it, Escape and Tab close it. */
function Menu({ label, groups, opener, onClose, onChoose }: OpenMenuProps) {
  const menu = useRef<HTMLDivElement>(null)
  useLayoutEffect(() => {
    const [shown, button] = [menu.current, opener.current]
    if (!shown || !button) return
    shown.showPopover()
    place(shown, button)
    itemsOf(shown)[0]?.focus()
    const close = () => onClose(false)
    const onDown = ({ target }: Event) => {
      if (!shown.contains(target as Node) && !button.contains(target as Node)) close()
    }
    // What moves the button away from its menu; the log may scroll as it likes.
    const onScroll = ({ target }: Event) => {
      if ((target as Node).contains(button)) close()
    }
    document.addEventListener("pointerdown", onDown)
    document.addEventListener("scroll", onScroll, true)
    addEventListener("resize", close)
    return () => {
      document.removeEventListener("pointerdown", onDown)
      document.removeEventListener("scroll", onScroll, true)
      removeEventListener("resize", close)
    }
  }, [])
  const onKeyDown = (event: KeyboardEvent) => {
    const items = itemsOf(event.currentTarget as HTMLElement)
    const at = items.indexOf(document.activeElement as HTMLElement)
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: items.length - 1 }[event.key]
    if (to === undefined && event.key !== "Escape" && event.key !== "Tab") return
    event.preventDefault()
    event.stopPropagation()
    if (to === undefined) onClose(true)
    else items[(to + items.length) % items.length]?.focus()
  }
  return (
    <div
      ref={menu}
      class="menu"
      role="menu"
      aria-label={label}
      popover="manual"
      tabIndex={-1}
      onKeyDown={onKeyDown}
      onFocusOut={(event) => {
        const to = event.relatedTarget as Node | null
        if (to !== null && !event.currentTarget.contains(to)) onClose(false)
      }}
    >
      {groups.map((group, at) => (
        // biome-ignore lint/a11y/useSemanticElements: a fieldset is no part of a menu
        <div key={group[0]?.label} role="group" class={at > 0 ? "menu-group" : undefined}>
          {group.map((choice) => (
            <button
              key={choice.label}
              type="button"
              role="menuitem"
              class={choice.isGrave ? "menu-item menu-grave" : "menu-item"}
              tabIndex={-1}
              onClick={() => onChoose(choice)}
            >
              {choice.label}
            </button>
          ))}
        </div>
      ))}
    </div>
  )
}

const itemsOf = (menu: HTMLElement): HTMLElement[] => [
  ...menu.querySelectorAll<HTMLElement>("[role=menuitem]"),
]

/** Below its button and as far right as that; above it where there is no room. */
function place(menu: HTMLElement, button: HTMLElement): void {
  const at = button.getBoundingClientRect()
  const { width, height } = menu.getBoundingClientRect()
  const fits = at.bottom + height + 8 <= innerHeight
  menu.style.top = `${Math.max(8, fits ? at.bottom + 4 : Math.min(at.top - height - 4, innerHeight - height - 8))}px`
  menu.style.left = `${Math.max(8, at.right - width)}px`
}
