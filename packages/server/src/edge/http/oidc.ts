import { createRoute, type OpenAPIHono } from "@hono/zod-openapi"
import { oidcCode, oidcProvider, tokens } from "@klatch/protocol"
import type { OidcSignIns } from "../../auth/oidc-sign-ins.ts"
import { AppError } from "../../lib/app-error.ts"
import { signedIn, tokensBody, tooMany } from "./accounts.ts"
import { addressOf, type HttpServices } from "./context.ts"
import { body, bodyErrors, errorBody, errors, json } from "./schemas.ts"

const notHere = { 404: json(errorBody, "People do not sign in by a provider here.") } as const

const getProvider = createRoute({
  method: "get",
  path: "/auth/oidc",
  operationId: "getOidcProvider",
  tags: ["Accounts"],
  summary: "The OpenID provider to sign in by",
  description:
    "What a page needs to send someone there: `response_type=code`, with a `state`, a `nonce` and a PKCE challenge " +
    "(S256) of its own making.",
  responses: {
    200: json(oidcProvider, "The provider.", {
      name: "id.example",
      authorization_endpoint: "https://id.example/authorize",
      client_id: "chat",
      scope: "openid profile",
    }),
    ...notHere,
    503: errors[503],
  },
})
const logInByOidc = createRoute({
  method: "post",
  path: "/auth/oidc",
  operationId: "logInByOidc",
  tags: ["Accounts"],
  summary: "Sign in by the OpenID provider",
  description:
    "With the code that the provider sent back, after the page has compared the `state`. Who comes for the first " +
    "time is made a user, by what the provider says of them. From then on it is a sign-in like any other.",
  request: {
    body: body(oidcCode, {
      code: "SplxlOBeZQQYbYS6WxSbIA",
      code_verifier: "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
      nonce: "n-0S6_WzA2Mj",
      redirect_uri: "https://chat.example/",
    }),
  },
  responses: {
    200: json(tokens, "Signed in.", signedIn),
    ...errors,
    ...bodyErrors,
    ...tooMany,
    403: json(errorBody, "The account is banned."),
    ...notHere,
  },
})

/** Signing in by an OpenID provider. */
export function mountOidc(app: OpenAPIHono, { oidc, isOwnPage, audit, clock }: HttpServices): void {
  app.openapi(getProvider, async (c) => {
    const { endpoint, clientId, scope, name } = await configured(oidc).provider.request()
    return c.json({ name, authorization_endpoint: endpoint, client_id: clientId, scope }, 200)
  })
  app.openapi(logInByOidc, async (c) => {
    const signIns = configured(oidc)
    const { code, code_verifier, nonce, redirect_uri, iss } = c.req.valid("json")
    const origin = pageOrigin(redirect_uri)
    const own = c.req.header("origin")
    // A browser says where its page is from: the answer is for that page, also by its scheme.
    if (origin === undefined || (own ?? origin) !== origin || !isOwnPage(c.req.raw, origin))
      throw new AppError(
        "invalid_field",
        "redirect_uri: must be of this server, or of an origin in CORS_ORIGINS",
      )
    const [answer, address] = [
      { code, codeVerifier: code_verifier, nonce, redirectUri: redirect_uri, answeredBy: iss },
      addressOf(c),
    ]
    const { user, tokens } = await audit.ofAttempt(
      { action: "sign_in_failed", by: null, address, details: byProvider },
      signIns.signIn(answer, address),
    )
    await audit.record({ action: "signed_in", by: { user }, address, details: byProvider })
    return c.json({ user, ...tokensBody(tokens, clock.now()) }, 200)
  })
}

/**
 * The origin of a page's address that all parsers read alike; undefined for any other: with a user, a fragment, a
 * backslash, blanks, or an origin that is not written as it is.
 */
function pageOrigin(address: string): string | undefined {
  const url = URL.parse(address)
  if (!url || /[\s\\#\p{C}]/u.test(address)) return undefined
  const rest = address.startsWith(url.origin) ? address.slice(url.origin.length) : undefined
  return rest === "" || /^[/?]/.test(rest ?? "") ? url.origin : undefined
}

const byProvider = { by: "oidc" }

function configured(oidc: OidcSignIns | undefined): OidcSignIns {
  if (!oidc) throw new AppError("not_found", "People do not sign in by a provider here.")
  return oidc
}
