import type { RoomInfo } from "@klatch/client"
import { useSignal } from "@preact/signals"
import { useLayoutEffect, useRef } from "preact/hooks"
import type { Frame } from "./app-frame.ts"
import { Icon } from "./icon.tsx"
import { words } from "./words.ts"
import type { Workspace } from "./workspace.ts"

/** Ends one's own membership, after a question that says whether there is a way back. */
export function LeaveRoom(props: { workspace: Workspace; info: RoomInfo; frame: Frame }) {
  const { workspace, info, frame } = props
  const isAsking = useSignal(false)
  const hasFailed = useSignal(false)
  const stay = useRef<HTMLButtonElement>(null)
  const ask = useRef<HTMLButtonElement>(null)
  const wasAsking = useRef(false)
  // The focus goes to the answer that changes nothing, and back to where it was.
  useLayoutEffect(() => {
    if (isAsking.value) stay.current?.focus()
    else if (wasAsking.current) ask.current?.focus()
    wasAsking.current = isAsking.value
  }, [isAsking.value])
  const leave = async () => {
    hasFailed.value = false
    try {
      await workspace.leaveRoom()
      frame.closeMembers()
    } catch {
      hasFailed.value = true
    }
  }
  if (!isAsking.value)
    return (
      <button
        type="button"
        ref={ask}
        class="button button-quiet button-wide"
        onClick={() => {
          isAsking.value = true
        }}
      >
        <Icon name="leave" />
        {words.members.leave}
      </button>
    )
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset would need a form, and this is a question
    <div class="leave-ask" role="group" aria-labelledby="leave-ask" aria-describedby="leave-back">
      <p id="leave-ask" class="leave-question">
        {words.members.leaveAsk(info.name)}
      </p>
      <p id="leave-back">{info.kind === "public" ? words.members.leavePublic : words.members.leavePrivate}</p>
      {hasFailed.value && (
        <p class="hint-wrong" role="alert">
          {words.members.leaveFailed}
        </p>
      )}
      <div class="actions">
        <button type="button" class="button button-small button-danger" onClick={() => void leave()}>
          {words.members.leaveSubmit}
        </button>
        <button
          type="button"
          ref={stay}
          class="button button-small"
          onClick={() => {
            isAsking.value = false
          }}
        >
          {words.members.leaveKeep}
        </button>
      </div>
    </div>
  )
}
