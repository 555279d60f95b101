import { useSignal } from "@preact/signals"
import { useEffect, useRef } from "preact/hooks"
import { Avatar } from "./avatar.tsx"
import { Mark } from "./icon.tsx"
import { isName, nameCharsMax, nameCharsMin } from "./name.ts"
import { words } from "./words.ts"

interface NameScreenProps {
  room: string
  /** What was tried, and cannot be a name or was not accepted as one. */
  wrongName: string | null
  /** Why the server did not accept it, in a sentence. */
  refusal?: string
  /** Null is a guest, who gets a name from the server. */
  onEnter: (name: string | null) => void
  /** An account is wanted: a new one, or one that there is. */
  onAccount: (name: string, isNew: boolean) => void
}

/** Asks who is talking. */
export function NameScreen({ room, wrongName, refusal, onEnter, onAccount }: NameScreenProps) {
  const field = useRef<HTMLInputElement>(null)
  useEffect(() => field.current?.focus(), [])
  const name = useSignal(wrongName ?? "")
  const wrongFormat = words.name.wrong(nameCharsMin, nameCharsMax)
  const fault = useSignal(
    wrongName === null ? null : refusal ? words.name.refused(wrongName, refusal) : wrongFormat,
  )
  const submit = (event: Event) => {
    event.preventDefault()
    if (isName(name.value.trim())) onEnter(name.value.trim())
    else fault.value = wrongFormat
  }
  return (
    <main class="welcome">
      <form class="card" onSubmit={submit} noValidate>
        <div class="card-brand">
          <Mark />
          <span>{words.product}</span>
        </div>
        <h1>{words.name.title}</h1>
        <p class="muted">{words.tagline}</p>
        <label class="label" for="name">
          {words.name.label}
        </label>
        <div class="name-field">
          <Avatar name={name.value.trim()} size="medium" />
          <input
            id="name"
            ref={field}
            class="input"
            value={name}
            maxLength={nameCharsMax}
            autocomplete="username"
            autocapitalize="off"
            spellcheck={false}
            aria-invalid={fault.value !== null}
            aria-describedby="name-hint"
            onInput={(event) => {
              name.value = event.currentTarget.value
              fault.value = null
            }}
          />
        </div>
        <p
          id="name-hint"
          class={fault.value === null ? "hint" : "hint hint-wrong"}
          role={fault.value === null ? undefined : "alert"}
        >
          {fault.value ?? words.name.hint(nameCharsMin, nameCharsMax)}
        </p>
        <button type="submit" class="button button-primary button-wide">
          {words.name.join(room.length > 32 ? words.product : room)}
        </button>
        <button type="button" class="button button-quiet button-wide" onClick={() => onEnter(null)}>
          {words.name.guest}
        </button>
        <p class="card-foot">
          <span>{words.name.account}</span>
          <button type="button" class="text-button" onClick={() => onAccount(name.value.trim(), true)}>
            {words.name.makeAccount}
          </button>
          <button type="button" class="text-button" onClick={() => onAccount(name.value.trim(), false)}>
            {words.name.signIn}
          </button>
        </p>
      </form>
    </main>
  )
}
