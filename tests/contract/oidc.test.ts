import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test"
import { generateKeyPair, SignJWT, UnsecuredJWT } from "jose"
import { OidcProvider } from "../../packages/server/src/auth/oidc-provider.ts"
import type { AppError } from "../../packages/server/src/lib/app-error.ts"
import { systemClock } from "../../packages/server/src/lib/clock.ts"
import { OidcServer, oidcSecret } from "../harness/oidc.ts"
import { type OidcReturn, visitProvider } from "../harness/oidc-visitor.ts"
import { until } from "../harness/until.ts"
import { type SteppedServer, startStepped } from "./tokens/stepped-server.ts"

setDefaultTimeout(60_000)

const jwtSecret = "the secret of an application"
let provider: OidcServer
let server: SteppedServer
/** What the server said to who wanted to sign in before. */
let whileAway: Answer[]

beforeAll(async () => {
  provider = await OidcServer.start()
  // The server starts while its provider is away.
  await provider.stop()
  server = await startStepped({
    ...provider.environment(),
    JWT_SECRET: jwtSecret,
    CORS_ORIGINS: "https://app.example",
    LIMITS: "default",
  })
  const made = { code: "x", code_verifier: "v".repeat(43), nonce: "n", redirect_uri: page() }
  whileAway = [await ask("/auth/oidc"), await signIn(made)]
  await provider.restart()
  // It is left alone for a while.
  whileAway.push(await ask("/auth/oidc"))
  pass(2_000)
})
afterAll(async () => {
  await server?.[Symbol.asyncDispose]()
  await provider?.[Symbol.asyncDispose]()
})

interface Answer {
  readonly status: number
  readonly body: {
    readonly user: { readonly id: string; readonly username: string; readonly display_name: string }
    readonly access_token: string
    readonly refresh_token: string
    readonly error?: { readonly code: string; readonly retry_after_ms?: number }
  }
}

async function ask(path: string, body?: object, token?: string, origin?: string): Promise<Answer> {
  const response = await fetch(server.at.url + path, {
    method: body ? "POST" : "GET",
    headers: {
      ...(body && { "content-type": "application/json" }),
      ...(origin !== undefined && { origin }),
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    },
    ...(body && { body: JSON.stringify(body) }),
  })
  return { status: response.status, body: await response.json().catch(() => null) }
}
const page = () => `${server.at.url}/`
const visit = (as?: string, clientId?: string) => visitProvider(provider, page(), as, clientId)
const signIn = (back: object, origin?: string) => ask("/auth/oidc", back, undefined, origin)
const outcome = ({ status, body }: Answer) => (status === 200 ? "in" : body.error?.code)
const tokenOf = (claims: Record<string, unknown>) =>
  new SignJWT(claims)
    .setProtectedHeader({ alg: "HS256" })
    .setIssuedAt()
    .setExpirationTime("1h")
    .sign(new TextEncoder().encode(jwtSecret))

/** Lets `ms` pass at once. */
const pass = (ms: number) => server.clock.step(ms)

/** The provider is so until `act` is over. */
async function during<T>(change: Partial<OidcServer>, act: () => Promise<T>): Promise<T> {
  const before = { ofTokens: provider.ofTokens, isSilent: provider.isSilent }
  Object.assign(provider, change)
  return act().finally(() => Object.assign(provider, before))
}

test("[A16] a server starts while its provider is away, says so, and works once it is back", async () => {
  const unavailable = { code: "unavailable", retry_after_ms: expect.any(Number) }
  expect(whileAway).toMatchObject(Array(3).fill({ status: 503, body: { error: unavailable } }))
  // It is asked once, by however many ask.
  const answers = await Promise.all(Array.from({ length: 5 }, () => ask("/auth/oidc")))
  const told = {
    name: "Example",
    authorization_endpoint: `${provider.issuer}/auth`,
    client_id: "klatch",
    scope: "openid profile",
  }
  expect(answers).toEqual(Array(5).fill({ status: 200, body: told }))
  expect(provider.asked.filter((path) => path.includes("openid-configuration")).length).toBe(1)
})

test("[A15] who comes by the provider is a user from what it says of them, the same ever after", async () => {
  const [first, again] = [await signIn(await visit("ada")), await signIn(await visit("ada"))]
  expect(first.body.user).toMatchObject({ username: "ada", display_name: "Ada Lovelace" })
  expect(again.body.user.id).toBe(first.body.user.id)
  const { access_token, refresh_token } = first.body
  expect((await ask("/me", undefined, access_token)).body).toMatchObject({
    id: first.body.user.id,
    avatar_url: "https://id.example/ada.png",
    is_admin: false,
  })
  // It is a sign-in as any other: renewed in turns, and over when its owner says so.
  const next = await ask("/auth/refresh", { refresh_token })
  expect(outcome(next)).toBe("in")
  expect((await ask("/auth/logout", {}, next.body.access_token)).status).toBe(204)
  expect((await ask("/me", undefined, access_token)).status).toBe(401)
  expect((await ask("/me", undefined, again.body.access_token)).status).toBe(200)
  // A token that the same issuer signs for the same person speaks for the same user.
  const same = await ask("/me", undefined, await tokenOf({ iss: provider.issuer, sub: "ada" }))
  expect(same.body).toMatchObject({ id: first.body.user.id })
  const unnamed = await signIn(await visit("anonymous"))
  expect(unnamed.body.user.username).toBe("anonymous")
})

describe("[A15] nobody is signed in", () => {
  const changes: Record<string, (back: OidcReturn) => object | Promise<object>> = {
    "by another nonce": (back) => ({ ...back, nonce: "another" }),
    "by another verifier": (back) => ({ ...back, code_verifier: "v".repeat(43) }),
    "by a code that was made up": (back) => ({ ...back, code: "made-up" }),
    "by a code that another client got": () => visit("ada", "other"),
    "by a code for another page": (back) => ({ ...back, redirect_uri: "https://app.example/" }),
    "by an answer in another's name": (back) => ({ ...back, iss: "https://id.example" }),
    "by an answer in nobody's name, where the provider says its own": ({ iss: _, ...back }) => back,
  }
  test.each(Object.keys(changes))("%s", async (name) => {
    expect(outcome(await signIn((await changes[name]?.(await visit())) ?? {}))).toBe("unauthorized")
  })

  test("by a code that was used", async () => {
    const back = await visit()
    expect([outcome(await signIn(back)), outcome(await signIn(back))]).toEqual(["in", "unauthorized"])
    const other = await visit()
    const asked = provider.asked.length
    const atOnce = await Promise.all([signIn(other), signIn(other), signIn(other)])
    expect(atOnce.map(outcome).toSorted()).toEqual(["in", "unauthorized", "unauthorized"])
    // Not every provider would refuse it: it is not even asked.
    expect(provider.asked.slice(asked).filter((path) => path === "/token").length).toBe(1)
  })

  test("at a page of elsewhere", async () => {
    const back = await visit()
    const { host, origin } = new URL(page())
    const elsewhere = [
      ...["https://evil.example/", page().replace("127.0.0.1", "127.0.0.2"), `http://${host}@evil.example/`],
      ...[
        `http://evil.example@${host}/`,
        `http://evil.example\\@${host}/`,
        `http:\\\\${host}/`,
        `http:${host}/`,
      ],
      ...[
        `${page()}#part`,
        `${origin}#part`,
        `${page()}\\x`,
        `${page()} x`,
        `HTTP://${host}/`,
        `${origin}.evil.example/`,
      ],
      ...["https://app.example:443/", "https://APP.example/", "https://app.example./", "http://app.example/"],
    ]
    const asked = provider.asked.length
    for (const redirect_uri of elsewhere)
      expect([redirect_uri, outcome(await signIn({ ...back, redirect_uri }))]).toEqual([
        redirect_uri,
        "invalid_field",
      ])
    for (const from of ["https://app.example", origin.replace("http:", "https:")])
      expect([from, outcome(await signIn(back, from))]).toEqual([from, "invalid_field"])
    expect(provider.asked.length).toBe(asked)
    expect(outcome(await signIn(back))).toBe("in")
  })

  const nowS = () => Math.floor(Date.now() / 1_000)
  type Claims = Record<string, unknown>
  const ids: Record<string, (claims: Claims) => string | undefined | Promise<string | undefined>> = {
    "of another client": (claims) => sign({ ...claims, aud: "other" }),
    "of several clients, which does not say who asked": (c) => sign({ ...c, aud: ["klatch", "other"] }),
    "that another client asked for": (claims) => sign({ ...claims, aud: ["klatch", "other"], azp: "other" }),
    "that another client asked for, for us alone": (claims) => sign({ ...claims, azp: "other" }),
    "of another issuer": (claims) => sign({ ...claims, iss: "https://id.example" }),
    "that is over": (claims) => sign({ ...claims, exp: nowS() - 6 }),
    "that never ends": ({ exp: _, ...claims }) => sign(claims),
    "without a nonce": ({ nonce: _, ...claims }) => sign(claims),
    "of nobody": ({ sub: _, ...claims }) => sign(claims),
    "that nobody signed": (claims) => new UnsecuredJWT(claims).encode(),
    "signed with a secret": (claims) => signShared(claims),
    "signed with another key of the same name": async (claims) =>
      sign({ ...claims, name: "Ada" }, provider.keyId, (await generateKeyPair("RS256")).privateKey),
    "signed with a key of unknown name": (claims) => sign(claims, "unknown"),
    "whose words were changed": async (claims) => {
      const [header, , signature] = (await sign(claims)).split(".")
      const words = Buffer.from(JSON.stringify({ ...claims, sub: "bea", name: "Bea" })).toString("base64url")
      return `${header}.${words}.${signature}`
    },
    "that is missing": () => undefined,
  }
  const sign = (claims: Claims, kid = provider.keyId, key = provider.signingKey) =>
    new SignJWT(claims).setProtectedHeader({ alg: "RS256", kid }).sign(key)
  const signShared = (claims: Claims) =>
    new SignJWT(claims).setProtectedHeader({ alg: "HS256" }).sign(new TextEncoder().encode(oidcSecret))
  const claimsOf = (token: unknown): Claims =>
    JSON.parse(Buffer.from(String(token).split(".")[1] ?? "", "base64url").toString())
  const signInWith = async (make: (claims: Claims) => string | undefined | Promise<string | undefined>) => {
    const back = await visit()
    const ofTokens = async (given: Claims) => ({
      ...given,
      id_token: await make(claimsOf(given.id_token)),
    })
    return outcome(await during({ ofTokens }, () => signIn(back)))
  }

  test.each(Object.keys(ids))("by an ID token %s", async (name) => {
    expect(await signInWith((claims) => ids[name]?.(claims))).toBe("unauthorized")
  })

  test("but by the provider's own, also when the test has signed it", async () => {
    expect(await signInWith(sign)).toBe("in")
    expect(await signInWith((claims) => sign({ ...claims, aud: ["klatch", "other"], azp: "klatch" }))).toBe(
      "in",
    )
  })

  test("by an ID token that the provider gave to another client for the same person", async () => {
    const nonce = "the-same-nonce"
    const other = await visitProvider(provider, page(), "ada", "other")
    const body = new URLSearchParams({
      grant_type: "authorization_code",
      client_id: "other",
      code: other.code,
      code_verifier: other.code_verifier,
      redirect_uri: other.redirect_uri,
    })
    const given = await (await fetch(`${provider.issuer}/token`, { method: "POST", body })).json()
    const back = { ...(await visit()), nonce: claimsOf(given.id_token).nonce ?? nonce }
    const ofTokens = (own: Claims) => ({ ...own, id_token: given.id_token })
    expect(outcome(await during({ ofTokens }, () => signIn(back)))).toBe("unauthorized")
  })
})

test("[A16] new keys of the provider are good at once, and its old ones no more", async () => {
  const old = { key: provider.signingKey, kid: provider.keyId }
  expect(outcome(await signIn(await visit()))).toBe("in")
  await provider.rotate()
  expect(outcome(await signIn(await visit()))).toBe("in")
  const back = await visit()
  const ofTokens = async (given: Record<string, unknown>) => {
    const claims = JSON.parse(Buffer.from(String(given.id_token).split(".")[1] ?? "", "base64url").toString())
    const header = { alg: "RS256", kid: old.kid }
    return { ...given, id_token: await new SignJWT(claims).setProtectedHeader(header).sign(old.key) }
  }
  expect(outcome(await during({ ofTokens }, () => signIn(back)))).toBe("unauthorized")
})

test("[A16] a provider that goes away or hangs is told as such, in bounded time", async () => {
  expect((await ask("/auth/oidc")).status).toBe(200)
  const back = await visit()
  await provider.stop()
  expect(outcome(await signIn(back))).toBe("unavailable")
  // What is known of it is still told, also when it is too old.
  pass(11 * 60_000)
  expect((await ask("/auth/oidc")).status).toBe(200)
  await provider.restart()
  pass(2_000)
  const hang = async (part: string, boundMs: number, act: () => Promise<Answer>) => {
    let isAsked = false
    const isSilent = (path: string) => {
      isAsked ||= path.includes(part)
      return path.includes(part)
    }
    return during({ isSilent }, async () => {
      const answer = act()
      await until(`the provider to be asked for ${part}`, () => isAsked)
      pass(boundMs)
      return [part, outcome(await answer)]
    })
  }
  for (const part of ["/token", "/jwks", "/me"]) {
    await provider.rotate()
    const fresh = await visit()
    expect(await hang(part, 10_000, () => signIn(fresh))).toEqual([part, "unavailable"])
  }
  pass(11 * 60_000)
  expect(await hang("well-known", 5_000, () => ask("/auth/oidc"))).toEqual(["well-known", "in"])
  expect(outcome(await signIn(await visit()))).toBe("in")
})

test("[A15] a client with a secret shows it; with a wrong one nobody comes in, and the log says so", async () => {
  const failures: unknown[] = []
  const redeem = async (clientSecret: string) => {
    const { code, code_verifier, nonce, iss } = await visit("ada", "confidential")
    const client = new OidcProvider({
      ...{ issuer: provider.issuer, clientId: "confidential", clientSecret, scope: "openid profile" },
      ...{ name: "Example", toleranceS: 5, clock: systemClock },
      onFailure: (error) => failures.push(error),
    })
    const answer = { code, codeVerifier: code_verifier, nonce, redirectUri: page(), answeredBy: iss }
    return client.redeem(answer).then(
      ({ subject }) => subject,
      (error: AppError) => error.code,
    )
  }
  expect([await redeem(oidcSecret), failures.length]).toEqual(["ada", 0])
  expect([await redeem("another"), failures.length]).toEqual(["unavailable", 1])
})

test("[A15] who is banned stays out, and the audit log has who came and who did not", async () => {
  const { body } = await signIn(await visit("bea"))
  expect(body.user.username).toBe("bea")
  const admin = await tokenOf({ sub: "root", roles: ["admin"] })
  expect((await ask("/admin/users/bea/ban", {}, admin)).status).toBe(204)
  const back = await visit("bea")
  expect(outcome(await signIn(back))).toBe("forbidden")
  const audit = JSON.stringify((await ask("/admin/audit?limit=100", undefined, admin)).body)
  expect(audit).toContain('"action":"signed_in"')
  expect(audit).toContain('"action":"sign_in_failed"')
  for (const secret of [back.code, back.code_verifier, back.nonce]) expect(audit).not.toContain(secret)
})

test("[A2] who tries often from one address is told when to come back", async () => {
  const made = { code: "x", code_verifier: "v".repeat(43), nonce: "n", redirect_uri: page() }
  let answer = await signIn(made)
  for (let i = 0; i < 60 && answer.status !== 429; i++) answer = await signIn(made)
  expect(answer).toMatchObject({
    status: 429,
    body: { error: { code: "rate_limited", retry_after_ms: expect.any(Number) } },
  })
})
