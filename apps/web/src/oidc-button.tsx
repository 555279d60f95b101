import { useSignal } from "@preact/signals"
import { useEffect } from "preact/hooks"
import { type OidcProvider, oidcProvider } from "./account-door.ts"
import { leaveFor } from "./oidc.ts"
import { words } from "./words.ts"

/** A server or a provider that cannot be reached is asked again after so long. */
const againMs = 2_000

/** Sends people to the provider that they sign in by; nothing where there is none, or as long as it is away. */
export function OidcButton({ server }: { server: string }) {
  const provider = useSignal<OidcProvider | null>(null)
  const fault = useSignal<string | null>(null)
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined
    let isGone = false
    const look = () =>
      oidcProvider(server).then(
        (found) => {
          provider.value = found
        },
        () => {
          if (!isGone) timer = setTimeout(look, againMs)
        },
      )
    void look()
    return () => {
      isGone = true
      clearTimeout(timer)
    }
  }, [server])
  if (provider.value === null) return null
  const { name } = provider.value
  const leave = async (to: OidcProvider) => {
    try {
      fault.value = null
      location.assign(await leaveFor(to, { href: location.href, server }, sessionStorage))
    } catch {
      // Either is missing: Web Crypto on a page that came in the clear, or a storage where the browser keeps none.
      fault.value = isSecureContext ? words.oidc.notKept : words.oidc.insecure
    }
  }
  return (
    <>
      <button
        type="button"
        class="button button-quiet button-wide"
        onClick={() => provider.value && leave(provider.value)}
      >
        {words.oidc.button(name)}
      </button>
      {fault.value !== null && (
        <p class="hint hint-wrong" role="alert">
          {fault.value}
        </p>
      )}
    </>
  )
}
