import { useSignal } from "@preact/signals"
import type { RefObject } from "preact"
import { useEffect, useLayoutEffect } from "preact/hooks"
import type { Chat } from "../chat.ts"
import { words } from "../words.ts"
import { Icon } from "./icon.tsx"

/** What a server takes, until its hello says otherwise. */
const contentCharsMax = 8_000
/** With fewer left than this, what is left is told. */
const tellLeftBelow = 200

/** The place to write; what is sent without a connection waits for one. */
export function Composer({ chat, field }: { chat: Chat; field: RefObject<HTMLTextAreaElement | null> }) {
  const { room, draft, client } = chat
  const charsMax = useSignal(contentCharsMax)
  useEffect(
    () =>
      client.on("hello", ({ limits }) => {
        charsMax.value = limits.content_chars_max ?? contentCharsMax
      }),
    [client],
  )
  const grow = () => {
    if (field.current) fitHeight(field.current)
  }
  useLayoutEffect(grow, [])
  const left = charsMax.value - draft.value.trim().length
  const isSendable = (content: string) => content !== "" && content.length <= charsMax.value
  const send = () => {
    // What stands in it now: a key may come before the last one was drawn.
    const content = draft.value.trim()
    if (!isSendable(content)) return
    // Should it fail, its line says so.
    room.messages.send(content)
    draft.value = ""
    chat.isAtEnd.value = true
    if (!field.current) return
    field.current.value = ""
    grow()
    field.current.focus()
  }
  return (
    <form
      class="composer"
      part="composer"
      onSubmit={(event) => {
        event.preventDefault()
        send()
      }}
    >
      <textarea
        ref={field}
        class="field"
        part="field"
        rows={1}
        dir="auto"
        placeholder={words.composer.label}
        aria-label={words.composer.label}
        aria-invalid={left < 0}
        enterkeyhint="send"
        // Not the signal: for those its library keeps a list that it goes through with what the page has added to
        // Object.prototype, and fails.
        value={draft.value}
        onInput={({ currentTarget: { value } }) => {
          draft.value = value
          grow()
          room.typing.set(value.trim() !== "")
        }}
        onBlur={() => room.typing.set(false)}
        onKeyDown={(event) => {
          // With Shift it is a new line; while composing it ends a character.
          if (event.key !== "Enter" || event.shiftKey || event.isComposing) return
          event.preventDefault()
          send()
        }}
      />
      {left < tellLeftBelow && (
        <span class={left < 0 ? "left left-over" : "left"} role="status">
          {left < 0 ? words.composer.over(-left) : words.composer.left(left)}
        </span>
      )}
      <button
        type="submit"
        class="send"
        part="send"
        aria-label={words.composer.send}
        disabled={!isSendable(draft.value.trim())}
      >
        <Icon name="send" />
      </button>
    </form>
  )
}

/** As high as what it holds; the style sets the least and the most. */
function fitHeight(field: HTMLTextAreaElement): void {
  field.style.height = "auto"
  field.style.height = `${field.scrollHeight + field.offsetHeight - field.clientHeight}px`
}
