import { createHash, randomBytes, timingSafeEqual } from "node:crypto"
import type { Queryable } from "../db/sql.ts"
import { AppError } from "../lib/app-error.ts"
import type { Clock } from "../lib/clock.ts"
import type { AccessTokens } from "./access-tokens.ts"
import {
  endSignIns,
  familyById,
  insertSignIn,
  insertTicketRow,
  rotateSecret,
  sweepExpired,
  type TicketRow,
  takeTicketRow,
} from "./accounts.sql.ts"
import type { Principal } from "./principal.ts"

/** What whoever signs in gets; times in ms since the epoch. */
export interface Tokens {
  readonly accessToken: string
  readonly refreshToken: string
  readonly accessUntilMs: number
}

/** A sign-in that nobody refreshes for so long is over. */
const refreshMs = 30 * 24 * 3_600_000
export const ticketMs = 30_000
/** So long the token before the newest is good once more, if the newest was not used: a reload lost the answer. */
export const graceMs = 10_000
const sweepMs = 10 * 60_000
const secretBytes = 32

export const badRefresh = () =>
  new AppError("unauthorized", "This refresh token is not good any more: sign in again.")

/**
 * Sign-ins: each is a family of refresh tokens, of which only the newest is good (RFC 9700, 4.14.2), and for a moment
 * the one before it. Any other spent one that comes again was stolen, from or by whoever had it: the family ends.
 */
export class SignIns implements Disposable {
  readonly #db: Queryable
  readonly #access: AccessTokens
  readonly #clock: Clock
  readonly #newId: () => string
  readonly #onEnded: (userId: string, familyId: string) => void
  readonly #cancelSweep: () => void

  constructor(options: {
    readonly db: Queryable
    readonly access: AccessTokens
    readonly clock: Clock
    readonly newId: () => string
    /** This sign-in is over: nothing that came of it is good any more. */
    readonly onEnded: (userId: string, familyId: string) => void
    readonly onSweepFailed: (error: unknown) => void
  }) {
    this.#db = options.db
    this.#access = options.access
    this.#clock = options.clock
    this.#newId = options.newId
    this.#onEnded = options.onEnded
    this.#cancelSweep = options.clock.every(sweepMs, () => {
      sweepExpired(this.#db, this.#at()).catch(options.onSweepFailed)
    })
  }

  /** A new sign-in of this user. */
  async begin(userId: string, db: Queryable = this.#db): Promise<Tokens> {
    const [id, secret] = [this.#newId(), randomBytes(secretBytes)]
    const until = this.#at(refreshMs)
    await insertSignIn(db, { id, userId, at: this.#at(), until, hash: hashOf(secret) })
    return this.#tokens(userId, id, secret)
  }

  /**
   * The next tokens for a refresh token. Rejects with `unauthorized`; a spent one has ended its sign-in when it is told
   * whose it was.
   */
  async refresh(refreshToken: string): Promise<Tokens | { readonly reusedBy: string }> {
    const given = parseRefresh(refreshToken)
    if (!given) throw badRefresh()
    const next = randomBytes(secretBytes)
    const [at, graceFrom] = [this.#at(), this.#at(-graceMs)]
    const row = { id: given.id, hash: hashOf(given.secret), next: hashOf(next), at, graceFrom }
    const userId = await rotateSecret(this.#db, row)
    if (userId !== undefined) return this.#tokens(userId, given.id, next)
    const reusedBy = await this.#endIfReused(given)
    if (reusedBy === undefined) throw badRefresh()
    return { reusedBy }
  }

  /** Answers whose it was. */
  async #endIfReused({ id, secret }: RefreshToken): Promise<string | undefined> {
    const row = await familyById(this.#db, id)
    if (!row || row.ended_at || timingSafeEqual(row.secret_hash, hashOf(secret))) return undefined
    // It was ours once, or was made up by someone who knows the family: both end it.
    await this.end(row.user_id, id)
    return row.user_id
  }

  /** Ends one sign-in, or all of a user's. */
  async end(userId: string, familyId?: string): Promise<void> {
    for (const id of await endSignIns(this.#db, userId, this.#at(), familyId)) this.#onEnded(userId, id)
  }

  /**
   * Ends the sign-in that a refresh token is of, also when it is a spent one, which `isReused` tells. Undefined for one
   * of no sign-in, or of one that is over.
   */
  async endByRefresh(
    refreshToken: string,
  ): Promise<{ userId: string; familyId: string; isReused: boolean } | undefined> {
    const given = parseRefresh(refreshToken)
    const row = given && (await familyById(this.#db, given.id))
    if (!given || !row || row.ended_at) return undefined
    const hash = hashOf(given.secret)
    const isRecent = row.refreshed_at.getTime() > this.#clock.now() - graceMs
    const isOwn =
      timingSafeEqual(row.secret_hash, hash) ||
      (isRecent && row.previous_hash !== null && timingSafeEqual(row.previous_hash, hash))
    await this.end(row.user_id, given.id)
    return { userId: row.user_id, familyId: given.id, isReused: !isOwn }
  }

  /** A ticket for one connection: what stands in an address ends up in logs, and must be worth nothing there. */
  async ticket({ user, grant }: Principal): Promise<{ ticket: string; untilMs: number }> {
    const secret = randomBytes(secretBytes)
    const tokenUntilMs = grant?.untilMs ?? Number.POSITIVE_INFINITY
    await insertTicketRow(this.#db, {
      hash: hashOf(secret),
      userId: user.id,
      familyId: grant?.familyId,
      tokenUntil: Number.isFinite(tokenUntilMs) ? new Date(tokenUntilMs).toISOString() : null,
      until: this.#at(ticketMs),
      // What a user's row says is read again; what a key may is not for whom it buys a ticket.
      isAdmin: grant?.via === "issuer" && grant.isAdmin,
    })
    return { ticket: secret.toString("base64url"), untilMs: this.#clock.now() + ticketMs }
  }

  /** What a ticket was bought with; it is spent by this. Rejects with `unauthorized`. */
  async redeem(ticket: string): Promise<TicketRow> {
    const row = /^[\w-]{43}$/.test(ticket)
      ? await takeTicketRow(this.#db, hashOf(Buffer.from(ticket, "base64url")))
      : undefined
    if (!row || row.expires_at.getTime() <= this.#clock.now())
      throw new AppError("unauthorized", "This ticket was used, or is too old: get another one.")
    return row
  }

  [Symbol.dispose](): void {
    this.#cancelSweep()
  }

  async #tokens(userId: string, familyId: string, secret: Buffer): Promise<Tokens> {
    const { token, untilMs } = await this.#access.issue(userId, familyId)
    return {
      accessToken: token,
      accessUntilMs: untilMs,
      refreshToken: `klr_${familyId}.${secret.toString("base64url")}`,
    }
  }

  #at(fromNowMs = 0): string {
    return new Date(this.#clock.now() + fromNowMs).toISOString()
  }
}

interface RefreshToken {
  readonly id: string
  readonly secret: Buffer
}

/** Only what a database reads as an id gets there: it would write anything else into its log. */
function parseRefresh(token: string): RefreshToken | undefined {
  const found = /^klr_([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.([\w-]{43})$/.exec(token)
  return found ? { id: found[1]!, secret: Buffer.from(found[2]!, "base64url") } : undefined
}

/** Secrets are random and long, so that one fast hash hides them: nobody can guess their way to one. */
export const hashOf = (secret: Uint8Array | string): Buffer => createHash("sha256").update(secret).digest()
