import type { Config } from "../config/environment.ts"
import type { Database } from "../db/sql.ts"
import type { Clock } from "../lib/clock.ts"
import type { Events } from "../observe/events.ts"
import { AccessTokens } from "./access-tokens.ts"
import { sharedSecret } from "./accounts.sql.ts"
import { Accounts } from "./accounts.ts"
import { ApiKeys } from "./api-keys.ts"
import { Audit } from "./audit.ts"
import { Budgets } from "./budgets.ts"
import { Credentials } from "./credentials.ts"
import { FirstAdmin } from "./first-admin.ts"
import { Identity } from "./identity.ts"
import { Issuers } from "./issuers.ts"
import { OidcSignIns } from "./oidc-sign-ins.ts"
import { OutsideUsers } from "./outside-users.ts"
import { Passwords } from "./passwords.ts"
import { Revocations } from "./revocations.ts"
import { SignIns } from "./sign-ins.ts"
import { Users } from "./users.ts"

const KEY_BYTES = 32

/** All that knows who people are, put together. Reads what every node must know alike. */
export async function openAuth(parts: {
  readonly config: Config
  readonly db: Database
  readonly clock: Clock
  readonly newId: () => string
  readonly events: Events
}) {
  const { config, db, clock, newId, events } = parts
  const { limitsOn } = config
  const randomKey = () => crypto.getRandomValues(new Uint8Array(KEY_BYTES))
  const at = new Date(clock.now()).toISOString()
  const users = new Users(db, clock, newId)
  const revocations = new Revocations()
  const access = new AccessTokens(await sharedSecret(db, "access_tokens", randomKey(), at), clock, newId)
  const signIns = new SignIns({
    ...{ db, access, clock, newId },
    onEnded: (userId, familyId) => revocations.tell({ userId, familyId, why: "signed_out" }),
    onSweepFailed: (error) => events.sweepFailed(error),
  })
  const outsideUsers = new OutsideUsers(db, clock, newId, (user) => users.changed(user))
  const issuers = new Issuers({ ...config.jwt, clock })
  const credentials = new Credentials({
    ...{ db, clock, access, issuers, outsideUsers, users, signIns, revocations },
  })
  const passwords = new Passwords()
  const onFailure = (error: unknown) => events.providerFailed(error)
  return {
    ...{ users, revocations, access, signIns },
    /** By which nodes know each other's words. */
    busKey: await sharedSecret(db, "bus", randomKey(), at),
    budgets: new Budgets(clock, limitsOn),
    identity: new Identity({ mode: config.auth, users, credentials, newId }),
    audit: new Audit(db, clock),
    keys: new ApiKeys({ db, clock, newId, users }),
    firstAdmin: await FirstAdmin.open(db, at),
    accounts: new Accounts({ db, clock, newId, users, passwords, signIns, revocations, limitsOn }),
    oidc:
      config.oidc &&
      new OidcSignIns({
        provider: { ...config.oidc, toleranceS: config.jwt.toleranceS, onFailure },
        ...{ db, clock, outsideUsers, signIns, limitsOn },
      }),
  }
}
