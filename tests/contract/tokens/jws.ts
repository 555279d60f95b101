import {
  constants,
  createHmac,
  generateKeyPairSync,
  type KeyObject,
  type SignKeyObjectInput,
  sign,
} from "node:crypto"

/** A key pair as an issuer has it, under the name its tokens call it by. */
export interface IssuerKey {
  readonly kid: string
  readonly alg: string
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
}

const curves: Record<string, string> = { ES256: "P-256", ES384: "P-384", ES512: "P-521" }
/** All that a public key may sign with here (RFC 7518, RFC 8037). */
export const publicAlgorithms = [
  ...["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"],
  ...["ES256", "ES384", "ES512", "EdDSA"],
]

/** A fresh key for one algorithm; `rsa` is used again where there is one, since making those takes long. */
export function makeKey(alg: string, kid: string, rsa?: IssuerKey): IssuerKey {
  if (/^[RP]S/.test(alg)) {
    const pair = rsa ?? generateKeyPairSync("rsa", { modulusLength: 2048 })
    return { kid, alg, privateKey: pair.privateKey, publicKey: pair.publicKey }
  }
  const pair =
    alg === "EdDSA"
      ? generateKeyPairSync("ed25519")
      : generateKeyPairSync("ec", { namedCurve: curves[alg] as string })
  return { kid, alg, ...pair }
}

/** The public half as a JWKS holds it (RFC 7517). */
export const jwkOf = ({ publicKey, kid, alg }: IssuerKey): Record<string, unknown> => ({
  ...publicKey.export({ format: "jwk" }),
  kid,
  alg,
  use: "sig",
})

/** An object as it is, or JSON text that no serializer would write. */
export type Part = Record<string, unknown> | string | readonly unknown[]

export const encode = (part: Part | Buffer): string =>
  (Buffer.isBuffer(part)
    ? part
    : Buffer.from(typeof part === "string" ? part : JSON.stringify(part))
  ).toString("base64url")

/** The bytes that `alg` makes of `data`. */
export function signatureOf(alg: string, data: string, key: KeyObject | Uint8Array): Buffer {
  const hash = `sha${alg.slice(-3)}`
  if (alg.startsWith("HS"))
    return createHmac(hash, key as Uint8Array)
      .update(data)
      .digest()
  const bytes = Buffer.from(data)
  const how: SignKeyObjectInput = { key: key as KeyObject }
  if (alg === "EdDSA" || alg === "Ed25519") return sign(null, bytes, how)
  if (alg.startsWith("ES")) how.dsaEncoding = "ieee-p1363"
  if (alg.startsWith("PS")) {
    how.padding = constants.RSA_PKCS1_PSS_PADDING
    how.saltLength = constants.RSA_PSS_SALTLEN_DIGEST
  }
  return sign(hash, bytes, how)
}

/** A JWS in compact form (RFC 7515, 7.1) of any header and payload; the header need not tell how it was signed. */
export function compact(header: Part, payload: Part | Buffer, alg: string, key: KeyObject | Uint8Array) {
  const data = `${encode(header)}.${encode(payload)}`
  return `${data}.${signatureOf(alg, data, key).toString("base64url")}`
}

export const nowS = (): number => Math.floor(Date.now() / 1_000)
