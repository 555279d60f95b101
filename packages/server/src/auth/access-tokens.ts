import { jwtVerify, SignJWT } from "jose"
import { ownIssuer } from "../config/environment.ts"
import type { Clock } from "../lib/clock.ts"

/** Access tokens are short: what they say is believed without asking who issued them. */
export const accessMs = 15 * 60_000

/** What one of our access tokens says. */
export interface AccessClaims {
  readonly userId: string
  readonly familyId: string | undefined
  readonly issuedMs: number
  readonly untilMs: number
}

/**
 * Access tokens of our own: JWTs as RFC 9068 shapes them, signed with HS256 by a key that all nodes share and nobody
 * else knows.
 */
export class AccessTokens {
  readonly #key: Uint8Array
  readonly #clock: Clock
  readonly #newId: () => string

  constructor(key: Uint8Array, clock: Clock, newId: () => string) {
    this.#key = key
    this.#clock = clock
    this.#newId = newId
  }

  /** A token for this user; `familyId` is the sign-in it ends with. */
  async issue(
    userId: string,
    familyId?: string,
    lifeMs = accessMs,
  ): Promise<{ token: string; untilMs: number }> {
    const nowS = Math.floor(this.#clock.now() / 1_000)
    const untilS = nowS + Math.floor(lifeMs / 1_000)
    const token = await new SignJWT(familyId === undefined ? {} : { sid: familyId })
      .setProtectedHeader({ alg: "HS256", typ: "at+jwt" })
      .setIssuer(ownIssuer)
      .setAudience(ownIssuer)
      .setSubject(userId)
      .setJti(this.#newId())
      .setIssuedAt(nowS)
      .setExpirationTime(untilS)
      .sign(this.#key)
    return { token, untilMs: untilS * 1_000 }
  }

  /** Rejects with jose's error for anything but a token of ours that is still good. */
  async verify(token: string): Promise<AccessClaims> {
    const { payload } = await jwtVerify(token, this.#key, {
      algorithms: ["HS256"],
      typ: "at+jwt",
      issuer: ownIssuer,
      audience: ownIssuer,
      requiredClaims: ["sub", "iat", "exp", "jti"],
      currentDate: new Date(this.#clock.now()),
    })
    const { sub, sid, iat, exp } = payload
    return {
      userId: sub as string,
      familyId: typeof sid === "string" ? sid : undefined,
      issuedMs: (iat as number) * 1_000,
      untilMs: (exp as number) * 1_000,
    }
  }
}
