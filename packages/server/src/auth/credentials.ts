import type { User } from "@klatch/protocol"
import { errors } from "jose"
import { ownIssuer } from "../config/environment.ts"
import type { Queryable } from "../db/sql.ts"
import { AppError } from "../lib/app-error.ts"
import { BatchLoader } from "../lib/batch-loader.ts"
import type { Clock } from "../lib/clock.ts"
import { Lru } from "../lib/lru.ts"
import type { AccessTokens } from "./access-tokens.ts"
import { type StandingRow, standingsOf } from "./accounts.sql.ts"
import type { Issuers } from "./issuers.ts"
import type { OutsideUsers } from "./outside-users.ts"
import type { Grant, Principal } from "./principal.ts"
import { ends, type Revocations } from "./revocations.ts"
import { hashOf, type SignIns, ticketMs } from "./sign-ins.ts"
import { readToken } from "./token-reader.ts"
import type { Users } from "./users.ts"

export interface CredentialsOptions {
  readonly db: Queryable
  readonly clock: Clock
  readonly access: AccessTokens
  readonly issuers: Issuers
  readonly outsideUsers: OutsideUsers
  readonly signIns: SignIns
  readonly revocations: Revocations
  readonly users: Users
}

/** Tokens that were checked are known for as long as they are good; past so many the oldest are checked anew. */
const knownMax = 5_000
/** Those of an outside issuer for so long, since it may withdraw the key that signed them. */
const knownOutsideMs = 10_000

interface Wanted {
  readonly userId: string
  readonly familyId: string | undefined
}
type Standing = StandingRow & { readonly family_id: string | null }

/** Who a token or a ticket speaks for. Nothing here outlives a revocation: what is known of its user is forgotten. */
export class Credentials {
  readonly #options: CredentialsOptions
  readonly #known = new Lru<string, { readonly principal: Principal; readonly untilMs: number }>(knownMax)
  readonly #standings: BatchLoader<Wanted, Standing | undefined>

  constructor(options: CredentialsOptions) {
    this.#options = options
    this.#standings = new BatchLoader(async (wanted) => {
      const rows = new Map<string, Standing>()
      for (const row of await standingsOf(options.db, wanted)) rows.set(keyOf(row.id, row.family_id), row)
      return wanted.map(
        ({ userId, familyId }) => rows.get(keyOf(userId, familyId ?? null)) ?? rows.get(keyOf(userId, null)),
      )
    })
    options.users.onChanged((id) => this.#known.deleteWhere(({ principal }) => principal.user.id === id))
    options.revocations.onRevoked((one) =>
      this.#known.deleteWhere(({ principal: { user, grant } }) => ends(one, user.id, grant?.familyId)),
    )
  }

  /** Rejects with `unauthorized` for any but a good token, with `forbidden` for one of somebody who is banned. */
  async ofToken(token: string): Promise<Principal> {
    const key = hashOf(token).toString("base64")
    const known = this.#known.get(key)
    if (known && known.untilMs > this.#options.clock.now()) return known.principal
    const mark = this.#options.revocations.mark
    const principal = await this.#verified(token)
    // A revocation that came meanwhile found nothing here to forget.
    if (!this.#options.revocations.hasEnded(mark, principal.user.id, principal.grant?.familyId))
      this.#known.set(key, { principal, untilMs: this.#knownUntilMs(principal) })
    return principal
  }

  /** The same for a ticket, which is spent by this. */
  async ofTicket(ticket: string): Promise<Principal> {
    const row = await this.#options.signIns.redeem(ticket)
    const familyId = row.family_id ?? undefined
    const standing = await this.#standing(
      { userId: row.user_id, familyId },
      row.expires_at.getTime() - ticketMs,
    )
    const untilMs = row.token_until?.getTime() ?? Number.POSITIVE_INFINITY
    const roles = row.is_admin ? [adminRole] : []
    return principalOf(standing, { via: row.family_id ? "account" : "issuer", familyId, untilMs }, roles)
  }

  async #verified(token: string): Promise<Principal> {
    const unverified = readToken(token)
    if (!unverified) throw new AppError("unauthorized", "This token is not valid.")
    const { access, issuers, outsideUsers } = this.#options
    try {
      if (unverified.claims.iss === ownIssuer) {
        const { userId, familyId, issuedMs, untilMs } = await access.verify(token)
        const standing = await this.#standing({ userId, familyId }, issuedMs)
        return principalOf(standing, { via: "account", familyId, untilMs }, [])
      }
      const claims = await issuers.verify(token, unverified)
      const userId = await outsideUsers.idOf(claims)
      const standing = await this.#standing({ userId, familyId: undefined }, claims.issuedMs)
      return principalOf(
        standing,
        { via: "issuer", familyId: undefined, untilMs: claims.untilMs },
        claims.roles,
      )
    } catch (error) {
      throw toldAs(error)
    }
  }

  /** Where the user stands now. Rejects unless they may come in with a token of this age. */
  async #standing(wanted: Wanted, issuedMs: number | undefined): Promise<Standing> {
    const row = await this.#standings.get(wanted)
    if (!row || row.deleted_at) throw new AppError("unauthorized", "This token is of nobody.")
    if (row.banned_at) throw new AppError("forbidden", "This account is banned.")
    const isOver = wanted.familyId !== undefined && row.family_id === null
    // Tokens tell their age in whole seconds: of that second none is believed, or one that was ended were still good.
    const isTooOld =
      wanted.familyId === undefined && row.tokens_from !== null && (issuedMs ?? 0) < row.tokens_from.getTime()
    if (isOver || isTooOld) throw new AppError("unauthorized", "This sign-in is over: sign in again.")
    return row
  }

  #knownUntilMs({ grant }: Principal): number {
    const untilMs = grant?.untilMs ?? 0
    return grant?.via === "issuer" ? Math.min(untilMs, this.#options.clock.now() + knownOutsideMs) : untilMs
  }
}

/** The role of an outside token that makes an administrator. */
const adminRole = "admin"

const keyOf = (userId: string, familyId: string | null) => `${userId} ${familyId ?? ""}`

function principalOf(row: StandingRow, grant: Omit<Grant, "isAdmin">, roles: readonly string[]): Principal {
  const { id, username, display_name } = row
  const user: User = { id, username, display_name: display_name === username ? username : display_name }
  return { user, grant: { ...grant, isAdmin: row.is_admin || roles.includes(adminRole) } }
}

/** Whether the issuer's keys could not be fetched: it did not answer, not well, or not in time. */
const isOfKeys = (error: unknown): boolean =>
  error instanceof errors.JWKSTimeout ||
  error instanceof TypeError ||
  (error instanceof errors.JOSEError && error.code === "ERR_JOSE_GENERIC") ||
  (error as { code?: unknown } | null)?.code === "ConnectionRefused"

/** Why a token is refused, in words that tell an attacker nothing about a person. */
function toldAs(error: unknown): unknown {
  if (error instanceof errors.JWTExpired) return new AppError("unauthorized", "This token has expired.")
  if (isOfKeys(error))
    return new AppError("unavailable", "The keys of this token's issuer cannot be had now.", {
      retryAfterMs: 2_000,
    })
  if (!(error instanceof errors.JOSEError)) return error
  return new AppError("unauthorized", "This token is not valid.")
}
