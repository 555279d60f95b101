import type { Signal } from "@preact/signals"
import { useLayoutEffect, useRef } from "preact/hooks"
import type { Chat, Failure } from "../chat.ts"
import { signalOf } from "../signal-of.ts"
import { words } from "../words.ts"
import { Composer } from "./composer.tsx"
import { Icon } from "./icon.tsx"
import { Log } from "./log.tsx"

/** There the panel takes the whole screen, and the page behind it waits. The style has the same bound. */
const narrow = "(max-width: 30em), (max-height: 26em)"
/** Elsewhere the keyboard would come up over what is to be read. */
const hasKeyboard = "(hover: hover)"

interface PanelProps {
  chat: Chat
  heading: string
  takesFocus: Signal<boolean>
  onClose: () => void
}

/** The chat itself: a dialog beside the page, or on a small screen over it. */
export function Panel({ chat, heading, takesFocus, onClose }: PanelProps) {
  const box = useRef<HTMLDialogElement>(null)
  const field = useRef<HTMLTextAreaElement>(null)
  useLayoutEffect(() => {
    const dialog = box.current
    if (dialog === null) return
    const isFocused = takesFocus.peek()
    const media = matchMedia(narrow)
    const stand = () => {
      const focused = (dialog.getRootNode() as ShadowRoot).activeElement as HTMLElement | null
      const isModal = dialog.matches(":modal")
      dialog.close()
      // Only `showModal` holds the focus and keeps the page behind it still; the attribute alone moves no focus.
      if (media.matches) dialog.showModal()
      else dialog.open = true
      // One that was modal had the focus, or the browser's own bar has it for now.
      if (focused !== null || isModal) (focused ?? dialog).focus()
    }
    stand()
    if (isFocused && matchMedia(hasKeyboard).matches && field.current) field.current.focus()
    else if (isFocused || media.matches) dialog.focus()
    media.addEventListener("change", stand)
    return () => media.removeEventListener("change", stand)
  }, [])
  const self = chat.self.value
  const failure = chat.failure.value
  return (
    <dialog
      ref={box}
      class="panel"
      part="panel"
      aria-label={heading}
      tabIndex={-1}
      onCancel={(event) => {
        event.preventDefault()
        onClose()
      }}
      onKeyDown={(event) => {
        // The page must not take our keys for its own short cuts.
        event.stopPropagation()
        if (event.key !== "Escape" || event.isComposing) return
        event.preventDefault()
        onClose()
      }}
    >
      <header class="head" part="header">
        <div class="titles">
          <h2 class="title" part="title">
            {heading}
          </h2>
          {chat.isGuest && self !== null && <p class="you">{words.panel.you(self.username)}</p>}
        </div>
        <button
          type="button"
          class="icon-button"
          part="close"
          aria-label={words.panel.close}
          onClick={onClose}
        >
          <Icon name="close" />
        </button>
      </header>
      {failure === null ? (
        <>
          <Offline chat={chat} />
          <Log chat={chat} heading={heading} />
          <Typing chat={chat} />
          <Composer chat={chat} field={field} />
        </>
      ) : (
        <Failed failure={failure} onAgain={() => chat.start()} />
      )}
    </dialog>
  )
}

/** Shows itself after a moment only (by CSS), so that a blink is not told. */
function Offline({ chat }: { chat: Chat }) {
  return (
    <div class="notice-place" role="status">
      {chat.isDown && (
        <p class="notice" part="notice">
          {words.offline}
        </p>
      )}
    </div>
  )
}

/** Always there, so that nothing moves when someone begins to type. */
function Typing({ chat }: { chat: Chat }) {
  const names = signalOf(chat.room.typing).value.map(({ from }) => from)
  return (
    <div class="typing" part="typing">
      {names.length > 0 && (
        <>
          <span class="dots" aria-hidden="true">
            <i />
            <i />
            <i />
          </span>
          <span class="typing-names">{words.typing(names)}</span>
        </>
      )}
    </div>
  )
}

function Failed({ failure, onAgain }: { failure: Failure; onAgain: () => void }) {
  const { title, text } = told(failure)
  return (
    <div class="state" role="alert">
      <Icon name="alert" />
      <h3>{title}</h3>
      <p>{text}</p>
      <button type="button" class="button" part="retry" onClick={onAgain}>
        {words.tryAgain}
      </button>
    </div>
  )
}

function told(failure: Failure): { readonly title: string; readonly text: string } {
  const { failure: w } = words
  if (failure.kind === "blocked") return { title: w.blockedTitle, text: w.blocked }
  switch (failure.error.code) {
    case "unauthorized":
      return { title: w.unauthorizedTitle, text: w.unauthorized }
    case "not_found":
    case "forbidden":
      return { title: w.missingTitle, text: w.missing }
    default:
      return { title: w.otherTitle, text: w.other }
  }
}
