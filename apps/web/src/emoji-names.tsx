import { type Signal, useSignal } from "@preact/signals"
import { useEffect, useRef } from "preact/hooks"
import { type Emoji, emojiNamed, findEmoji, type Typed, typedEmoji } from "./emoji.ts"
import { noteEmoji } from "./emoji-recent.ts"
import { insertText } from "./text-field.ts"
import { words } from "./words.ts"

const offeredMax = 7
const listId = "emoji-names"
const optionId = (at: number) => `emoji-name-${at}`

/** What is offered for the name that is being typed. */
export interface EmojiNames {
  readonly offered: Signal<readonly Emoji[]>
  readonly chosen: Signal<number>
  /** To be called whenever the text or the caret moved. */
  readonly look: () => void
  /** Answers whether the key was for it. */
  readonly onKeyDown: (event: KeyboardEvent) => boolean
  readonly choose: (emoji: Emoji) => void
  readonly close: () => void
  /** For the text field, so that those who listen hear what is chosen. */
  readonly attributes: Record<string, string>
}

/** Offers emoji while `:name` is typed, and puts the emoji in the place of `:name:`. */
export function useEmojiNames(field: { current: HTMLTextAreaElement | null }): EmojiNames {
  const offered = useSignal<readonly Emoji[]>([])
  const chosen = useSignal(0)
  const typed = useRef<Typed | null>(null)
  /** Where the name began that no offer is wanted for. */
  const refusedFrom = useRef(-1)

  const close = () => {
    offered.value = []
    typed.current = null
  }
  const choose = (emoji: Emoji) => {
    const place = typed.current
    if (field.current === null || place === null) return
    close()
    noteEmoji(emoji)
    insertText(field.current, emoji.text, place.from, place.to)
  }
  const look = () => {
    const { current } = field
    const isCaret = current !== null && current.selectionStart === current.selectionEnd
    const found = isCaret ? typedEmoji(current.value, current.selectionStart) : null
    if (found === null || found.from !== refusedFrom.current) refusedFrom.current = -1
    if (found === null || refusedFrom.current >= 0) return close()
    typed.current = found
    chosen.value = 0
    if (found.isWhole) {
      const emoji = emojiNamed(found.name)
      if (emoji === undefined) close()
      else choose(emoji)
    } else offered.value = findEmoji(found.name, offeredMax)
  }
  const onKeyDown = (event: KeyboardEvent): boolean => {
    const { length } = offered.value
    if (length === 0 || event.isComposing) return false
    const by = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0
    const isChoice = (event.key === "Enter" || event.key === "Tab") && !event.shiftKey
    if (by !== 0) chosen.value = (chosen.value + by + length) % length
    else if (isChoice) choose(offered.value[chosen.value] as Emoji)
    else if (event.key === "Escape") {
      refusedFrom.current = typed.current?.from ?? -1
      close()
    } else return false
    event.preventDefault()
    event.stopPropagation()
    return true
  }
  const isOpen = offered.value.length > 0
  const attributes: Record<string, string> = isOpen
    ? { "aria-controls": listId, "aria-activedescendant": optionId(chosen.value) }
    : {}
  return { offered, chosen, look, onKeyDown, choose, close, attributes }
}

/** The list over the field. The focus stays in the field. */
export function EmojiNameList({ names }: { names: EmojiNames }) {
  const offered = names.offered.value
  const chosen = names.chosen.value
  const list = useRef<HTMLDivElement>(null)
  useEffect(() => list.current?.children[chosen]?.scrollIntoView({ block: "nearest" }), [chosen])
  if (offered.length === 0) return null
  return (
    <div ref={list} class="emoji-names" id={listId} role="listbox" aria-label={words.emoji.matches}>
      {offered.map((emoji, at) => (
        // biome-ignore lint/a11y/useKeyWithClickEvents: the keys are the field's
        <div
          key={emoji.text}
          id={optionId(at)}
          class="emoji-name"
          role="option"
          tabIndex={-1}
          aria-selected={at === chosen}
          // The field keeps the focus.
          onPointerDown={(event) => event.preventDefault()}
          onClick={() => names.choose(emoji)}
        >
          <span class="emoji-sign" aria-hidden="true">
            {emoji.text}
          </span>
          {`:${emoji.name}:`}
        </div>
      ))}
    </div>
  )
}
