import type { Forged } from "./forged-keys.ts"
import type { Issuer } from "./issuer.ts"
import { compact, nowS } from "./jws.ts"

/** Well signed, but not for us, not now, or of nobody. */
export function badClaims(issuer: Issuer): Forged[] {
  const at = nowS()
  const wrong: Record<string, readonly unknown[]> = {
    aud: [
      undefined,
      null,
      "",
      "other",
      "CHAT",
      "chat ",
      "chat2",
      "chat,other",
      7,
      {},
      [],
      ["other"],
      [["chat"]],
      { chat: 1 },
    ],
    iss: [
      undefined,
      null,
      "",
      "https://id.example/",
      "https://ID.example",
      "http://id.example",
      7,
      {},
      [issuer.name],
      `${issuer.name}.evil`,
    ],
    exp: [at, at - 1, at - 3_600, 0, -1, null, "", `${at + 300}`, true, [at + 300], {}],
    nbf: [at + 60, at + 3_600, null, `${at - 60}`, true, [at - 60]],
    iat: [null, `${at}`, [at]],
    sub: [undefined, null, "", 7, true, ["mallory"], {}, "x".repeat(256), "a\0b"],
  }
  const claims = Object.entries(wrong).flatMap(([name, values]) =>
    values.map((value): Forged => {
      const text = (JSON.stringify(value) ?? "missing").slice(0, 40)
      return [`${name} ${text}`, issuer.sign("RS256", issuer.claims({ [name]: value }))]
    }),
  )
  return [
    ...claims,
    ["exp missing, by a public key", issuer.sign("ES256", issuer.claims({ exp: undefined }))],
    ...["logout+jwt", "dpop+jwt", "secevent+jwt", "JWE", "token-introspection+jwt", "", 7, ["JWT"], null].map(
      (typ): Forged => [`typ ${JSON.stringify(typ)}`, issuer.sign("RS256", issuer.claims(), { typ })],
    ),
  ]
}

/** Well signed, but what is signed is no JSON object, or says one thing twice. */
export function badTexts(issuer: Issuer): Forged[] {
  const claims = JSON.stringify(issuer.claims())
  const with2 = (more: string) => `${claims.slice(0, -1)},${more}}`
  const of = (payload: string | Buffer) => issuer.sign("HS256", payload)
  const headed = (header: string) => compact(header, issuer.claims(), "HS256", issuer.secretBytes)
  return [
    ["sub twice", of(with2(`"sub":"admin"`))],
    ["sub twice, the second with an escape", of(with2(`"s\\u0075b":"admin"`))],
    ["sub twice, the first with an escape", of(`{"\\u0073ub":"admin",${claims.slice(1)}`)],
    ["exp twice", of(with2(`"exp":9999999999`))],
    ["aud twice", of(with2(`"aud":"other"`))],
    ["iss twice", of(with2(`"iss":"klatch"`))],
    ["a name twice further in", of(with2(`"realm":[{"a":1,"b":{},"a":2}]`))],
    ["a name twice between blanks", of(with2(`\n "sub" \t: "admin"`))],
    ["alg twice", headed(`{"alg":"none","alg":"HS256"}`)],
    ["alg twice, with an escape", headed(`{"alg":"HS256","al\\u0067":"HS256"}`)],
    ["kid twice", headed(`{"alg":"HS256","kid":"a","kid":"b"}`)],
    ["crit twice", headed(`{"alg":"HS256","crit":["x"],"crit":["x"]}`)],
    ["a list as payload", of("[]")],
    ["a list of claims as payload", of(`[${claims}]`)],
    ["text as payload", of(`"mallory"`)],
    ["null as payload", of("null")],
    ["a number as payload", of("1")],
    ["nothing said", of("{}")],
    ["no JSON", of(`{sub:"mallory"}`)],
    ["a comma too many", of(`${claims.slice(0, -1)},}`)],
    ["JSON and more", of(`${claims}{}`)],
    ["a byte order mark", of(`\ufeff${claims}`)],
    ["no UTF-8", of(Buffer.from(claims.replace("mallory", "mallor\xff"), "latin1"))],
    ["half a surrogate pair as sub", of(claims.replace("mallory", "mallor\\ud800"))],
    ["UTF-16", of(Buffer.from(claims, "utf16le"))],
    ["a list as header", headed(`[{"alg":"HS256"}]`)],
    ["text as header", headed(`"HS256"`)],
    ["null as header", headed("null")],
    ["an empty header", headed("{}")],
    ["no JSON as header", headed(`{alg:"HS256"}`)],
  ]
}

/** Tokens of another use, or of another server. `own` is what this server gave to somebody. */
export function misplaced(
  issuer: Issuer,
  own: {
    readonly access: string
    readonly refresh: string
    readonly ticket: string
    readonly userId: string
  },
  foreignAccess: string,
): Forged[] {
  const at = nowS()
  const ours = { iss: "klatch", aud: "klatch", sub: own.userId, iat: at, exp: at + 300, jti: own.userId }
  const typ = "at+jwt"
  const [header, payload, signature] = own.access.split(".") as [string, string, string]
  const raised = JSON.parse(Buffer.from(payload, "base64url").toString()) as Record<string, unknown>
  const encoded = (claims: object) => Buffer.from(JSON.stringify(claims)).toString("base64url")
  return [
    ["our name, by the outside secret", issuer.sign("HS256", ours, { typ })],
    [
      "our name, by the outside secret, for them",
      issuer.sign("HS256", { ...ours, aud: issuer.audience }, { typ }),
    ],
    ["our name, by the outside key", issuer.sign("RS256", ours, { typ })],
    [
      "our name in capitals, by the outside secret",
      issuer.sign("HS256", { ...ours, iss: "Klatch" }, { typ }),
    ],
    [
      "our name in a list, by the outside secret",
      issuer.sign("HS256", { ...ours, iss: ["klatch"] }, { typ }),
    ],
    ["our name, by nobody", `${encoded({ alg: "none", typ })}.${encoded(ours)}.AAAA`],
    ["an access token of another server", foreignAccess],
    ["an access token with a later end", `${header}.${encoded({ ...raised, exp: at + 9_999 })}.${signature}`],
    ["an access token of no sign-in", `${header}.${encoded({ ...raised, sid: undefined })}.${signature}`],
    ["an access token of another type", `${encoded({ alg: "HS256", typ: "JWT" })}.${payload}.${signature}`],
    ["an access token with its last byte gone", own.access.slice(0, -2)],
    ["a refresh token", own.refresh],
    ["a ticket", own.ticket],
  ]
}
