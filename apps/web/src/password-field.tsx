import { useSignal } from "@preact/signals"
import { Icon } from "./icon.tsx"
import { words } from "./words.ts"

interface PasswordFieldProps {
  value: string
  /** Whether it is a new one: then the browser may offer one, and not the one it knows. */
  isNew: boolean
  charsMax: number
  isWrong: boolean
  describedBy: string
  onInput: (value: string) => void
}

/** A password, which its owner may look at. */
export function PasswordField(props: PasswordFieldProps) {
  const isShown = useSignal(false)
  const label = isShown.value ? words.signIn.hide : words.signIn.show
  return (
    <div class="password-field">
      <input
        id="password"
        name="password"
        class="input"
        {...(isShown.value ? { type: "text" as const } : { type: "password" as const })}
        value={props.value}
        maxLength={props.charsMax}
        autocomplete={props.isNew ? "new-password" : "current-password"}
        autocapitalize="off"
        autocorrect="off"
        spellcheck={false}
        required
        aria-invalid={props.isWrong}
        aria-describedby={props.describedBy}
        onInput={(event) => props.onInput(event.currentTarget.value)}
      />
      <button
        type="button"
        class="icon-button"
        aria-label={label}
        title={label}
        onClick={() => {
          isShown.value = !isShown.value
        }}
      >
        <Icon name={isShown.value ? "eyeOff" : "eye"} />
      </button>
    </div>
  )
}
