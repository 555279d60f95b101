import { KlatchError, type Room } from "@klatch/client"
import { useSignal } from "@preact/signals"
import { Icon } from "./icon.tsx"
import { isName, nameCharsMax, nameCharsMin } from "./name.ts"
import { words } from "./words.ts"

/** Makes others members of a room that only its members can open to them. */
export function AddPeople({ room, onAdded }: { room: Room; onAdded: () => void }) {
  const text = useSignal("")
  const isBusy = useSignal(false)
  const fault = useSignal<string | null>(null)
  const done = useSignal("")
  const add = async (event: Event) => {
    event.preventDefault()
    const names = text.value.split(/[\s,;]+/).filter((name) => name !== "")
    if (names.length === 0 || isBusy.value) return
    if (!names.every(isName)) {
      fault.value = words.name.wrong(nameCharsMin, nameCharsMax)
      return
    }
    isBusy.value = true
    fault.value = null
    try {
      await room.members.add(names)
      text.value = ""
      done.value = words.members.added(names.join(", "))
      onAdded()
    } catch (thrown) {
      fault.value = reasonOf(thrown)
    }
    isBusy.value = false
  }
  return (
    <form class="add-people" onSubmit={add}>
      <label class="label" for="add-people">
        {words.members.add}
      </label>
      <div class="add-row">
        <input
          id="add-people"
          class="input"
          value={text}
          placeholder={words.members.addLabel}
          autocomplete="off"
          autocapitalize="off"
          spellcheck={false}
          aria-invalid={fault.value !== null}
          aria-describedby="add-people-hint"
          onInput={(event) => {
            text.value = event.currentTarget.value
            fault.value = null
            done.value = ""
          }}
        />
        <button
          type="submit"
          class="button button-square"
          aria-label={words.members.addSubmit}
          title={words.members.addSubmit}
          disabled={text.value.trim() === "" || isBusy.value}
        >
          <Icon name="addPerson" />
        </button>
      </div>
      <p
        id="add-people-hint"
        class={fault.value === null ? "hint" : "hint hint-wrong"}
        role={fault.value === null ? "status" : "alert"}
      >
        {fault.value ?? done.value}
      </p>
    </form>
  )
}

function reasonOf(thrown: unknown): string {
  if (!(thrown instanceof KlatchError)) return String(thrown)
  if (thrown.code === "not_found") return words.members.addMissing
  return thrown.code === "closed" || thrown.code === "timeout" ? words.members.offline : thrown.message
}
