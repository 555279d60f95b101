import { useSignal } from "@preact/signals"
import { useEffect, useLayoutEffect, useMemo, useRef } from "preact/hooks"
import { type Emoji, type EmojiGroup, emojiGroups, findEmoji, labelOf } from "./emoji.ts"
import { gridStep } from "./emoji-grid.ts"
import { noteEmoji, recentEmoji } from "./emoji-recent.ts"
import { words } from "./words.ts"

const foundMax = 60

interface EmojiPickerProps {
  /** `stays`: more are to be picked. */
  onPick: (text: string, stays: boolean) => void
  onClose: () => void
}

/**
 * A panel to pick an emoji from: by looking, by searching, with the pointer or the arrow keys. Shift keeps it open.
 * It closes when the focus or a click goes elsewhere.
 */
export function EmojiPicker({ onPick, onClose }: EmojiPickerProps) {
  const panel = useRef<HTMLDivElement>(null)
  const field = useRef<HTMLInputElement>(null)
  /** The focus goes to the text for a moment then. */
  const isPicking = useRef(false)
  const query = useSignal("")
  const recent = useMemo(recentEmoji, [])
  const found = query.value.trim() === "" ? null : findEmoji(query.value.trim(), foundMax)
  useLayoutEffect(() => field.current?.focus(), [])
  useEffect(() => {
    const onDown = (event: PointerEvent) => {
      const target = event.target as Element
      // The button that opened it closes it itself.
      if (!panel.current?.contains(target) && !target.closest("[aria-haspopup=dialog]")) onClose()
    }
    document.addEventListener("pointerdown", onDown)
    return () => document.removeEventListener("pointerdown", onDown)
  }, [onClose])
  const pick = (emoji: Emoji, stays: boolean) => {
    noteEmoji(emoji)
    const active = document.activeElement
    isPicking.current = true
    onPick(emoji.text, stays)
    if (stays && active instanceof HTMLElement) active.focus()
    isPicking.current = false
  }
  const onKeyDown = (event: KeyboardEvent) => {
    const { key, target } = event
    if (event.isComposing) return
    const isTyping = target === field.current
    if (key === "Escape") {
      event.stopPropagation()
      onClose()
    } else if (key === "Enter" && isTyping) {
      event.preventDefault()
      const first = found?.[0]
      if (first !== undefined) pick(first, event.shiftKey)
    } else if (!isTyping || key === "ArrowDown") {
      const buttons = [...(panel.current?.querySelectorAll<HTMLElement>(".emoji-cell") ?? [])]
      const next = gridStep(buttons, isTyping ? null : (target as HTMLElement), key)
      if (next !== null) next.focus()
      else if (key === "ArrowUp") field.current?.focus()
      else return
      event.preventDefault()
    }
  }
  return (
    <div
      ref={panel}
      class="emoji-panel"
      role="dialog"
      aria-label={words.emoji.title}
      onKeyDown={onKeyDown}
      onFocusOut={(event) => {
        const to = event.relatedTarget as Element | null
        if (to !== null && !isPicking.current && !event.currentTarget.contains(to)) onClose()
      }}
    >
      <input
        ref={field}
        class="input"
        type="search"
        autocomplete="off"
        aria-label={words.emoji.find}
        placeholder={words.emoji.find}
        value={query}
        onInput={(event) => {
          query.value = event.currentTarget.value
        }}
      />
      {found === null && <Tabs panel={panel} />}
      <div class="emoji-list">
        {found === null ? (
          <>
            {recent.length > 0 && <Group label={words.emoji.recent} emoji={recent} onPick={pick} />}
            {emojiGroups.map(({ key, emoji }) => (
              <Group key={key} id={key} label={words.emoji.groups[key]} emoji={emoji} onPick={pick} />
            ))}
          </>
        ) : found.length === 0 ? (
          <p class="hint">{words.emoji.none(query.value.trim())}</p>
        ) : (
          <Group label={words.emoji.matches} emoji={found} onPick={pick} />
        )}
      </div>
    </div>
  )
}

/** One a group: it brings the group's beginning into view. */
function Tabs({ panel }: { panel: { current: HTMLElement | null } }) {
  const show = (key: EmojiGroup) => {
    const group = panel.current?.querySelector<HTMLElement>(`[data-group="${key}"]`)
    const list = group?.parentElement
    if (group && list) list.scrollTop = group.offsetTop - list.offsetTop
  }
  return (
    <div class="emoji-tabs">
      {emojiGroups.map(({ key, emoji }) => (
        <button
          key={key}
          type="button"
          class="emoji-tab"
          aria-label={words.emoji.groups[key]}
          title={words.emoji.groups[key]}
          onClick={() => show(key)}
        >
          {emoji[0]?.text}
        </button>
      ))}
    </div>
  )
}

function Group(props: {
  id?: string
  label: string
  emoji: readonly Emoji[]
  onPick: (emoji: Emoji, stays: boolean) => void
}) {
  return (
    <section class="emoji-group" aria-label={props.label} {...(props.id && { "data-group": props.id })}>
      <h3>{props.label}</h3>
      <div class="emoji-cells">
        {props.emoji.map((emoji, at) => (
          <button
            key={emoji.text}
            type="button"
            class="emoji-cell"
            // One stop for Tab in a group; the arrow keys do the rest.
            tabIndex={at === 0 ? 0 : -1}
            aria-label={labelOf(emoji)}
            title={`:${emoji.name}:`}
            onClick={(event) => props.onPick(emoji, event.shiftKey)}
          >
            {emoji.text}
          </button>
        ))}
      </div>
    </section>
  )
}
