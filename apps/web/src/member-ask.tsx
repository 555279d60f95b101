import type { RoomSettings } from "@klatch/client/moderation"
import { useSignal } from "@preact/signals"
import type { ComponentChildren } from "preact"
import type { Asked } from "./app-frame.ts"
import { Dialog } from "./make-dialog.tsx"
import type { RoomDesk } from "./room-desk.ts"
import { SelectField } from "./select-field.tsx"
import { words } from "./words.ts"
import { lasting, refusalOf, rights } from "./words-rights.ts"

const reasonCharsMax = 256
/** In seconds; 0 is for ever. */
const banTimes = [0, 3_600, 86_400, 7 * 86_400, 30 * 86_400] as const

interface AskProps {
  desk: RoomDesk
  settings: RoomSettings
  asked: Asked
  onClose: () => void
}

/** Asks once more before someone is removed, banned, or made the owner. */
export function MemberAsk(props: AskProps) {
  const { desk, settings, asked } = props
  const { id, username } = asked.member
  const { members } = desk
  switch (asked.act) {
    case "kick":
      return (
        <Ask
          {...props}
          title={rights.kickAsk(username, settings.name)}
          tell={settings.kind === "public" ? rights.kickTellPublic : rights.kickTell}
          submit={rights.kickSubmit}
          run={() => members.kick(id)}
        />
      )
    case "transfer":
      return (
        <Ask
          {...props}
          title={rights.transferAsk(username, settings.name)}
          tell={rights.transferTell}
          submit={rights.transferSubmit}
          run={() => members.transfer(id)}
        />
      )
    case "ban":
      return <AskBan {...props} />
  }
}

function AskBan(props: AskProps) {
  const { desk, settings, asked } = props
  const forS = useSignal(0)
  const reason = useSignal("")
  const run = () =>
    desk.members.ban(asked.member.id, {
      ...(forS.value > 0 && { forS: forS.value }),
      ...(reason.value.trim() !== "" && { reason: reason.value.trim() }),
    })
  return (
    <Ask
      {...props}
      title={rights.banAsk(asked.member.username, settings.name)}
      tell={rights.banTell}
      submit={rights.banSubmit}
      run={run}
    >
      <SelectField
        id="ban-for"
        label={rights.banFor}
        value={forS}
        options={banTimes.map((seconds) => [seconds, seconds === 0 ? rights.banEver : lasting(seconds)])}
      />
      <label class="label" for="ban-reason">
        {rights.banReason}
      </label>
      <input
        id="ban-reason"
        class="input"
        autocomplete="off"
        maxLength={reasonCharsMax}
        value={reason}
        aria-describedby="ban-reason-hint"
        onInput={(event) => {
          reason.value = event.currentTarget.value
        }}
      />
      <p id="ban-reason-hint" class="hint">
        {rights.banReasonHint}
      </p>
    </Ask>
  )
}

interface QuestionProps extends AskProps {
  title: string
  tell: string
  submit: string
  /** Rejects with a `KlatchError`, which is shown. */
  run: () => Promise<void>
  children?: ComponentChildren
}

function Ask({ title, tell, submit, run, children, onClose }: QuestionProps) {
  const isBusy = useSignal(false)
  const fault = useSignal<string | null>(null)
  const send = async (event: Event) => {
    event.preventDefault()
    if (isBusy.value) return
    isBusy.value = true
    fault.value = null
    try {
      await run()
      onClose()
    } catch (thrown) {
      fault.value = refusalOf(thrown)
      isBusy.value = false
    }
  }
  return (
    <Dialog labelledBy="ask-title" onClose={onClose}>
      <form onSubmit={send}>
        <h2 id="ask-title">{title}</h2>
        <p class="dialog-tell">{tell}</p>
        {children}
        {fault.value !== null && (
          <p class="hint hint-wrong" role="alert">
            {fault.value}
          </p>
        )}
        <div class="actions actions-end">
          {/* The focus goes to the answer that changes nothing. */}
          <button type="button" class="button" autofocus onClick={onClose}>
            {words.cancel}
          </button>
          <button type="submit" class="button button-danger" disabled={isBusy}>
            {submit}
          </button>
        </div>
      </form>
    </Dialog>
  )
}
