import type { Role } from "@klatch/client"
import { defaultRights, type Right, type RoomChange, type RoomSettings } from "@klatch/client/moderation"
import { type Signal, useSignal } from "@preact/signals"
import { useMemo } from "preact/hooks"
import { roomNameCharsMax, topicCharsMax } from "./make.tsx"
import { Dialog } from "./make-dialog.tsx"
import type { RoomDesk } from "./room-desk.ts"
import { SelectField } from "./select-field.tsx"
import { words } from "./words.ts"
import { type OfferedRight, refusalOf, rights } from "./words-rights.ts"

const slowTimes = [0, 5, 10, 30, 60, 300, 900, 3_600] as const
/** Also those that are not offered: a right that others gave stays as it is. */
const rightNames = Object.keys(defaultRights) as Right[]
const offeredNames = Object.keys(rights.right) as OfferedRight[]
const leastRoles = ["member", "moderator", "admin", "owner"] as const

/** A room's name, topic and rules, for those who may change them. Only what was changed is sent. */
export function RoomSettingsDialog({ desk, onClose }: { desk: RoomDesk; onClose: () => void }) {
  // As it was when it was opened: what others change meanwhile does not jump about under the hands.
  const before = useMemo(() => desk.settings.peek() as RoomSettings, [desk])
  const name = useSignal(before.name)
  const topic = useSignal(before.topic)
  const slowS = useSignal(before.slow_mode_s)
  const isArchived = useSignal(before.archived)
  const least = useSignal<Readonly<Record<Right, Role>>>({ ...defaultRights, ...withoutGaps(before.rights) })
  const isBusy = useSignal(false)
  const fault = useSignal<string | null>(null)
  const save = async (event: Event) => {
    event.preventDefault()
    if (isBusy.value || name.value.trim() === "") return
    const change = changeOf(before, {
      name: name.value.trim(),
      topic: topic.value.trim(),
      slow_mode_s: slowS.value,
      archived: isArchived.value,
      rights: Object.fromEntries(rightNames.flatMap((right) => unusual(right, least.value[right]))),
    })
    if (Object.keys(change).length === 0) return onClose()
    isBusy.value = true
    fault.value = null
    try {
      await desk.changes.change(change)
      onClose()
    } catch (thrown) {
      fault.value = refusalOf(thrown)
      isBusy.value = false
    }
  }
  return (
    <Dialog labelledBy="settings-title" class="dialog-tall" onClose={onClose}>
      <form onSubmit={save}>
        <h2 id="settings-title">{rights.settings}</h2>
        <TextField id="settings-name" label={rights.name} value={name} charsMax={roomNameCharsMax} />
        <TextField id="settings-topic" label={rights.topic} value={topic} charsMax={topicCharsMax} />
        <SelectField
          id="settings-slow"
          label={rights.slow}
          hint={rights.slowHint}
          value={slowS}
          options={withOwn(slowTimes, before.slow_mode_s).map((seconds) => [
            seconds,
            seconds === 0 ? rights.slowOff : rights.slowEvery(seconds),
          ])}
        />
        <fieldset class="rights">
          <legend class="label">{rights.rights}</legend>
          {offeredNames.map((right) => (
            <RightField key={right} right={right} least={least} />
          ))}
        </fieldset>
        <label class="check">
          <input
            type="checkbox"
            checked={isArchived}
            onChange={(event) => {
              isArchived.value = event.currentTarget.checked
            }}
          />
          {rights.archive}
        </label>
        {fault.value !== null && (
          <p class="hint hint-wrong" role="alert">
            {fault.value}
          </p>
        )}
        <div class="actions actions-end">
          <button type="button" class="button" onClick={onClose}>
            {words.cancel}
          </button>
          <button
            type="submit"
            class="button button-primary"
            disabled={isBusy.value || name.value.trim() === ""}
          >
            {rights.save}
          </button>
        </div>
      </form>
    </Dialog>
  )
}

function TextField(props: { id: string; label: string; value: Signal<string>; charsMax: number }) {
  return (
    <>
      <label class="label" for={props.id}>
        {props.label}
      </label>
      <input
        id={props.id}
        class="input"
        autocomplete="off"
        maxLength={props.charsMax}
        value={props.value}
        onInput={(event) => {
          props.value.value = event.currentTarget.value
        }}
      />
    </>
  )
}

function RightField({ right, least }: { right: OfferedRight; least: Signal<Readonly<Record<Right, Role>>> }) {
  const id = `right-${right}`
  const options = withOwn<Role>(leastRoles, least.value[right])
  return (
    <div class="select-row">
      <label for={id}>{rights.right[right]}</label>
      <select
        id={id}
        class="input select"
        value={least.value[right]}
        onChange={(event) => {
          least.value = { ...least.value, [right]: event.currentTarget.value as Role }
        }}
      >
        {options.map((role) => (
          <option key={role} value={role}>
            {rights.least[role]}
          </option>
        ))}
      </select>
    </div>
  )
}

type Whole = Required<RoomChange>

/** What differs. A room comes out of its archive before anything else in it changes. */
function changeOf(before: RoomSettings, after: Whole): RoomChange {
  const isNew = (field: keyof Whole) =>
    JSON.stringify(sorted(before[field])) !== JSON.stringify(sorted(after[field]))
  return Object.fromEntries(
    (Object.keys(after) as (keyof Whole)[]).filter(isNew).map((field) => [field, after[field]]),
  )
}

const sorted = (value: unknown): unknown =>
  typeof value === "object" && value !== null
    ? Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
    : value

/** Only what is not as in every room is kept. */
const unusual = (right: Right, role: Role): [Right, Role][] =>
  defaultRights[right] === role ? [] : [[right, role]]

const withoutGaps = (own: RoomSettings["rights"]): Partial<Record<Right, Role>> =>
  Object.fromEntries(Object.entries(own).filter(([, role]) => role !== undefined))

/** The choices, and the one that is set now if it is none of them. */
const withOwn = <T,>(choices: readonly T[], own: T): readonly T[] =>
  choices.includes(own) ? choices : [...choices, own]
