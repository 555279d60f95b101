import { KlatchError } from "@klatch/client"
import { useSignal } from "@preact/signals"
import { useEffect, useRef } from "preact/hooks"
import type { SignedIn } from "./account-door.ts"
import { Avatar } from "./avatar.tsx"
import { Mark } from "./icon.tsx"
import { isName, nameCharsMax, nameCharsMin, passwordCharsMax, passwordCharsMin } from "./name.ts"
import { OidcButton } from "./oidc-button.tsx"
import { PasswordField } from "./password-field.tsx"
import { words } from "./words.ts"

interface SignInScreenProps {
  server: string
  /** Filled in at first. */
  name: string
  /** Whether an account is made, at first. */
  isNew: boolean
  /** Why it is asked for, in a sentence; null when that is plain. */
  notice: string | null
  /** Whether a name alone is enough here too. */
  isOpen: boolean
  /** Rejects with a `KlatchError`, which is shown. Once it resolves the page shows something else. */
  onSignIn: (name: string, password: string) => Promise<SignedIn>
  onSignUp: (name: string, password: string) => Promise<SignedIn>
  onSignedIn: (signedIn: SignedIn) => void
  onNameOnly: () => void
}

/** What is wrong, and with which field. */
interface Fault {
  readonly in: "name" | "password" | "both" | "neither"
  readonly why: string
}

/** Asks for a name and its password, or makes an account. */
export function SignInScreen(props: SignInScreenProps) {
  const form = useRef<HTMLFormElement>(null)
  const isNew = useSignal(props.isNew)
  const name = useSignal(props.name)
  const password = useSignal("")
  const fault = useSignal<Fault | null>(null)
  const isBusy = useSignal(false)
  const focus = (field: "name" | "password") =>
    form.current?.querySelector<HTMLInputElement>(`#${field}`)?.focus()
  useEffect(() => focus(props.name === "" ? "name" : "password"), [])
  const tell = (told: Fault) => {
    fault.value = told
    if (told.in !== "neither") focus(told.in === "name" ? "name" : "password")
  }
  const submit = async (event: Event) => {
    event.preventDefault()
    if (isBusy.value) return
    const [who, secret] = [name.value.trim(), password.value]
    const early = isNew.value ? newFault(who, secret) : missingFault(who, secret)
    if (early) return tell(early)
    isBusy.value = true
    fault.value = null
    try {
      props.onSignedIn(await (isNew.value ? props.onSignUp : props.onSignIn)(who, secret))
    } catch (thrown) {
      isBusy.value = false
      tell(faultOf(thrown, who))
    }
  }
  const turn = () => {
    isNew.value = !isNew.value
    fault.value = null
    focus(name.value === "" ? "name" : "password")
  }
  const text = isNew.value ? newText(props.isOpen) : knownText
  const isWrong = (field: "name" | "password") => fault.value?.in === field || fault.value?.in === "both"
  return (
    <main class="welcome">
      <form ref={form} class="card" onSubmit={submit} noValidate>
        <div class="card-brand">
          <Mark />
          <span>{words.product}</span>
        </div>
        <h1>{text.title}</h1>
        {props.notice === null || isNew.value ? (
          <p class="muted">{text.lead}</p>
        ) : (
          <p class="card-notice" role="status">
            {props.notice}
          </p>
        )}
        <label class="label" for="name">
          {words.name.label}
        </label>
        <div class="name-field">
          <Avatar name={name.value.trim()} size="medium" />
          <input
            id="name"
            name="username"
            class="input"
            value={name}
            maxLength={nameCharsMax}
            autocomplete="username"
            autocapitalize="off"
            autocorrect="off"
            spellcheck={false}
            required
            aria-invalid={isWrong("name")}
            aria-describedby={isWrong("name") ? "sign-in-fault" : undefined}
            onInput={(event) => {
              name.value = event.currentTarget.value
              fault.value = null
            }}
          />
        </div>
        <label class="label" for="password">
          {words.signIn.password}
        </label>
        <PasswordField
          value={password.value}
          isNew={isNew.value}
          charsMax={passwordCharsMax}
          isWrong={isWrong("password")}
          describedBy={fault.value === null ? "password-hint" : "sign-in-fault"}
          onInput={(value) => {
            password.value = value
            fault.value = null
          }}
        />
        {fault.value !== null ? (
          <p id="sign-in-fault" class="hint hint-wrong" role="alert">
            {fault.value.why}
          </p>
        ) : (
          isNew.value && (
            <p id="password-hint" class="hint">
              {words.signIn.passwordHint(passwordCharsMin)}
            </p>
          )
        )}
        <button type="submit" class="button button-primary button-wide" aria-disabled={isBusy}>
          {text.submit}
        </button>
        <OidcButton server={props.server} />
        <p class="card-foot">
          <span>{text.otherwise}</span>
          <button type="button" class="text-button" onClick={turn}>
            {text.turn}
          </button>
        </p>
        {props.isOpen && (
          <p class="card-foot">
            <button type="button" class="text-button" onClick={props.onNameOnly}>
              {words.signIn.withoutAccount}
            </button>
          </p>
        )}
      </form>
    </main>
  )
}

const knownText = {
  title: words.signIn.title,
  lead: words.signIn.lead,
  submit: words.signIn.submit,
  otherwise: words.signIn.isNew,
  turn: words.signIn.toMake,
}
const newText = (isOpen: boolean) => ({
  title: words.signIn.makeTitle,
  lead: isOpen ? words.signIn.makeLeadOpen : words.signIn.makeLead,
  submit: words.signIn.makeSubmit,
  otherwise: words.signIn.isKnown,
  turn: words.signIn.toSignIn,
})

/** What need not be asked to be known as wrong, of an account that is made. */
function newFault(name: string, password: string): Fault | null {
  if (!isName(name)) return { in: "name", why: words.name.wrong(nameCharsMin, nameCharsMax) }
  return password.length < passwordCharsMin
    ? { in: "password", why: words.signIn.passwordShort(passwordCharsMin) }
    : null
}

/** The same, of one that there is. */
function missingFault(name: string, password: string): Fault | null {
  if (name === "") return { in: "name", why: words.signIn.nameMissing }
  return password === "" ? { in: "password", why: words.signIn.passwordMissing } : null
}

function faultOf(thrown: unknown, name: string): Fault {
  if (!(thrown instanceof KlatchError)) return { in: "neither", why: String(thrown) }
  const { code, message, retryAfterMs } = thrown
  switch (code) {
    case "unauthorized":
      return { in: "both", why: words.signIn.wrong }
    case "conflict":
      return { in: "name", why: words.signIn.taken(name) }
    case "rate_limited":
      return { in: "neither", why: words.signIn.tooMany(retryAfterMs) }
    case "forbidden":
      return { in: "neither", why: words.signIn.banned }
    case "closed":
    case "timeout":
    case "unavailable":
      return { in: "neither", why: words.signIn.unreached }
    default:
      return { in: "neither", why: message }
  }
}
