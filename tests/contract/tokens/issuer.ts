import { randomBytes } from "node:crypto"
import { compact, type IssuerKey, makeKey, nowS, type Part, publicAlgorithms } from "./jws.ts"

/** An application's identity provider: a secret for HS256 and a key for every public-key algorithm. */
export class Issuer {
  readonly name = "https://id.example"
  readonly audience = "chat"
  readonly secret = randomBytes(24).toString("base64url")
  keys = makeKeys("first")

  /** Keys of a new generation under new names; the old ones are not published any more. */
  rotate(): void {
    this.keys = makeKeys(`next-${randomBytes(3).toString("hex")}`)
  }

  keyOf(alg: string): IssuerKey {
    const found = this.keys.find((key) => key.alg === alg)
    if (!found) throw new Error(`no key for ${alg}`)
    return found
  }

  get secretBytes(): Buffer {
    return Buffer.from(this.secret)
  }

  /** What a good token says; `more` goes on top, and what is undefined there is left out. */
  claims(more: Record<string, unknown> = {}): Record<string, unknown> {
    const at = nowS()
    return { iss: this.name, aud: this.audience, sub: "mallory", iat: at, exp: at + 300, ...more }
  }

  /** Signed as `alg` asks, with `header` on top of what it must say. */
  sign(alg: string, payload: Part | Buffer = this.claims(), header: Record<string, unknown> = {}): string {
    if (alg.startsWith("HS")) return compact({ alg, ...header }, payload, alg, this.secretBytes)
    const { kid, privateKey } = this.keyOf(alg)
    return compact({ alg, kid, ...header }, payload, alg, privateKey)
  }

  /** What a server needs to know to believe these. */
  environment(jwksUrl: string): Record<string, string> {
    return {
      AUTH: "required",
      JWT_SECRET: this.secret,
      JWKS_URL: jwksUrl,
      JWT_ISSUER: this.name,
      JWT_AUDIENCE: this.audience,
      JWT_CLOCK_TOLERANCE_S: "0",
      LIMITS: "off",
      ENABLE_PERSISTENCE: "false",
    }
  }
}

/** One key an algorithm; those of RSA are one pair under several names, since making them takes long. */
function makeKeys(generation: string): IssuerKey[] {
  const rsa = makeKey("RS256", "rsa")
  return publicAlgorithms.map((alg) => makeKey(alg, `${generation}-${alg}`, rsa))
}
