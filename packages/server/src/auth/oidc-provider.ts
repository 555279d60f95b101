import { errors } from "jose"
import {
  type AuthorizationServer,
  allowInsecureRequests,
  authorizationCodeGrantRequest,
  type Client,
  type ClientAuth,
  ClientSecretBasic,
  ClientSecretPost,
  clockTolerance,
  discoveryRequest,
  expectNoState,
  getValidatedIdTokenClaims,
  type IDToken,
  None,
  OperationProcessingError,
  processAuthorizationCodeResponse,
  processDiscoveryResponse,
  processUserInfoResponse,
  RESPONSE_IS_NOT_CONFORM,
  RESPONSE_IS_NOT_JSON,
  ResponseBodyError,
  UnsupportedOperationError,
  userInfoRequest,
  validateApplicationLevelSignature,
  validateAuthResponse,
} from "oauth4webapi"
import { AppError } from "../lib/app-error.ts"
import type { Clock } from "../lib/clock.ts"
import { type OutsideClaims, claimsOf as outsideClaimsOf } from "./issuers.ts"

export interface OidcProviderOptions {
  readonly issuer: string
  readonly clientId: string
  /** Undefined for a public client. */
  readonly clientSecret: string | undefined
  readonly scope: string
  readonly name: string
  /** How far the provider's clock may be off. */
  readonly toleranceS: number
  readonly clock: Clock
  /** The provider is away, or answers what it should not: whoever runs this server wants to know. */
  readonly onFailure: (error: unknown) => void
}

/** What a page sends to a provider. */
export interface OidcRequest {
  readonly endpoint: string
  readonly clientId: string
  readonly scope: string
  readonly name: string
}

/** What came back from there, and what only the page that asked can know. */
export interface OidcAnswer {
  readonly code: string
  readonly codeVerifier: string
  readonly nonce: string
  readonly redirectUri: string
  /** Who says that they answer (RFC 9207). */
  readonly answeredBy: string | undefined
}

/** What is known of a provider is used for so long; then it is asked again, and the old is used where it is away. */
const knownMs = 10 * 60_000
const discoveryMs = 5_000
/** For all that a code is redeemed by: discovery, the token, the keys, what there is to know of the person. */
const redeemMs = 10_000
/** A provider that was away is left alone for so long. */
const restMs = 2_000

type Known = { readonly server: AuthorizationServer; readonly atMs: number }

/**
 * An OpenID provider, of which this server is a client (OpenID Connect Core, 3.1; PKCE, RFC 7636). It is asked about
 * itself when that is needed first, so that a server starts while it is away. Nothing here waits longer than bounded.
 */
export class OidcProvider {
  readonly #options: OidcProviderOptions
  readonly #client: Client
  readonly #isPlain: boolean
  #known: Known | undefined
  #asking: Promise<AuthorizationServer> | undefined
  #failedMs = Number.NEGATIVE_INFINITY

  constructor(options: OidcProviderOptions) {
    this.#options = options
    this.#client = { client_id: options.clientId, [clockTolerance]: options.toleranceS }
    this.#isPlain = new URL(options.issuer).protocol === "http:"
  }

  /** Asks it about itself, for which nobody waits: one that is not as it was told is in the log from the start. */
  lookUp(): void {
    this.request().catch(() => {})
  }

  /** What a page needs to send someone there. Rejects with `unavailable` while the provider does not say. */
  async request(): Promise<OidcRequest> {
    const { clientId, scope, name } = this.#options
    return { endpoint: (await this.#server()).authorization_endpoint as string, clientId, scope, name }
  }

  /**
   * Who has signed in there. Rejects with `unauthorized` when the provider, or what it says, does not bear it out; with
   * `unavailable` when it does not answer, not in time or not well.
   */
  async redeem(answer: OidcAnswer): Promise<OutsideClaims> {
    try {
      return await this.#inTime(redeemMs, async (signal) =>
        this.#redeem(await this.#server(), answer, signal),
      )
    } catch (error) {
      throw this.#toldAs(error)
    }
  }

  async #redeem(
    server: AuthorizationServer,
    answer: OidcAnswer,
    signal: AbortSignal,
  ): Promise<OutsideClaims> {
    const { toleranceS, clientId } = this.#options
    const [client, http] = [this.#client, this.#http(signal)]
    const { code, codeVerifier, nonce, redirectUri, answeredBy } = answer
    const given = new URLSearchParams({ code, ...(answeredBy !== undefined && { iss: answeredBy }) })
    // The state was the page's to compare; the nonce binds the ID token to the same page.
    const params = validateAuthResponse(server, client, given, expectNoState)
    const auth = clientAuth(server, this.#options.clientSecret)
    const response = await authorizationCodeGrantRequest(
      server,
      client,
      auth,
      params,
      redirectUri,
      codeVerifier,
      http,
    )
    const expected = { expectedNonce: nonce, requireIdToken: true }
    const tokens = await processAuthorizationCodeResponse(server, client, response, expected)
    const token = getValidatedIdTokenClaims(tokens) as IDToken
    if (token.azp !== undefined && token.azp !== clientId)
      throw new errors.JWTInvalid("an ID token that another client asked for")
    await this.#requireSignature(server, response, signal)
    return outsideClaimsOf(await this.#described(server, token, tokens.access_token, signal), toleranceS)
  }

  /** By the provider's keys; once more by those it has now, if it was not by those that it had. */
  async #requireSignature(
    server: AuthorizationServer,
    response: Response,
    signal: AbortSignal,
  ): Promise<void> {
    const http = this.#http(signal)
    try {
      await validateApplicationLevelSignature(server, response, http)
    } catch (error) {
      if (!(error instanceof OperationProcessingError)) throw error
      // The library keeps keys by the object that it is given.
      const anew = { ...server }
      await validateApplicationLevelSignature(anew, response, http)
      if (this.#known?.server === server) this.#known = { ...this.#known, server: anew }
    }
  }

  /** With what the provider tells of a person elsewhere, where an ID token only says which one it is. */
  async #described(server: AuthorizationServer, token: IDToken, accessToken: string, signal: AbortSignal) {
    const isNamed = token.name !== undefined || token.preferred_username !== undefined
    if (isNamed || server.userinfo_endpoint === undefined) return token
    const response = await userInfoRequest(server, this.#client, accessToken, this.#http(signal))
    return { ...(await processUserInfoResponse(server, this.#client, token.sub, response)), ...token }
  }

  async #server(): Promise<AuthorizationServer> {
    const nowMs = this.#options.clock.monotonicMs()
    const known = this.#known
    if (known && nowMs - known.atMs < knownMs) return known.server
    const waitMs = this.#failedMs + restMs - nowMs
    if (waitMs > 0 && !known) throw away(waitMs)
    if (waitMs > 0 && known) return known.server
    this.#asking ??= this.#discover().finally(() => {
      this.#asking = undefined
    })
    return this.#asking
  }

  async #discover(): Promise<AuthorizationServer> {
    const { issuer, clock, onFailure } = this.#options
    const url = new URL(issuer)
    try {
      const server = await this.#inTime(discoveryMs, async (signal) =>
        processDiscoveryResponse(url, await discoveryRequest(url, this.#http(signal))),
      )
      // A page will go there: nothing but a web address may stand here.
      const at = URL.parse(server.authorization_endpoint ?? "")?.protocol
      if (at !== "https:" && !(at === "http:" && this.#isPlain))
        throw new Error("the provider has no authorization endpoint that a page may be sent to")
      this.#known = { server, atMs: clock.monotonicMs() }
      return server
    } catch (error) {
      onFailure(error)
      this.#failedMs = clock.monotonicMs()
      if (this.#known) return this.#known.server
      throw away(restMs)
    }
  }

  #http(signal: AbortSignal) {
    return { signal, [allowInsecureRequests]: this.#isPlain }
  }

  /** Rejects when `work` is not done after `boundMs`; also when it cannot be stopped, which a read body may not be. */
  async #inTime<T>(boundMs: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const abort = new AbortController()
    const late = Promise.withResolvers<never>()
    const cancel = this.#options.clock.after(boundMs, () => {
      late.reject(new Error(`the provider did not answer within ${boundMs} ms`))
      abort.abort()
    })
    try {
      return await Promise.race([work(abort.signal), late.promise])
    } finally {
      cancel()
    }
  }

  /** Whoever asks is told no more than whose fault it was. */
  #toldAs(error: unknown): AppError {
    if (error instanceof AppError) return error
    if (error instanceof ResponseBodyError && error.error === "invalid_grant") return refused()
    this.#options.onFailure(error)
    return isOfToken(error) ? refused() : away(restMs)
  }
}

const refused = () =>
  new AppError("unauthorized", "The provider did not confirm this sign-in: begin it again.")
const away = (retryAfterMs: number) =>
  new AppError("unavailable", "The provider that people sign in by cannot be reached now.", {
    retryAfterMs: Math.ceil(retryAfterMs),
  })

/** Whether it is what the provider said that is wrong, rather than that it said nothing, or that we may not ask. */
function isOfToken(error: unknown): boolean {
  if (error instanceof errors.JOSEError || error instanceof UnsupportedOperationError) return true
  return (
    error instanceof OperationProcessingError &&
    error.code !== RESPONSE_IS_NOT_JSON &&
    error.code !== RESPONSE_IS_NOT_CONFORM
  )
}

/** As a provider takes a secret: by the header, which all must take (RFC 6749, 2.3.1), unless it says otherwise. */
function clientAuth(server: AuthorizationServer, secret: string | undefined): ClientAuth {
  if (secret === undefined) return None()
  const methods = server.token_endpoint_auth_methods_supported ?? ["client_secret_basic"]
  return methods.includes("client_secret_basic") || !methods.includes("client_secret_post")
    ? ClientSecretBasic(secret)
    : ClientSecretPost(secret)
}
