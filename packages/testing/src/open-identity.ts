import { limits, username } from "@klatch/protocol"
import { Refusal } from "./refusal.ts"

/** In open mode everyone is who they say; a token could not be checked, and is refused. */
export function openIdentity(query: URLSearchParams): string | null {
  if (query.has("token") || query.has("ticket"))
    throw new Refusal(
      "unauthorized",
      "This server is in open mode and cannot check a token: connect without one, by ?user=NAME.",
    )
  const name = query.get("user") ?? query.get("u")
  if (name === null || username.safeParse(name).success) return name
  const { usernameCharsMin: min, usernameCharsMax: max } = limits
  throw new Refusal("invalid_field", `user: must be ${min}..${max} of A-Z, a-z, 0-9, _, . and -`)
}
