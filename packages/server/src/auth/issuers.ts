import {
  createRemoteJWKSet,
  customFetch,
  errors,
  type JWTPayload,
  type JWTVerifyOptions,
  jwtVerify,
} from "jose"
import type { Clock } from "../lib/clock.ts"
import type { UnverifiedToken } from "./token-reader.ts"

/** What an outside token says of a person, checked. */
export interface OutsideClaims {
  /** Empty where tokens name no issuer. */
  readonly issuer: string
  readonly subject: string
  readonly name: string | undefined
  readonly preferredName: string | undefined
  readonly picture: string | undefined
  readonly roles: readonly string[]
  /** At the earliest: the issuer's clock may be ahead, and what was ended before must not come back by that. */
  readonly issuedMs: number | undefined
  readonly untilMs: number
}

export interface IssuerOptions {
  /** JWT_SECRET: for HS256, at least 16 characters. */
  readonly secret?: string | undefined
  /** JWKS_URL: the issuer's public keys (RFC 7517). */
  readonly jwksUrl?: string | undefined
  /** JWT_ISSUER and JWT_AUDIENCE: what `iss` and `aud` must say. Unset: not asked. */
  readonly issuer?: string | undefined
  readonly audience?: string | undefined
  /** How far the issuer's clock may be off. */
  readonly toleranceS?: number
  readonly clock: Clock
  readonly fetch?: (url: string, options: RequestInit) => Promise<Response>
}

/** Public-key algorithms (RFC 7518, RFC 8037); never one of a shared secret, whose key would be public here. */
const publicKeyAlgorithms = [
  ...["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"],
  ...["ES256", "ES384", "ES512", "EdDSA", "Ed25519"],
]
/**
 * How long keys are used while their provider does not answer, and how soon a token of an unknown key may ask for them
 * again.
 */
const keysMs = 10 * 60_000
const askAgainMs = 2_000
const answerMs = 5_000
/** Keys of this age are fetched again behind the back of who is asking; older ones before they are used. */
const refetchMs = 15_000
const refetchFirstMs = 40_000
/** So long after a try that failed nobody waits for the next. */
const awayMs = 30_000

/** The application's own identity: tokens that it, or its OpenID provider, issues. */
export class Issuers {
  readonly #options: IssuerOptions
  readonly #secret: Uint8Array | undefined
  readonly #keys: ReturnType<typeof createRemoteJWKSet> | undefined
  /** When the keys that are used were fetched, and when that was last tried. */
  #fetchedMs = Number.NEGATIVE_INFINITY
  #triedMs = Number.NEGATIVE_INFINITY
  #failedMs = Number.NEGATIVE_INFINITY

  constructor(options: IssuerOptions) {
    this.#options = options
    this.#secret = options.secret === undefined ? undefined : new TextEncoder().encode(options.secret)
    this.#keys =
      options.jwksUrl === undefined
        ? undefined
        : createRemoteJWKSet(new URL(options.jwksUrl), {
            cacheMaxAge: keysMs,
            cooldownDuration: askAgainMs,
            timeoutDuration: answerMs,
            ...(options.fetch && { [customFetch]: options.fetch as never }),
          })
  }

  /** Whether any outside token can be checked here. */
  get isSet(): boolean {
    return this.#secret !== undefined || this.#keys !== undefined
  }

  /** Rejects for every token but a good one; with jose's JOSEError, or with a fetch's failure when keys were needed. */
  async verify(token: string, unverified: UnverifiedToken): Promise<OutsideClaims> {
    const { issuer, audience, toleranceS = 5, clock } = this.#options
    const checks: JWTVerifyOptions = {
      ...(issuer === undefined ? {} : { issuer }),
      ...(audience === undefined ? {} : { audience }),
      clockTolerance: toleranceS,
      requiredClaims: ["sub"],
      currentDate: new Date(clock.now()),
    }
    // One key signs many kinds of tokens: a logout token or a proof of possession is nobody's sign-in (RFC 8725, 3.11).
    const { typ = "JWT" } = unverified.header
    if (typeof typ !== "string" || !/^(?:application\/)?(?:at\+)?jwt$/i.test(typ))
      throw new errors.JWTInvalid("a token of another use")
    // Whoever has the secret may leave `exp` out, as their libraries do by default: such a token is good until revoked.
    // The header chooses between two keys of ours, and never brings one: jwk, jku, x5u and x5c are not looked at.
    const isShared = unverified.header.alg === "HS256"
    if (isShared && this.#secret)
      return this.#current(
        (await jwtVerify(token, this.#secret, { ...checks, algorithms: ["HS256"] })).payload,
        toleranceS,
      )
    if (!isShared && this.#keys) {
      await this.#refreshKeys(this.#keys)
      const { payload } = await jwtVerify(token, this.#keys, {
        ...checks,
        algorithms: publicKeyAlgorithms,
        requiredClaims: ["sub", "exp"],
      })
      return this.#current(payload, toleranceS)
    }
    throw new errors.JWTInvalid("no key for tokens of this algorithm")
  }

  /** A token from the future would outlive each end of what is older: it is none (RFC 7519, 4.1.6). */
  #current(payload: JWTPayload, toleranceS: number): OutsideClaims {
    const { iat } = payload
    if (iat !== undefined && iat > this.#options.clock.now() / 1_000 + toleranceS)
      throw new errors.JWTInvalid("a token that will be issued later")
    return claimsOf(payload, toleranceS)
  }

  /**
   * Keeps the keys young, so that one that was withdrawn is refused within a minute while the provider answers; those
   * that are there go on for a while when it does not. Rejects with the fetch's failure when there are none.
   */
  async #refreshKeys(keys: ReturnType<typeof createRemoteJWKSet>): Promise<void> {
    const nowMs = this.#options.clock.monotonicMs()
    const ageMs = nowMs - this.#fetchedMs
    const isTooSoon = nowMs - this.#triedMs < askAgainMs && !keys.reloading
    if (ageMs < refetchMs || isTooSoon) return
    this.#triedMs = nowMs
    const isAway = nowMs - this.#failedMs < awayMs
    const reloaded = keys.reload().then(
      () => {
        this.#fetchedMs = nowMs
      },
      (error) => {
        this.#failedMs = nowMs
        if (!keys.fresh) throw error
      },
    )
    if (!keys.fresh || (ageMs >= refetchFirstMs && !isAway)) await reloaded
    else reloaded.catch(() => {})
  }
}

const subjectCharsMax = 255
/** Together with the subject they fit a row of the index. */
const issuerCharsMax = 512
/** The last that RFC 3339 can tell; some issuers write `exp` in ms. */
const lastMs = Date.UTC(9999, 11, 31, 23, 59, 59, 999)
const nameCharsMax = 64
const urlCharsMax = 2_048
const rolesMax = 64

/** What a checked token says of a person. Throws jose's JWTInvalid for whom no user can be made of. */
export function claimsOf(payload: JWTPayload, toleranceS: number): OutsideClaims {
  const text = (name: string, charsMax: number) => {
    const value = payload[name]
    const is =
      typeof value === "string" && value.trim() !== "" && value.isWellFormed() && !value.includes("\0")
    return is ? value.trim().slice(0, charsMax) : undefined
  }
  const { sub, exp, iat, iss = "" } = payload
  if (!isName(sub, subjectCharsMax) || sub === "")
    throw new errors.JWTInvalid("sub must be 1..255 characters (OpenID Connect Core, 2)")
  if (!isName(iss, issuerCharsMax)) throw new errors.JWTInvalid("iss must be text, of 512 characters at most")
  const picture = text("picture", urlCharsMax)
  const roles = payload.roles ?? payload.role
  return {
    issuer: iss,
    subject: sub,
    name: text("name", nameCharsMax),
    preferredName: text("preferred_username", nameCharsMax) ?? text("username", nameCharsMax),
    picture: picture !== undefined && /^https?:\/\//.test(picture) ? picture : undefined,
    roles: (Array.isArray(roles) ? roles : [roles])
      .filter((role) => typeof role === "string")
      .slice(0, rolesMax),
    issuedMs: iat === undefined ? undefined : (iat - toleranceS) * 1_000,
    untilMs: exp === undefined ? Number.POSITIVE_INFINITY : Math.min((exp + toleranceS) * 1_000, lastMs),
  }
}

/** What the database can hold and find again. */
const isName = (value: unknown, charsMax: number): value is string =>
  typeof value === "string" && value.length <= charsMax && value.isWellFormed() && !value.includes("\0")
