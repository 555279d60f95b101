import { limits, username } from "@klatch/protocol"
import { Refusal } from "./refusal.ts"

/** In open mode everyone is who they say; no token is good without an issuer or an account. */
export function openIdentity(query: URLSearchParams): string | null {
  if (query.has("ticket"))
    throw new Refusal("unauthorized", "This ticket was used, or is too old: get another one.")
  if (query.has("token")) throw new Refusal("unauthorized", "This token is not valid.")
  const name = query.get("user") ?? query.get("u")
  if (name === null || username.safeParse(name).success) return name
  const { usernameCharsMin: min, usernameCharsMax: max } = limits
  throw new Refusal("invalid_field", `user: must be ${min}..${max} of A-Z, a-z, 0-9, _, . and -`)
}
