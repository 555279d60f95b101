import { deflateRawSync } from "node:zlib"
import type { Forged } from "./forged-keys.ts"
import type { Issuer } from "./issuer.ts"
import { compact, encode } from "./jws.ts"

const zeros = (count: number) => Buffer.alloc(count).toString("base64url")
/** The order of P-256, and that of Ed25519's group: numbers no signature may reach. */
const p256Order = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"
const ed25519Order = 2n ** 252n + 27742317777372353535851937790883648493n

/** Good tokens of which the signature is not what was signed. */
export function badSignatures(issuer: Issuer): Forged[] {
  const rs = parted(issuer.sign("RS256"))
  const hs = parted(issuer.sign("HS256"))
  const es = parted(issuer.sign("ES256"))
  const other = parted(issuer.sign("RS256", issuer.claims({ sub: "someone" })))
  const bytes = Buffer.from(es.signature, "base64url")
  const [r, s] = [bytes.subarray(0, 32), bytes.subarray(32)]
  const ofEs = (signature: Buffer | string) => `${es.data}.${signature.toString("base64url")}`
  const order = Buffer.from(p256Order, "hex")
  return [
    ...["ES256", "ES384", "ES512"].map((alg, i): Forged => {
      return [`${alg} of r = s = 0`, `${parted(issuer.sign(alg)).data}.${zeros([64, 96, 132][i] as number)}`]
    }),
    ["ES256 of r = s = n", ofEs(Buffer.concat([order, order]))],
    ["ES256 of r = 0, s = 1", ofEs(Buffer.concat([Buffer.alloc(63), Buffer.from([1])]))],
    ["ES256 of r = 1, s = 0", ofEs(Buffer.concat([Buffer.alloc(31), Buffer.from([1]), Buffer.alloc(32)]))],
    ["ES256 of r alone", ofEs(r)],
    ["ES256 of s before r", ofEs(Buffer.concat([s, r]))],
    ["ES256 in DER", ofEs(derOf(r, s))],
    ["ES256 with a byte more", ofEs(Buffer.concat([bytes, Buffer.alloc(1)]))],
    ["EdDSA of zeros", `${parted(issuer.sign("EdDSA")).data}.${zeros(64)}`],
    ["EdDSA of S + L", raisedByOrder(issuer.sign("EdDSA"))],
    ["RS256 of zeros", `${rs.data}.${zeros(256)}`],
    [
      "RS256 of one",
      `${rs.data}.${Buffer.concat([Buffer.alloc(255), Buffer.from([1])]).toString("base64url")}`,
    ],
    [
      "RS256 with a zero before",
      `${rs.data}.${Buffer.concat([Buffer.alloc(1), Buffer.from(rs.signature, "base64url")]).toString("base64url")}`,
    ],
    [
      "RS256, signature cut by a byte",
      `${rs.data}.${Buffer.from(rs.signature, "base64url").subarray(0, -1).toString("base64url")}`,
    ],
    ["RS256, signature of another", `${rs.data}.${other.signature}`],
    ["RS256, payload of another", `${rs.header}.${other.payload}.${rs.signature}`],
    ["RS256, header of HS256", `${hs.header}.${rs.payload}.${rs.signature}`],
    ["HS256, header of RS256", `${rs.header}.${hs.payload}.${hs.signature}`],
    ["HS256, signature cut in half", `${hs.data}.${hs.signature.slice(0, 21)}`],
    ["HS256, signature cut by a letter", `${hs.data}.${hs.signature.slice(0, -1)}`],
    ["HS256, a letter more", `${hs.data}.${hs.signature}A`],
    ["HS256, another last letter for the same bytes", sameBytes(hs)],
    ["HS256, signature in other case", `${hs.data}.${swapCase(hs.signature)}`],
    ["HS256 of zeros", `${hs.data}.${zeros(32)}`],
    [
      "HS256, signature of the payload alone",
      `${hs.data}.${parted(compact("", issuer.claims(), "HS256", issuer.secretBytes)).signature}`,
    ],
  ]
}

/** What is no token at all, or not written as one. */
export function badShapes(issuer: Issuer): Forged[] {
  const token = issuer.sign("HS256")
  const { header, payload, signature, data } = parted(token)
  const cell = (bytes: number) => zeros(bytes)
  return [
    ["nothing", ""],
    ["null", "null"],
    ["undefined", "undefined"],
    ["a word", "token"],
    ["dots", ".."],
    ["two parts", data],
    ["four parts", `${token}.${signature}`],
    ["a dot more", `${token}.`],
    ["a dot before", `.${token}`],
    ["no header", `.${payload}.${signature}`],
    ["no payload", `${header}..${signature}`],
    ["a JWE", `${encode({ alg: "dir", enc: "A256GCM" })}..${cell(12)}.${cell(64)}.${cell(16)}`],
    [
      "a JWE with a key",
      `${encode({ alg: "RSA-OAEP", enc: "A256GCM", cty: "JWT" })}.${cell(256)}.${cell(12)}.${cell(64)}.${cell(16)}`,
    ],
    ["a token in a token", issuer.sign("HS256", token, { cty: "JWT" })],
    ["JSON serialization", JSON.stringify({ protected: header, payload, signature })],
    ["padding", `${header}=.${payload}==.${signature}=`],
    ["padding of the signature", `${token}=`],
    ["the other base64", `${data}.${signature.slice(0, 20)}+/${signature.slice(22)}`],
    ["a blank inside", `${header}. ${payload}.${signature}`],
    ["a blank in the payload", `${header}.${payload.slice(0, 8)} ${payload.slice(8)}.${signature}`],
    ["a tab inside", `${header}.\t${payload}.${signature}`],
    ["a letter of no ASCII", `${header}.${payload}é.${signature}`],
    ["wide dots", `${header}．${payload}．${signature}`],
    ["a blank of no width", `\u200b${token}`],
    ["quotes", `"${token}"`],
    ["the scheme again", `Bearer ${token}`],
    ["two tokens", `${token},${token}`],
    ["64 KB of letters", "A".repeat(65_536)],
    ["64 KB of parts", `${"A".repeat(30_000)}.${"A".repeat(30_000)}.${"A".repeat(5_534)}`],
    ["64 KB, well signed", issuer.sign("HS256", issuer.claims({ more: "x".repeat(48_000) }))],
    ["a letter too long, well signed", ofLength(issuer, 8_193)],
    ["10,000 dots", ".".repeat(10_000)],
    ["depth", issuer.sign("HS256", `{"sub":${"[".repeat(3_000)}${"]".repeat(3_000)}}`)],
    ["zip", issuer.sign("HS256", deflateRawSync(JSON.stringify(issuer.claims())), { zip: "DEF" })],
    ["zip, crit", issuer.sign("HS256", issuer.claims(), { zip: "DEF", crit: ["zip"] })],
    ["crit of what is not known", issuer.sign("HS256", issuer.claims(), { crit: ["x"], x: 1 })],
    ["crit of a claim", issuer.sign("HS256", issuer.claims(), { crit: ["exp"], exp: 1 })],
    ["crit of alg", issuer.sign("HS256", issuer.claims(), { crit: ["alg"] })],
    ["crit of nothing", issuer.sign("HS256", issuer.claims(), { crit: [] })],
    ["crit that is text", issuer.sign("HS256", issuer.claims(), { crit: "b64" })],
    ["crit of what is not there", issuer.sign("HS256", issuer.claims(), { crit: ["b64"] })],
    ["b64 = false", issuer.sign("HS256", issuer.claims(), { b64: false, crit: ["b64"] })],
    ["b64 = false, payload as it is", unencoded(issuer)],
  ]
}

/** A token that is good but for its length, which is `chars` or a little more. */
function ofLength(issuer: Issuer, chars: number): string {
  const claims = issuer.claims()
  for (let count = 0; ; count++) {
    const token = issuer.sign("HS256", { ...claims, more: "x".repeat(Math.floor(chars / 2) + count) })
    if (token.length >= chars) return token
  }
}

const parted = (token: string) => {
  const [header = "", payload = "", signature = ""] = token.split(".")
  return { header, payload, signature, data: `${header}.${payload}` }
}

/** 43 letters are 258 bits for 256: the last letter has sisters that decode alike. */
function sameBytes({ data, signature }: { data: string; signature: string }): string {
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
  const last = letters.indexOf(signature.at(-1) as string)
  return `${data}.${signature.slice(0, -1)}${letters[last ^ 1]}`
}

const swapCase = (text: string) =>
  text.replace(/[a-z]/gi, (c) => (c === c.toLowerCase() ? c.toUpperCase() : c.toLowerCase()))

function derOf(r: Buffer, s: Buffer): Buffer {
  const integer = (bytes: Buffer) => {
    const short = bytes.subarray(bytes.findIndex((byte) => byte !== 0))
    const signed = (short[0] as number) > 127 ? Buffer.concat([Buffer.alloc(1), short]) : short
    return Buffer.concat([Buffer.from([2, signed.length]), signed])
  }
  const body = Buffer.concat([integer(r), integer(s)])
  return Buffer.concat([Buffer.from([0x30, body.length]), body])
}

/** The same point and a scalar that is the same modulo the group's order: RFC 8032, 5.1.7 refuses it. */
function raisedByOrder(token: string): string {
  const { data, signature } = parted(token)
  const bytes = Buffer.from(signature, "base64url")
  const scalar = BigInt(`0x${Buffer.from(bytes.subarray(32)).reverse().toString("hex")}`) + ed25519Order
  const raised = Buffer.from(scalar.toString(16).padStart(64, "0"), "hex").reverse()
  return `${data}.${Buffer.concat([bytes.subarray(0, 32), raised]).toString("base64url")}`
}

function unencoded(issuer: Issuer): string {
  const header = { alg: "HS256", b64: false, crit: ["b64"] }
  const payload = JSON.stringify(issuer.claims({ iss: "id", aud: undefined }))
  const signed = compact(header, payload, "HS256", issuer.secretBytes)
  return `${parted(signed).header}.${payload}.${parted(signed).signature}`
}
