import { createHash, randomBytes } from "node:crypto"
import type { OidcServer } from "./oidc.ts"

/** What a page has when somebody is back from the provider, as `POST /auth/oidc` takes it. */
export interface OidcReturn {
  readonly code: string
  readonly code_verifier: string
  readonly nonce: string
  readonly redirect_uri: string
  readonly iss: string
}

/** Signs in at the provider, as a browser would that runs no scripts. Rejects when it does not end with a code. */
export async function visitProvider(
  provider: OidcServer,
  redirectUri: string,
  as = "ada",
  clientId = "klatch",
): Promise<OidcReturn> {
  const [verifier, state, nonce] = [random(), random(), random()]
  const query = new URLSearchParams({
    client_id: clientId,
    response_type: "code",
    scope: "openid profile",
    redirect_uri: redirectUri,
    code_challenge: createHash("sha256").update(verifier).digest("base64url"),
    code_challenge_method: "S256",
    state,
    nonce,
  })
  const cookies = new Map<string, string>()
  let at = new URL(`${provider.issuer}/auth?${query}`)
  for (let steps = 0; steps < stepsMax; steps++) {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join("; ")
    const answer = await fetch(at, { redirect: "manual", headers: { cookie } })
    for (const set of answer.headers.getSetCookie()) {
      const [name = "", value = ""] = (set.split(";")[0] as string).split(/=(.*)/)
      if (value === "") cookies.delete(name)
      else cookies.set(name, value)
    }
    const text = await answer.text()
    const to = answer.headers.get("location") ?? new RegExp(`href="([^"]+/in/${as})"`).exec(text)?.[1]
    if (to === undefined) throw new Error(`the provider answered ${answer.status}: ${text}`)
    at = new URL(to, at)
    if (!at.href.startsWith(redirectUri)) continue
    const got = (name: string) => at.searchParams.get(name) ?? ""
    if (got("state") !== state || got("code") === "") throw new Error(`no code came back: ${at}`)
    return { code: got("code"), code_verifier: verifier, nonce, redirect_uri: redirectUri, iss: got("iss") }
  }
  throw new Error(`the provider sends people round in circles: ${at}`)
}

const stepsMax = 8
const random = () => randomBytes(32).toString("base64url")
