import { constants, createHash, randomBytes, sign } from "node:crypto"
import { selfSigned } from "./certificate.ts"
import type { Issuer } from "./issuer.ts"
import { compact, encode, type IssuerKey, jwkOf } from "./jws.ts"

/** A token that must not be believed, under the name of what is wrong with it. */
export type Forged = readonly [name: string, token: string]

const noneSpellings = [
  "none",
  "None",
  "NONE",
  "nOnE",
  "none ",
  " none",
  "",
  null,
  undefined,
  0,
  false,
  ["none"],
]

/** Tokens without a signature, whatever they call that. */
export function unsigned(issuer: Issuer): Forged[] {
  const payload = encode(issuer.claims())
  const garbage = randomBytes(32).toString("base64url")
  return noneSpellings.flatMap((alg): Forged[] => {
    const data = `${encode({ alg, typ: "JWT" })}.${payload}`
    const name = `alg ${JSON.stringify(alg)}`
    return [
      [`${name}, no signature`, `${data}.`],
      [`${name}, any signature`, `${data}.${garbage}`],
    ]
  })
}

/** HMACs by what everybody knows: the public key in all its forms, or a secret that is none. */
export function publicSecrets(issuer: Issuer): Forged[] {
  const key = issuer.keyOf("RS256")
  const { publicKey } = key
  const pem = publicKey.export({ format: "pem", type: "spki" }) as string
  const jwk = jwkOf(key)
  const secrets: Record<string, string | Buffer> = {
    "the public key in PEM": pem,
    "the public key in PEM, trimmed": pem.trim(),
    "the public key in PEM, one line": pem.replace(/\n/g, ""),
    "the body of the PEM": pem.replace(/-----[^-]+-----|\n/g, ""),
    "the public key in PEM (PKCS#1)": publicKey.export({ format: "pem", type: "pkcs1" }) as string,
    "the public key in DER": publicKey.export({ format: "der", type: "spki" }),
    "the public key in DER (PKCS#1)": publicKey.export({ format: "der", type: "pkcs1" }),
    "the public key as a JWK": JSON.stringify(jwk),
    "the public key's modulus": Buffer.from(jwk.n as string, "base64url"),
    "the public key's modulus as text": jwk.n as string,
    "the public key of EC in PEM": issuer
      .keyOf("ES256")
      .publicKey.export({ format: "pem", type: "spki" }) as string,
    "the bytes of the Ed25519 key": Buffer.from(jwkOf(issuer.keyOf("EdDSA")).x as string, "base64url"),
    nothing: "",
    "a word": "secret",
    "the issuer's name": issuer.name,
    "half of the secret": issuer.secret.slice(0, 16),
  }
  return Object.entries(secrets).flatMap(([name, secret]): Forged[] => {
    const bytes = Buffer.from(secret as string)
    return [
      [`HS256 by ${name}`, compact({ alg: "HS256", kid: key.kid }, issuer.claims(), "HS256", bytes)],
      [
        `RS256 that is an HMAC by ${name}`,
        compact({ alg: "RS256", kid: key.kid }, issuer.claims(), "HS256", bytes),
      ],
    ]
  })
}

/** Tokens that bring their own key along, or tell where it is: `strangerUrl` is where the stranger publishes it. */
export function ownKeys(issuer: Issuer, stranger: IssuerKey, strangerUrl: string): Forged[] {
  const { kid } = issuer.keyOf("RS256")
  const jwk = jwkOf(stranger)
  const certificate = selfSigned(stranger)
  const host = strangerUrl.replace("http://", "")
  const print = (algorithm: string) => createHash(algorithm).update(certificate).digest("base64url")
  const x5c = [certificate.toString("base64")]
  const headers: Record<string, Record<string, unknown>> = {
    "no kid": {},
    "the kid of the issuer's": { kid },
    "a kid of nowhere": { kid: "nowhere" },
    "an empty kid": { kid: "" },
    "a kid that is a number": { kid: 1 },
    "a kid that is null": { kid: null },
    "a kid that is a list": { kid: [kid] },
    "a kid that is an object": { kid: { $ne: null } },
    "a kid that is a path": { kid: "../../../../../../dev/null" },
    "a kid that is a path with NUL": { kid: "../../dev/null\0" },
    "a kid that is SQL": { kid: "x' UNION SELECT 'key" },
    "a kid that is a command": { kid: "|cat /etc/hostname" },
    "a kid that is an address": { kid: strangerUrl },
    "a kid of every object": { kid: "__proto__" },
    jwk: { jwk },
    "jwk and the issuer's kid": { jwk: { ...jwk, kid }, kid },
    jku: { jku: strangerUrl, kid: "stranger" },
    "jku and the issuer's kid": { jku: strangerUrl, kid },
    "jku with the issuer as a user": { jku: `http://id.example@${host}`, kid: "stranger" },
    "jku with the issuer as a fragment": { jku: `${strangerUrl}#https://id.example`, kid: "stranger" },
    x5u: { x5u: strangerUrl },
    "x5u and the issuer's kid": { x5u: strangerUrl, kid },
    x5c: { x5c },
    "x5c and the issuer's kid": { x5c, kid },
    x5t: { x5c, x5t: print("sha1"), "x5t#S256": print("sha256") },
    "jwk, crit": { jwk, crit: ["jwk"] },
  }
  return Object.entries(headers).map(([name, header]) => [
    `RS256 by a stranger, ${name}`,
    compact({ alg: "RS256", ...header }, issuer.claims(), "RS256", stranger.privateKey),
  ])
}

/** Signed by a key of the issuer's, but not as that key signs. */
export function misusedKeys(issuer: Issuer): Forged[] {
  const claims = issuer.claims()
  const as = (alg: string, kid: string, by: string) =>
    compact({ alg, kid }, claims, by, issuer.keyOf(by).privateKey)
  const kidOf = (alg: string) => issuer.keyOf(alg).kid
  const { kid, privateKey: key } = issuer.keyOf("PS256")
  const data = `${encode({ alg: "PS256", kid })}.${encode(claims)}`
  const unsalted = sign("sha256", Buffer.from(data), {
    key,
    padding: constants.RSA_PKCS1_PSS_PADDING,
    saltLength: 0,
  })
  const sha1 = sign(
    "sha1",
    Buffer.from(`${encode({ alg: "RS256", kid: kidOf("RS256") })}.${encode(claims)}`),
    key,
  )
  return [
    ["RS256 that is PS256", as("RS256", kidOf("RS256"), "PS256")],
    ["PS256 that is RS256", as("PS256", kidOf("PS256"), "RS256")],
    ["RS256 under the kid of PS256", as("RS256", kidOf("PS256"), "RS256")],
    ["RS256 under the kid of ES256", as("RS256", kidOf("ES256"), "RS256")],
    ["ES256 by the key of ES384", as("ES256", kidOf("ES256"), "ES384")],
    ["ES256 under the kid of ES384", as("ES256", kidOf("ES384"), "ES256")],
    ["ES512 by the key of ES256", as("ES512", kidOf("ES512"), "ES256")],
    ["EdDSA by the key of ES256", as("EdDSA", kidOf("EdDSA"), "ES256")],
    ["RS512 that is RS256", as("RS512", kidOf("RS512"), "RS256")],
    ["ES256K", as("ES256K", kidOf("ES256"), "ES256")],
    ["an algorithm of lower case", as("rs256", kidOf("RS256"), "RS256")],
    ["RS1", `${encode({ alg: "RS1", kid: kidOf("RS256") })}.${encode(claims)}.${sha1.toString("base64url")}`],
    [
      "RS256 that is SHA-1",
      `${encode({ alg: "RS256", kid: kidOf("RS256") })}.${encode(claims)}.${sha1.toString("base64url")}`,
    ],
    ["PS256 without salt", `${data}.${unsalted.toString("base64url")}`],
    ["HS384 by the secret", issuer.sign("HS384", claims)],
    ["HS512 by the secret", issuer.sign("HS512", claims)],
    ["HS256 in lower case", compact({ alg: "hs256" }, claims, "HS256", issuer.secretBytes)],
    ["alg that is a list", compact({ alg: ["HS256"] }, claims, "HS256", issuer.secretBytes)],
  ]
}
