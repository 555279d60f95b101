import type { Room, TimelineMessage } from "@klatch/client"
import { type Signal, useSignal } from "@preact/signals"
import { useLayoutEffect, useRef } from "preact/hooks"
import { fitHeight, isPlainEnter } from "./text-field.ts"
import { words } from "./words.ts"

/** A message's text, to be changed in its place. */
export function EditField(props: { message: TimelineMessage; room: Room; onDone: () => void }) {
  const { message, room, onDone } = props
  const text = useSignal(message.content)
  const error = useSignal<string | null>(null)
  const isBusy = useSignal(false)
  const field = useRef<HTMLTextAreaElement>(null)
  // Before it is painted: later, the caret would move under the hands of someone who already types.
  useLayoutEffect(() => {
    // The log itself brings it into view.
    field.current?.focus({ preventScroll: true })
    field.current?.setSelectionRange(text.value.length, text.value.length)
    if (field.current !== null) fitHeight(field.current)
  }, [])
  const save = async () => {
    const content = text.value.trim()
    if (isBusy.value || content === "" || message.message_id === null) return
    if (content === message.content) return onDone()
    isBusy.value = true
    error.value = null
    try {
      await room.messages.edit(message.message_id, content)
      onDone()
    } catch (thrown) {
      error.value = `${words.message.editFailed} ${reason(thrown)}`
      isBusy.value = false
    }
  }
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Escape") onDone()
    else if (isPlainEnter(event)) {
      event.preventDefault()
      void save()
    }
  }
  return (
    <div class="edit">
      <textarea
        ref={field}
        class="input"
        rows={1}
        aria-label={words.message.editLabel}
        value={text}
        onInput={(event) => {
          text.value = event.currentTarget.value
          fitHeight(event.currentTarget)
        }}
        onKeyDown={onKeyDown}
      />
      {error.value !== null && (
        <p class="hint hint-wrong" role="alert">
          {error.value}
        </p>
      )}
      <div class="actions">
        <button
          type="button"
          class="button button-small button-primary"
          disabled={isBusy}
          onClick={() => void save()}
        >
          {words.message.save}
        </button>
        <button type="button" class="button button-small" onClick={onDone}>
          {words.cancel}
        </button>
        <span class="hint only-wide">{words.message.editHint}</span>
      </div>
    </div>
  )
}

/** Asks before a message is deleted. */
export function DeleteAsk(props: { message: TimelineMessage; room: Room; isAsking: Signal<boolean> }) {
  const { message, room, isAsking } = props
  const error = useSignal<string | null>(null)
  const keep = useRef<HTMLButtonElement>(null)
  useLayoutEffect(() => keep.current?.focus(), [])
  const stop = () => {
    // The buttons go; whoever uses the keyboard stays at the message.
    keep.current?.closest("article")?.focus()
    isAsking.value = false
  }
  const remove = async () => {
    if (message.message_id === null) return
    error.value = null
    try {
      await room.messages.delete(message.message_id)
      stop()
    } catch (thrown) {
      error.value = `${words.message.deleteFailed} ${reason(thrown)}`
    }
  }
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: Escape is for the buttons in it
    <div class="ask" onKeyDown={(event) => event.key === "Escape" && stop()}>
      <span>{error.value ?? words.message.deleteAsk}</span>
      <button type="button" class="button button-small button-danger" onClick={() => void remove()}>
        {words.message.delete}
      </button>
      <button type="button" class="button button-small" ref={keep} onClick={stop}>
        {words.cancel}
      </button>
    </div>
  )
}

const reason = (thrown: unknown): string => (thrown instanceof Error ? thrown.message : String(thrown))
