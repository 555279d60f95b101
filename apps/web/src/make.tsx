import { KlatchError } from "@klatch/client"
import { useSignal } from "@preact/signals"
import type { ComponentChildren } from "preact"
import { Dialog } from "./make-dialog.tsx"
import { isName, nameCharsMax, nameCharsMin } from "./name.ts"
import { signalOf } from "./signal-of.ts"
import { words } from "./words.ts"
import type { Workspace } from "./workspace.ts"

export const roomNameCharsMax = 128
export const topicCharsMax = 512
const kinds = ["public", "private", "group"] as const

interface MakeProps {
  workspace: Workspace
  /** It was made; the page shows it next. */
  onDone: () => void
  onClose: () => void
}

/** Makes a room and goes there. */
export function MakeRoom({ workspace, onDone, onClose, named }: MakeProps & { named: string }) {
  const name = useSignal(named)
  const topic = useSignal("")
  const kind = useSignal<(typeof kinds)[number]>("public")
  const make = () =>
    workspace.makeRoom({
      kind: kind.value,
      name: name.value.trim(),
      ...(topic.value.trim() !== "" && { topic: topic.value.trim() }),
    })
  const why = (error: KlatchError) => (error.code === "conflict" ? words.makeRoom.taken : error.message)
  return (
    <MakeDialog
      workspace={workspace}
      title={words.makeRoom.title}
      submit={words.makeRoom.submit}
      isReady={name.value.trim() !== ""}
      make={make}
      why={why}
      onDone={onDone}
      onClose={onClose}
    >
      <label class="label" for="room-name">
        {words.makeRoom.name}
      </label>
      <input
        id="room-name"
        class="input"
        autocomplete="off"
        maxLength={roomNameCharsMax}
        value={name}
        aria-describedby="room-name-hint"
        onInput={(event) => {
          name.value = event.currentTarget.value
        }}
      />
      <p id="room-name-hint" class="hint">
        {words.makeRoom.nameHint}
      </p>
      <label class="label" for="room-topic">
        {words.makeRoom.topic}
      </label>
      <input
        id="room-topic"
        class="input"
        autocomplete="off"
        maxLength={topicCharsMax}
        value={topic}
        onInput={(event) => {
          topic.value = event.currentTarget.value
        }}
      />
      <fieldset class="kinds">
        <legend class="label">{words.makeRoom.kind}</legend>
        {kinds.map((one) => (
          <label key={one} class="check">
            <input
              type="radio"
              name="room-kind"
              value={one}
              checked={kind.value === one}
              aria-labelledby={`kind-${one}`}
              aria-describedby={`kind-${one}-hint`}
              onChange={() => {
                kind.value = one
              }}
            />
            <span>
              <span id={`kind-${one}`}>{words.makeRoom.kinds[one].name}</span>
              <span id={`kind-${one}-hint`} class="check-hint">
                {words.makeRoom.kinds[one].tell}
              </span>
            </span>
          </label>
        ))}
      </fieldset>
    </MakeDialog>
  )
}

/** Opens the direct room with someone. */
export function MakeDirect({ workspace, onDone, onClose }: MakeProps) {
  const name = useSignal("")
  const make = () => {
    const to = name.value.trim()
    if (!isName(to)) throw new KlatchError("invalid_field", words.name.wrong(nameCharsMin, nameCharsMax))
    if (to.toLowerCase() === signalOf(workspace.client.user).peek()?.username.toLowerCase())
      throw new KlatchError("invalid_field", words.makeDirect.self)
    return workspace.directWith(to)
  }
  const why = (error: KlatchError) => (error.code === "not_found" ? words.makeDirect.missing : error.message)
  return (
    <MakeDialog
      workspace={workspace}
      title={words.makeDirect.title}
      submit={words.makeDirect.submit}
      isReady={name.value.trim() !== ""}
      make={make}
      why={why}
      onDone={onDone}
      onClose={onClose}
    >
      <label class="label" for="direct-name">
        {words.makeDirect.name}
      </label>
      <input
        id="direct-name"
        class="input"
        autocomplete="off"
        autocapitalize="off"
        spellcheck={false}
        maxLength={nameCharsMax}
        list="direct-names"
        value={name}
        onInput={(event) => {
          name.value = event.currentTarget.value
        }}
      />
      <datalist id="direct-names">
        {workspace.people.value.map((one) => (
          <option key={one} value={one} />
        ))}
      </datalist>
    </MakeDialog>
  )
}

interface MakeDialogProps extends MakeProps {
  title: string
  submit: string
  isReady: boolean
  /** What to go to. Throws or rejects with a `KlatchError`, which is shown as `why` says. */
  make: () => Promise<string>
  why: (error: KlatchError) => string
  children: ComponentChildren
}

function MakeDialog(props: MakeDialogProps) {
  const isBusy = useSignal(false)
  const error = useSignal<string | null>(null)
  const submit = async (event: Event) => {
    event.preventDefault()
    if (isBusy.value || !props.isReady) return
    isBusy.value = true
    error.value = null
    try {
      const ref = await props.make()
      // Closed before the room is shown, whose place to write could not take the focus behind it.
      ;(event.target as HTMLElement).closest("dialog")?.close()
      props.workspace.go(ref)
      props.onDone()
      props.onClose()
    } catch (thrown) {
      error.value = thrown instanceof KlatchError ? props.why(thrown) : String(thrown)
      isBusy.value = false
    }
  }
  return (
    <Dialog labelledBy="dialog-title" onClose={props.onClose}>
      <form onSubmit={submit}>
        <h2 id="dialog-title">{props.title}</h2>
        {props.children}
        {error.value !== null && (
          <p class="hint hint-wrong" role="alert">
            {error.value}
          </p>
        )}
        <div class="actions actions-end">
          <button type="button" class="button" onClick={props.onClose}>
            {words.cancel}
          </button>
          <button type="submit" class="button button-primary" disabled={!props.isReady || isBusy.value}>
            {props.submit}
          </button>
        </div>
      </form>
    </Dialog>
  )
}
