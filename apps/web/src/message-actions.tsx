import type { TimelineMessage } from "@klatch/client"
import { useSignal } from "@preact/signals"
import { useEffect } from "preact/hooks"
import { Icon, type IconName } from "./icon.tsx"
import { copyText } from "./text-field.ts"
import { words } from "./words.ts"

/** What may be done to a message. Those without a verb here are not offered. */
export interface Verbs {
  readonly reply: () => void
  readonly edit?: () => void
  readonly delete?: () => void
}

/** How long "Copied" is told. */
const copiedMs = 1_500

/** The buttons over a message that is pointed at or has the focus. */
export function MessageActions({ message, verbs }: { message: TimelineMessage; verbs: Verbs }) {
  const copied = useSignal<boolean | null>(null)
  useEffect(() => {
    if (copied.value === null) return
    const timer = setTimeout(() => {
      copied.value = null
    }, copiedMs)
    return () => clearTimeout(timer)
  }, [copied.value])
  const copy = async () => {
    copied.value = await copyText(message.content)
  }
  const copyLabel =
    copied.value === null
      ? words.message.copy
      : copied.value
        ? words.message.copied
        : words.message.copyFailed
  return (
    <div class="line-actions" role="toolbar" aria-label={words.message.actions(message.from)}>
      <Action icon="reply" label={words.message.reply} onClick={verbs.reply} />
      <Action
        icon={copied.value === null ? "copy" : copied.value ? "done" : "alert"}
        label={copyLabel}
        onClick={() => void copy()}
      />
      {verbs.edit && <Action icon="pencil" label={words.message.edit} onClick={verbs.edit} />}
      {verbs.delete && <Action icon="trash" label={words.message.delete} onClick={verbs.delete} />}
      <span class="for-listeners" role="status">
        {copied.value === null ? "" : copyLabel}
      </span>
    </div>
  )
}

function Action(props: { icon: IconName; label: string; onClick: () => void }) {
  return (
    <button
      type="button"
      class="icon-button"
      aria-label={props.label}
      title={props.label}
      onClick={props.onClick}
    >
      <Icon name={props.icon} />
    </button>
  )
}
