import type { Client, Room } from "@klatch/client"
import { useSignal } from "@preact/signals"
import { useEffect, useLayoutEffect, useRef } from "preact/hooks"
import { Icon } from "./icon.tsx"
import { fitHeight, isPlainEnter } from "./text-field.ts"
import { words } from "./words.ts"

/** What the server takes, until its hello says otherwise. */
const contentCharsMax = 8_000
/** From so many characters on, what is left is told. */
const tellLeftBelow = 200

interface ComposerProps {
  room: Room
  title: string
  client: Client
  /** What is written and not sent, by room: it is there again after a look elsewhere. */
  drafts: Map<string, string>
  /** The arrow up in the empty field. */
  onEditLast: () => void
}

/** The place to write. It works without a connection too: what is sent waits. */
export function Composer({ room, title, client, drafts, onEditLast }: ComposerProps) {
  const field = useRef<HTMLTextAreaElement>(null)
  const text = useSignal(drafts.get(room.ref) ?? "")
  const charsMax = useSignal(contentCharsMax)
  useEffect(
    () =>
      client.on("hello", (event) => {
        charsMax.value = event.limits.content_chars_max ?? contentCharsMax
      }),
    [client],
  )
  useLayoutEffect(() => {
    if (field.current !== null) fitHeight(field.current)
    // On a touch screen the keyboard would come up over the room.
    if (matchMedia("(hover: hover)").matches) field.current?.focus()
  }, [])
  const write = (value: string) => {
    text.value = value
    if (value === "") drafts.delete(room.ref)
    else drafts.set(room.ref, value)
  }
  const left = charsMax.value - text.value.trim().length
  const isSendable = (content: string) => content !== "" && content.length <= charsMax.value
  const send = () => {
    // What stands there now: a key may come before the page has drawn the one before it.
    const content = text.value.trim()
    if (!isSendable(content)) return
    // Should it fail, its line in the log says so, with a way to try again.
    room.messages.send(content)
    write("")
    if (field.current === null) return
    field.current.value = ""
    fitHeight(field.current)
    field.current.focus()
  }
  const onKeyDown = (event: KeyboardEvent) => {
    if (isPlainEnter(event)) {
      event.preventDefault()
      send()
    } else if (event.key === "ArrowUp" && text.value === "") {
      event.preventDefault()
      onEditLast()
    }
  }
  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault()
        send()
      }}
    >
      <textarea
        id="composer"
        ref={field}
        class="composer-field"
        rows={1}
        placeholder={words.composer.label(title)}
        aria-label={words.composer.label(title)}
        aria-invalid={left < 0}
        enterkeyhint="send"
        dir="auto"
        value={text}
        onInput={(event) => {
          write(event.currentTarget.value)
          fitHeight(event.currentTarget)
          room.typing.set(event.currentTarget.value.trim() !== "")
        }}
        onBlur={() => room.typing.set(false)}
        onKeyDown={onKeyDown}
      />
      {left < tellLeftBelow && (
        <span class={left < 0 ? "left left-over" : "left"} role="status">
          {left < 0 ? words.composer.over(-left) : words.composer.left(left)}
        </span>
      )}
      <button
        type="submit"
        class="send"
        aria-label={words.composer.send}
        title={words.composer.send}
        disabled={!isSendable(text.value.trim())}
      >
        <Icon name="send" />
      </button>
    </form>
  )
}
