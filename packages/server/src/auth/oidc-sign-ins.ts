import type { User } from "@klatch/protocol"
import type { Queryable } from "../db/sql.ts"
import { AppError } from "../lib/app-error.ts"
import type { Clock } from "../lib/clock.ts"
import { standingsOf } from "./accounts.sql.ts"
import { Attempts } from "./attempts.ts"
import { type OidcAnswer, OidcProvider, type OidcProviderOptions } from "./oidc-provider.ts"
import type { OutsideUsers } from "./outside-users.ts"
import type { SignIns, Tokens } from "./sign-ins.ts"

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

/** People who sign in by an OpenID provider: users from the first time on, with a sign-in of our own. */
export class OidcSignIns {
  readonly provider: OidcProvider
  readonly #options: OidcSignInsOptions
  readonly #ofAddress: Attempts

  constructor(options: OidcSignInsOptions) {
    this.#options = options
    this.provider = new OidcProvider({ ...options.provider, clock: options.clock })
    this.#ofAddress = new Attempts(perAddress, options.clock, options.limitsOn)
  }

  /**
   * Signs in whom the provider vouches for. Rejects as `OidcProvider.redeem` does; with `forbidden` for someone who is
   * banned. What they may do here is never the provider's to say: a sign-in outlives what it said then.
   */
  async signIn(answer: OidcAnswer, address: string): Promise<{ user: User; tokens: Tokens }> {
    this.#ofAddress.spend(address)
    const { db, outsideUsers, signIns } = this.#options
    const userId = await outsideUsers.idOf(await this.provider.redeem(answer))
    const [row] = await standingsOf(db, [{ userId, familyId: undefined }])
    if (!row || row.deleted_at) throw new AppError("unauthorized", "This account is not here any more.")
    if (row.banned_at) throw new AppError("forbidden", "This account is banned.")
    const { id, username, display_name } = row
    return { user: { id, username, display_name }, tokens: await signIns.begin(id) }
  }
}
