import type { Issuer } from "./issuer.ts"
import { nowS, publicAlgorithms } from "./jws.ts"

export interface Good {
  readonly alg: string
  readonly username: string
  readonly token: string
}

/** Good tokens of `count` people of one generation of keys: every algorithm in turn, every way to say the same. */
export function goodTokens(issuer: Issuer, generation: string, count: number): Good[] {
  const algorithms = ["HS256", ...publicAlgorithms]
  return Array.from({ length: count }, (_, i) => {
    const alg = algorithms[i % algorithms.length] as string
    const username = `${generation}-${i}`
    const claims = issuer.claims({
      sub: `${generation}|${i}`,
      preferred_username: username,
      ...say(issuer, i),
    })
    return { alg, username, token: issuer.sign(alg, claims, head(i)) }
  })
}

/** Claims that an issuer may write this way or that. */
function say(issuer: Issuer, i: number): Record<string, unknown> {
  const at = nowS()
  const ways: Record<string, unknown>[] = [
    {},
    { aud: [issuer.audience] },
    { aud: ["other", issuer.audience] },
    { nbf: at },
    { nbf: at - 1, exp: at + 60 },
    { iat: undefined },
    { iat: at - 86_400, exp: at + 86_400 },
    { exp: at + 300.5 },
    { name: "Zoë 🦊 \u05d0", picture: "https://id.example/a.png" },
    { roles: ["member"], realm: { a: 1, b: { a: 1 } } },
    { jti: "same", email: "someone@id.example", sid: "theirs" },
    { note: 'a "quoted" {bracket], and \\ a bar', list: [[], {}, [{ a: [] }]] },
    { more: "x".repeat(5_000) },
    { exp: at + 3_155_760_000 },
  ]
  return ways[i % ways.length] as Record<string, unknown>
}

const head = (i: number): Record<string, unknown> =>
  [{}, { typ: "JWT" }, { typ: "jwt" }, { typ: "at+jwt" }, { typ: "application/at+jwt" }, { x5t: "AAAA" }][
    i % 6
  ] as Record<string, unknown>
