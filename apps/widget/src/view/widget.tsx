import type { Signal } from "@preact/signals"
import { useEffect, useLayoutEffect, useRef } from "preact/hooks"
import type { Scheme } from "../attribute.ts"
import type { Chat } from "../chat.ts"
import type { Seat } from "../corner.ts"
import { signalOf } from "../signal-of.ts"
import { words } from "../words.ts"
import { Announcer } from "./announcer.tsx"
import { Icon } from "./icon.tsx"
import { Panel } from "./panel.tsx"

/** How a widget is to look, as its element says. */
export interface WidgetLook {
  readonly seat: Seat
  readonly scheme: Signal<Scheme>
  /** The page does not say, so the system decides between light and dark. */
  readonly isSystemScheme: Signal<boolean>
  readonly heading: Signal<string | null>
  /** Someone asked for the panel just now; one that is open from the start leaves the focus where it is. */
  readonly takesFocus: Signal<boolean>
}

const countMax = 99

/** The launcher, and the panel while it is open. */
export function Widget({ chat, look }: { chat: Chat; look: WidgetLook }) {
  const launcher = useRef<HTMLButtonElement>(null)
  const isOpen = chat.isOpen.value
  const unread = chat.unread.value
  const info = signalOf(chat.room.info).value
  const heading = look.heading.value ?? info?.name ?? chat.room.ref
  const hadFocus = useRef(false)
  // Before the panel goes, and the focus in it with it.
  hadFocus.current = !isOpen && focusedIn(launcher.current)?.closest(".panel") != null
  useLayoutEffect(() => {
    if (hadFocus.current) launcher.current?.focus()
  }, [isOpen])
  useEffect(() => {
    // Said once for each opening.
    if (isOpen) look.takesFocus.value = false
  }, [isOpen])
  const close = () => {
    chat.isOpen.value = false
  }
  return (
    <div
      class="klatch"
      data-position={look.seat.position.value}
      data-place={Math.min(look.seat.place.value, 3)}
      data-scheme={look.scheme.value === "auto" && look.isSystemScheme.value ? "system" : look.scheme.value}
      data-open={isOpen}
    >
      {isOpen && <Panel chat={chat} heading={heading} takesFocus={look.takesFocus} onClose={close} />}
      <button
        type="button"
        class="launcher"
        part="launcher"
        ref={launcher}
        aria-haspopup="dialog"
        aria-expanded={isOpen}
        aria-label={isOpen ? words.launcher.close(heading) : words.launcher.open(heading, unread)}
        onKeyDown={({ key }) => {
          if (key === "Escape") close()
        }}
        onClick={() => {
          look.takesFocus.value = !isOpen
          chat.isOpen.value = !isOpen
        }}
      >
        <Icon name={isOpen ? "fold" : "chat"} />
        {unread > 0 && !isOpen && (
          <span class="badge" part="badge" aria-hidden="true">
            {unread > countMax ? `${countMax}+` : unread}
          </span>
        )}
      </button>
      <Announcer chat={chat} heading={heading} />
    </div>
  )
}

/** What has the focus among what stands around an element. */
const focusedIn = (element: Element | null): Element | null =>
  (element?.getRootNode() as ShadowRoot | undefined)?.activeElement ?? null
