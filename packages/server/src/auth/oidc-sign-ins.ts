import type { User } from "@klatch/protocol"
import type { Queryable } from "../db/sql.ts"
import { addressBlock } from "../lib/address-block.ts"
import { AppError } from "../lib/app-error.ts"
import type { Clock } from "../lib/clock.ts"
import { Lru } from "../lib/lru.ts"
import { standingsOf } from "./accounts.sql.ts"
import { Attempts } from "./attempts.ts"
import type { OutsideClaims } from "./issuers.ts"
import { type OidcAnswer, OidcProvider, type OidcProviderOptions } from "./oidc-provider.ts"
import type { OutsideUsers } from "./outside-users.ts"
import { hashOf, type SignIns, type Tokens } from "./sign-ins.ts"

export interface OidcSignInsOptions {
  readonly db: Queryable
  readonly clock: Clock
  readonly provider: Omit<OidcProviderOptions, "clock">
  readonly outsideUsers: OutsideUsers
  readonly signIns: SignIns
  readonly limitsOn: boolean
}

/** Right or wrong, from one address, which many people may share: each costs the provider a request. */
const perAddress = { burst: 60, perSecond: 1 }

/** Providers keep codes for ten minutes at most (RFC 6749, 4.1.2). */
const codeMs = 10 * 60_000
const codesMax = 50_000

/** People who sign in by an OpenID provider: users from the first time on, with a sign-in of our own. */
export class OidcSignIns {
  readonly provider: OidcProvider
  readonly #options: OidcSignInsOptions
  readonly #ofAddress: Attempts
  /** When each code was brought, by its hash: not every provider refuses one that comes again. */
  readonly #brought = new Lru<string, number>(codesMax)

  constructor(options: OidcSignInsOptions) {
    this.#options = options
    this.provider = new OidcProvider({ ...options.provider, clock: options.clock })
    this.#ofAddress = new Attempts(perAddress, options.clock, options.limitsOn)
  }

  /**
   * Signs in whom the provider vouches for. Rejects as `OidcProvider.redeem` does, also for a code that was used;
   * with `forbidden` for who is banned. What they may do here is never the provider's to say: a sign-in outlives
   * what it said then.
   */
  async signIn(answer: OidcAnswer, address: string): Promise<{ user: User; tokens: Tokens }> {
    this.#ofAddress.spend(addressBlock(address))
    const { db, outsideUsers, signIns } = this.#options
    const userId = await outsideUsers.idOf(await this.#redeemOnce(answer))
    const [row] = await standingsOf(db, [{ userId, familyId: undefined }])
    if (!row || row.deleted_at) throw new AppError("unauthorized", "This account is not here any more.")
    if (row.banned_at) throw new AppError("forbidden", "This account is banned.")
    const { id, username, display_name } = row
    return { user: { id, username, display_name }, tokens: await signIns.begin(id) }
  }

  /** A code is good once, also of several that come at once; one that the provider was away for may come again. */
  async #redeemOnce(answer: OidcAnswer): Promise<OutsideClaims> {
    const { clock } = this.#options
    const code = hashOf(answer.code).toString("base64")
    const broughtMs = this.#brought.get(code)
    if (broughtMs !== undefined && clock.monotonicMs() - broughtMs < codeMs)
      throw new AppError("unauthorized", "This code was used: begin the sign-in again.")
    this.#brought.set(code, clock.monotonicMs())
    return this.provider.redeem(answer).catch((error) => {
      if (error instanceof AppError && error.code === "unavailable") this.#brought.delete(code)
      throw error
    })
  }
}
