import { limits, username } from "@klatch/protocol"
import { AppError } from "../lib/app-error.ts"
import type { Principal } from "./principal.ts"
import type { Users } from "./users.ts"

/** What a request says of who is asking. */
export interface Claims {
  readonly name: string | undefined
  readonly hasToken: boolean
}

/** Reads the claims of a request: `?user=` or `?u=`, and whether a token rides along. */
export function claimsOf(url: URL, headers: Headers): Claims {
  return {
    name: url.searchParams.get("user") ?? url.searchParams.get("u") ?? undefined,
    hasToken: headers.has("authorization") || url.searchParams.has("token") || url.searchParams.has("ticket"),
  }
}

/** Who is asking, in open mode: whoever they say they are. Rejects with `unauthorized` or `invalid_field`. */
export class OpenIdentity {
  readonly #users: Users
  readonly #newId: () => string

  constructor(users: Users, newId: () => string) {
    this.#users = users
    this.#newId = newId
  }

  /** The named user, made at first sight; undefined when no name is given. */
  async named(claims: Claims): Promise<Principal | undefined> {
    if (claims.hasToken)
      throw new AppError(
        "unauthorized",
        "This server is in open mode and cannot check a token: connect without one, by ?user=NAME.",
      )
    if (claims.name === undefined) return undefined
    const checked = username.safeParse(claims.name)
    if (!checked.success)
      throw new AppError(
        "invalid_field",
        `user: must be ${limits.usernameCharsMin}..${limits.usernameCharsMax} of A-Z, a-z, 0-9, _, . and -`,
      )
    return { user: await this.#users.ensure(checked.data) }
  }

  /** The named user, or a guest with a generated name. */
  async namedOrGuest(claims: Claims): Promise<Principal> {
    return (
      (await this.named(claims)) ?? { user: await this.#users.ensure(`guest-${this.#newId().slice(-12)}`) }
    )
  }
}
