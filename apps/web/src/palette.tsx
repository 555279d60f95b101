import { useSignal } from "@preact/signals"
import { useEffect, useMemo, useRef } from "preact/hooks"
import type { Frame } from "./app-frame.ts"
import { Avatar } from "./avatar.tsx"
import { Icon } from "./icon.tsx"
import { Dialog } from "./make-dialog.tsx"
import { type Choice, choicesOf } from "./palette-items.ts"
import { best } from "./palette-match.ts"
import { words } from "./words.ts"
import type { Workspace } from "./workspace.ts"
import { Discovery } from "./workspace-discovery.ts"

/** As many as can be looked through; typing on finds the others. */
const choicesMax = 50

/** Goes anywhere and does anything, by typing a part of its name. */
export function Palette({ workspace, frame }: { workspace: Workspace; frame: Frame }) {
  const discovery = useMemo(() => new Discovery(workspace.client), [workspace])
  useEffect(() => () => discovery.close(), [discovery])
  const at = useSignal(0)
  const hasFailed = useSignal(false)
  const list = useRef<HTMLDivElement>(null)
  const typed = discovery.query.value
  const choices = best(choicesOf(workspace, frame, discovery.found.value, typed), typed, choicesMax)
  const chosen = Math.min(at.value, choices.length - 1)
  useEffect(() => {
    list.current?.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest" })
  }, [chosen])
  const choose = async (choice: Choice | undefined) => {
    if (choice === undefined) return
    hasFailed.value = false
    if (!choice.id.startsWith("person ")) {
      // Closed first: the focus goes back to the page, and from there to where the choice leads.
      list.current?.closest("dialog")?.close()
      frame.closeFront()
      void choice.run()
      return
    }
    try {
      await choice.run()
      frame.closeFront()
    } catch {
      hasFailed.value = true
    }
  }
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.isComposing) return
    const move = { ArrowDown: 1, ArrowUp: -1 }[event.key]
    if (move !== undefined) {
      event.preventDefault()
      if (choices.length > 0) at.value = (chosen + move + choices.length) % choices.length
    } else if (event.key === "Enter") {
      event.preventDefault()
      void choose(choices[chosen])
    }
  }
  return (
    <Dialog class="palette" label={words.palette.title} onClose={frame.closeFront}>
      <div class="palette-field">
        <Icon name="search" />
        <input
          type="text"
          class="palette-input"
          role="combobox"
          aria-expanded="true"
          aria-controls="palette-list"
          aria-activedescendant={choices.length > 0 ? `palette-${chosen}` : undefined}
          aria-label={words.palette.field}
          placeholder={words.palette.field}
          autocomplete="off"
          spellcheck={false}
          value={typed}
          onInput={(event) => {
            discovery.query.value = event.currentTarget.value
            at.value = 0
            hasFailed.value = false
          }}
          onKeyDown={onKeyDown}
        />
        <kbd class="only-wide">Esc</kbd>
      </div>
      <div class="palette-list" id="palette-list" role="listbox" aria-label={words.palette.title} ref={list}>
        {choices.map((choice, index) => (
          <ChoiceItem
            key={choice.id}
            choice={choice}
            index={index}
            isChosen={index === chosen}
            onPoint={() => {
              at.value = index
            }}
            onChoose={() => void choose(choice)}
          />
        ))}
      </div>
      {choices.length === 0 && <p class="palette-none">{words.palette.none(typed.trim())}</p>}
      {hasFailed.value && (
        <p class="palette-none hint-wrong" role="alert">
          {words.palette.failed} {words.makeDirect.missing}
        </p>
      )}
      <footer class="palette-foot only-wide" aria-hidden="true">
        <span>
          <kbd>↑</kbd> <kbd>↓</kbd> {words.palette.choose}
        </span>
        <span>
          <kbd>Enter</kbd> {words.palette.open}
        </span>
        <span>
          <kbd>Esc</kbd> {words.palette.leave}
        </span>
      </footer>
    </Dialog>
  )
}

interface ChoiceItemProps {
  choice: Choice
  index: number
  isChosen: boolean
  onPoint: () => void
  onChoose: () => void
}

function ChoiceItem({ choice, index, isChosen, onPoint, onChoose }: ChoiceItemProps) {
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the field above hears the keys for the list
    // biome-ignore lint/a11y/useFocusableInteractive: the focus stays in the field above
    <div
      id={`palette-${index}`}
      class="choice"
      role="option"
      aria-selected={isChosen}
      onPointerMove={onPoint}
      onClick={onChoose}
    >
      {typeof choice.sign === "string" ? (
        <Icon name={choice.sign} />
      ) : (
        <Avatar name={choice.sign.person} size="small" />
      )}
      <span class="room-item-name">{choice.label}</span>
      <span class="choice-kind">{choice.kind}</span>
    </div>
  )
}
