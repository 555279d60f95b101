import type { Client, Room } from "@klatch/client"
import { useSignal } from "@preact/signals"
import { useCallback, useEffect, useLayoutEffect, useRef } from "preact/hooks"
import { EmojiNameList, useEmojiNames } from "./emoji-names.tsx"
import { EmojiPicker } from "./emoji-picker.tsx"
import { Icon } from "./icon.tsx"
import { ReplyBar, replyIn } from "./reply.tsx"
import type { RoomDesk } from "./room-desk.ts"
import { fitHeight, insertText, isPlainEnter } from "./text-field.ts"
import { words } from "./words.ts"
import { rights } from "./words-rights.ts"

/** What the server takes, until its hello says otherwise. */
const contentCharsMax = 8_000
/** From so many characters on, what is left is told. */
const tellLeftBelow = 200

export interface ComposerProps {
  room: Room
  title: string
  client: Client
  /** Null while it is not known how the room is set. */
  desk: RoomDesk | null
  /** What is written and not sent, by room: it is there again after a look elsewhere. */
  drafts: Pick<Map<string, string>, "get" | "set" | "delete">
  /** The arrow up in the empty field. */
  onEditLast: () => void
}

/** The place to write. It works without a connection too: what is sent waits. */
export function Composer({ room, title, client, desk, drafts, onEditLast }: ComposerProps) {
  const field = useRef<HTMLTextAreaElement>(null)
  const text = useSignal(drafts.get(room.ref) ?? "")
  const charsMax = useSignal(contentCharsMax)
  const names = useEmojiNames(field)
  const replying = replyIn(room)
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
  const stopReply = () => {
    replying.value = null
    field.current?.focus()
  }
  const send = () => {
    // What stands there now: a key may come before the page has drawn the one before it.
    const content = text.value.trim()
    if (!isSendable(content) || desk?.isWaiting.peek()) return
    // Should it fail, its line in the log says so, with a way to try again.
    const { messages } = room
    messages.send(content, replying.value === null ? {} : { replyTo: replying.value })
    desk?.wrote()
    // Far back in the room one would not see what one wrote.
    if (messages.get().hasNewer) messages.toNewest().catch(() => {})
    replying.value = null
    names.close()
    write("")
    if (field.current === null) return
    field.current.value = ""
    fitHeight(field.current)
    field.current.focus()
  }
  const onKeyDown = (event: KeyboardEvent) => {
    if (names.onKeyDown(event)) return
    if (isPlainEnter(event)) {
      event.preventDefault()
      send()
    } else if (event.key === "ArrowUp" && text.value === "") {
      event.preventDefault()
      onEditLast()
    } else if (event.key === "Escape" && replying.value !== null) {
      event.stopPropagation()
      stopReply()
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
      <ReplyBar room={room} onStop={stopReply} />
      <EmojiNameList names={names} />
      <div class="composer-row">
        <EmojiButton field={field} />
        <textarea
          id="composer"
          ref={field}
          class="composer-field"
          rows={1}
          placeholder={words.composer.label(title)}
          aria-label={words.composer.label(title)}
          aria-invalid={left < 0}
          {...(replying.value !== null && { "aria-describedby": "reply-bar" })}
          {...names.attributes}
          enterkeyhint="send"
          dir="auto"
          value={text}
          onInput={(event) => {
            write(event.currentTarget.value)
            fitHeight(event.currentTarget)
            room.typing.set(event.currentTarget.value.trim() !== "")
            names.look()
          }}
          onSelect={names.look}
          onBlur={() => {
            names.close()
            room.typing.set(false)
          }}
          onKeyDown={onKeyDown}
        />
        {desk !== null && <SlowNotice desk={desk} />}
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
          disabled={!isSendable(text.value.trim()) || (desk?.isWaiting.value ?? false)}
        >
          <Icon name="send" />
        </button>
      </div>
    </form>
  )
}

/** When one may write again, in slow mode. Read out once and not at every second. */
function SlowNotice({ desk }: { desk: RoomDesk }) {
  const waitS = desk.waitS.value
  if (waitS === 0) return null
  return (
    <span class="left slow" role="timer">
      {rights.slowWait(waitS)}
    </span>
  )
}

/** Opens the panel of emoji; what is picked goes where the caret was. */
function EmojiButton({ field }: { field: { current: HTMLTextAreaElement | null } }) {
  const isOpen = useSignal(false)
  const close = useCallback(() => {
    isOpen.value = false
  }, [])
  const onPick = (text: string, stays: boolean) => {
    if (field.current !== null) insertText(field.current, text)
    if (!stays) close()
  }
  return (
    <div class="emoji-place">
      <button
        type="button"
        class="icon-button"
        aria-label={words.emoji.open}
        title={words.emoji.open}
        aria-haspopup="dialog"
        aria-expanded={isOpen}
        onClick={() => {
          isOpen.value = !isOpen.value
        }}
      >
        <Icon name="smile" />
      </button>
      {isOpen.value && (
        <EmojiPicker
          onPick={onPick}
          onClose={() => {
            const wasInside = document.activeElement?.closest(".emoji-panel") !== null
            close()
            if (wasInside) field.current?.focus()
          }}
        />
      )}
    </div>
  )
}
