import { KlatchError } from "@klatch/client"
import type { Back } from "./oidc.ts"
import { words } from "./words.ts"

/** Why somebody who came back is not signed in, in a sentence; `thrown` is what the server said to their code. */
export function oidcFault(back: Back, thrown?: unknown): string {
  const { name } = back
  if (back.is === "fault") return back.why === "unknown" ? words.oidc.unknown : words.oidc[back.why](name)
  if (!(thrown instanceof KlatchError)) return words.oidc.failed(name)
  switch (thrown.code) {
    case "forbidden":
      return words.signIn.banned
    case "rate_limited":
      return words.signIn.tooMany(thrown.retryAfterMs)
    case "unavailable":
      return words.oidc.away(name)
    case "closed":
    case "timeout":
      return words.signIn.unreached
    default:
      return words.oidc.failed(name)
  }
}
