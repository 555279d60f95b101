import { limits, username } from "@klatch/protocol"
import { AppError } from "../lib/app-error.ts"
import type { Credentials } from "./credentials.ts"
import type { Principal } from "./principal.ts"
import type { Users } from "./users.ts"

/** What a request says of who is asking; the first that is there decides. */
export type Claims =
  | { readonly kind: "token"; readonly token: string }
  | { readonly kind: "ticket"; readonly ticket: string }
  | { readonly kind: "name"; readonly name: string }
  | { readonly kind: "nothing" }

/** Reads the claims of a request: `Authorization: Bearer`, then `?ticket=`, `?token=`, and `?user=` or `?u=`. */
export function claimsOf(url: URL, headers: Headers): Claims {
  const authorization = headers.get("authorization")
  if (authorization !== null) return { kind: "token", token: bearerOf(authorization) }
  const ticket = url.searchParams.get("ticket")
  if (ticket !== null) return { kind: "ticket", ticket }
  const token = url.searchParams.get("token")
  if (token !== null) return { kind: "token", token }
  const name = url.searchParams.get("user") ?? url.searchParams.get("u")
  return name === null ? { kind: "nothing" } : { kind: "name", name }
}

/** The token of a Bearer credential (RFC 6750, 2.1); empty, which none is, for any other scheme. */
const bearerOf = (authorization: string) => /^bearer +(\S+)$/i.exec(authorization)?.[1] ?? ""

export interface IdentityOptions {
  readonly mode: "open" | "required"
  readonly users: Users
  readonly credentials: Credentials
  readonly newId: () => string
}

/** Who is asking. In open mode whoever they say they are, unless that name is somebody's. */
export class Identity {
  readonly #options: IdentityOptions

  constructor(options: IdentityOptions) {
    this.#options = options
  }

  get isOpen(): boolean {
    return this.#options.mode === "open"
  }

  /** The one asking; undefined when nothing says who. Rejects with `unauthorized`, `forbidden` or `invalid_field`. */
  async named(claims: Claims): Promise<Principal | undefined> {
    const { credentials } = this.#options
    switch (claims.kind) {
      case "token":
        return credentials.ofToken(claims.token)
      case "ticket":
        return credentials.ofTicket(claims.ticket)
      case "name":
        return this.#claimed(claims.name)
      case "nothing":
        return undefined
    }
  }

  /** The one asking, or in open mode a guest with a generated name; undefined for a stranger. */
  async namedOrGuest(claims: Claims): Promise<Principal | undefined> {
    const named = await this.named(claims)
    if (named || !this.isOpen) return named
    return { user: await this.#options.users.ensure(`guest-${this.#options.newId().slice(-12)}`) }
  }

  async #claimed(name: string): Promise<Principal> {
    if (!this.isOpen) throw new AppError("unauthorized", "A name alone is not enough here: bring a token.")
    const checked = username.safeParse(name)
    if (!checked.success)
      throw new AppError(
        "invalid_field",
        `user: must be ${limits.usernameCharsMin}..${limits.usernameCharsMax} of A-Z, a-z, 0-9, _, . and -`,
      )
    const named = await this.#options.users.ensureNamed(checked.data)
    if (named.isOwned)
      throw new AppError("unauthorized", "This name is somebody's: sign in as them, or take another.")
    // As it is kept: it lives as long as a connection.
    return named
  }
}
