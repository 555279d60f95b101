import type { User } from "@klatch/protocol"

/** What a token, a ticket or a key brought. A name that was only claimed, in open mode, has none. */
export interface Grant {
  /** `account`: signed in here. `issuer`: an outside token. `key`: an application's back end. */
  readonly via: "account" | "issuer" | "key"
  /** The sign-in it belongs to; it ends with it. */
  readonly familyId?: string | undefined
  /** Good until then, in ms since the epoch. */
  readonly untilMs: number
  /** An administrator of the whole server. */
  readonly isAdmin: boolean
  /** Which key acts: what is done by one is never taken for its user's own act. */
  readonly key?: { readonly id: string; readonly name: string } | undefined
}

/** Who is asking. */
export interface Principal {
  readonly user: User
  readonly grant?: Grant | undefined
}

/** Whom a request is of, as the database's own wall asks. */
export const askingOf = (principal: Principal) => ({
  userId: principal.user.id,
  isAdmin: principal.grant?.isAdmin ?? false,
})

/** When what they came with ends, RFC 3339; null when it does not. */
export const expiryOf = ({ grant }: Principal): string | null =>
  grant && Number.isFinite(grant.untilMs) ? new Date(grant.untilMs).toISOString() : null

export const isAdmin = (principal: Principal): boolean => principal.grant?.isAdmin ?? false
