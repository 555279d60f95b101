import { createServer, type RequestListener, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import { exportJWK, generateKeyPair, type JWK } from "jose"
import { type Passing, Provider } from "oidc-provider"

/** Whom the provider knows, by the name that they sign in there with; that is their `sub` too. */
const people: Record<string, object> = {
  ada: { name: "Ada Lovelace", preferred_username: "ada", picture: "https://id.example/ada.png" },
  bea: { name: "Bea", preferred_username: "bea" },
  // Whom a provider tells nothing of.
  anonymous: {},
}

export const oidcSecret = "hush-hush-hush-hush-hush-hush-hush"

/**
 * A real OpenID provider on this machine, with two public clients, `klatch` and `other`, and one with a secret,
 * `confidential`. Whoever may be sent back: a page at any port of 127.0.0.1, at `/` or at `/some/prefix/`.
 */
export class OidcServer implements AsyncDisposable {
  readonly port: number
  /** Paths that were asked for. */
  readonly asked: string[] = []
  /** Answers of the token endpoint go through this. */
  ofTokens: (answer: Record<string, unknown>) => Record<string, unknown> | Promise<Record<string, unknown>> =
    (answer) => answer
  /** Requests to a path that this answers true of are never answered. */
  isSilent: (path: string) => boolean = () => false
  signingKey!: CryptoKey
  #listener!: RequestListener
  #generation = 0
  readonly #server: Server

  private constructor(server: Server) {
    this.#server = server
    this.port = (server.address() as AddressInfo).port
    server.on("request", (request, response) => this.#listener(request, response))
  }

  static async start(): Promise<OidcServer> {
    const server = createServer()
    await listen(server, 0)
    const started = new OidcServer(server)
    await started.rotate()
    return started
  }

  get issuer(): string {
    return `http://127.0.0.1:${this.port}`
  }

  get keyId(): string {
    return `key-${this.#generation}`
  }

  /** What a server needs to know to send people here. */
  environment(clientId = "klatch"): Record<string, string> {
    return { OIDC_ISSUER: this.issuer, OIDC_CLIENT_ID: clientId, OIDC_NAME: "Example" }
  }

  /** Signs with a new key from now on; the old one is not published any more. */
  async rotate(): Promise<void> {
    this.#generation++
    const { privateKey } = await generateKeyPair("RS256", { extractable: true })
    this.signingKey = privateKey
    const key = { ...(await exportJWK(privateKey)), kid: this.keyId, alg: "RS256", use: "sig" }
    this.#listener = this.#provider(key).callback()
  }

  /** Refuses connections until it is started again. */
  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve))
    this.#server.closeAllConnections()
    await closed
  }

  restart(): Promise<void> {
    return listen(this.#server, this.port)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#server.listening) await this.stop()
  }

  #provider(key: JWK): Provider {
    const provider = new Provider(this.issuer, {
      clients: [client("klatch"), client("other"), { ...client("confidential"), ...secret }],
      jwks: { keys: [key] },
      cookies: { keys: [oidcSecret] },
      features: { devInteractions: { enabled: false } },
      pkce: { required: () => true },
      claims: { openid: ["sub"], profile: ["name", "preferred_username", "picture"] },
      ttl: { Session: 3_600, Interaction: 3_600, Grant: 3_600, AccessToken: 600, IdToken: 600 },
      interactions: { url: (_: unknown, { uid }: { uid: string }) => `/interaction/${uid}` },
      findAccount: (_: unknown, sub: string) => ({
        accountId: sub,
        claims: () => ({ sub, ...people[sub] }),
      }),
      // Nobody is asked whether the chat of their own house may know their name.
      loadExistingGrant: async ({ oidc }: { oidc: Asked }) => {
        const grant = new provider.Grant({
          clientId: oidc.client.clientId,
          accountId: oidc.session.accountId,
        })
        grant.addOIDCScope("openid profile")
        await grant.save()
        return grant
      },
    })
    // Koa would print what the tests do to it on purpose: requests that end early.
    provider.silent = true
    provider.use((passing, next) => this.#pass(provider, passing, next))
    return provider
  }

  async #pass(provider: Provider, passing: Passing, next: () => Promise<void>): Promise<void> {
    this.asked.push(passing.path)
    if (this.isSilent(passing.path)) return new Promise(() => {})
    const found = /^\/interaction\/[^/]+(?:\/(deny|in\/(\w+)))?$/.exec(passing.path)
    if (!found) {
      await next()
      if (passing.path === "/token" && typeof passing.body === "object")
        passing.body = await this.ofTokens(passing.body as Record<string, unknown>)
      return
    }
    const { req, res } = passing
    const [, done, accountId] = found
    if (done === undefined) {
      passing.type = "html"
      passing.body = page(passing.path)
      return
    }
    const result =
      accountId === undefined ? { error: "access_denied" } : { login: { accountId }, consent: {} }
    passing.redirect(await provider.interactionResult(req, res, result, { mergeWithLastSubmission: false }))
  }
}

interface Asked {
  readonly client: { readonly clientId: string }
  readonly session: { readonly accountId: string }
}

const secret = { client_secret: oidcSecret, token_endpoint_auth_method: "client_secret_basic" }

const client = (clientId: string) => ({
  client_id: clientId,
  // Of a native client any port of this machine may be sent back to (RFC 8252, 7.3), and ports are not known before.
  application_type: "native",
  token_endpoint_auth_method: "none",
  redirect_uris: ["http://127.0.0.1/", "http://127.0.0.1/some/prefix/"],
  grant_types: ["authorization_code"],
  response_types: ["code"],
})

const page = (
  path: string,
) => `<!doctype html><link rel="icon" href="data:,"><title>Example</title><h1>Who are you?</h1><ul>
${Object.keys(people)
  .map((name) => `<li><a href="${path}/in/${name}">Sign in as ${name}</a></li>`)
  .join("\n")}
</ul><a href="${path}/deny">No, go back</a>`

const listen = (server: Server, port: number) =>
  new Promise<void>((resolve, reject) => {
    server.once("error", reject)
    server.listen(port, "127.0.0.1", () => {
      server.off("error", reject)
      resolve()
    })
  })
