import { KlatchError, type KlatchErrorCode, type User } from "@klatch/client"

/** What a refresh gives. The refresh token is of one use. */
export interface Tokens {
  readonly access_token: string
  readonly refresh_token: string
  /** How long the access token is good, in seconds from now. */
  readonly expires_in: number
}

/** What signing in gives. */
export type SignedIn = Tokens & { readonly user: User }

/** How long the server may take. Longer than usual: an answer that is given up on may have spent a refresh token. */
const answerMs = 30_000

/** Makes an account. `guest` keeps what they wrote under the name that the server gave them. */
export function signUp(server: string, username: string, password: string, guest: string | null) {
  const query = guest === null ? "" : `?${new URLSearchParams({ user: guest })}`
  return post<SignedIn>(`${server}/auth/signup${query}`, { username, password })
}

export const signIn = (server: string, username: string, password: string) =>
  post<SignedIn>(`${server}/auth/login`, { username, password })

/** The provider that people may sign in by, as the server tells it. */
export interface OidcProvider {
  readonly name: string
  readonly authorization_endpoint: string
  readonly client_id: string
  readonly scope: string
}

/** What comes back from there with someone, and what only this page knows of it. */
export interface OidcReturn {
  readonly code: string
  readonly code_verifier: string
  readonly nonce: string
  readonly redirect_uri: string
  readonly iss?: string
}

/** Null where there is none. Rejects when that cannot be said now. */
export async function oidcProvider(server: string): Promise<OidcProvider | null> {
  const response = await fetch(`${server}/auth/oidc`, { signal: AbortSignal.timeout(answerMs) })
  if (response.ok) return (await response.json()) as OidcProvider
  if (response.status === 404) return null
  throw new KlatchError("unavailable", `The server answered ${response.status}.`)
}

export const signInByOidc = (server: string, given: OidcReturn) =>
  post<SignedIn>(`${server}/auth/oidc`, given)

/** The next tokens. Rejects with `unauthorized` when the sign-in is over. */
export const refresh = (server: string, refreshToken: string) =>
  post<Tokens>(`${server}/auth/refresh`, { refresh_token: refreshToken })

/** Ends a sign-in, by its access token where that is still good: only then it is known who asked. */
export const signOut = (server: string, by: { readonly access: string } | { readonly refresh: string }) =>
  "access" in by
    ? post(`${server}/auth/logout`, {}, { authorization: `Bearer ${by.access}` })
    : post(`${server}/auth/logout`, { refresh_token: by.refresh })

/** Whether a name is enough there, or people sign in. Rejects when nobody can say. */
export async function isOpenServer(server: string): Promise<boolean> {
  const { ok, status } = await fetch(`${server}/rooms/discover?limit=1`, {
    signal: AbortSignal.timeout(answerMs),
  })
  if (ok || status === 401) return ok
  throw new KlatchError("unavailable", `The server answered ${status}.`)
}

/** Rejects with the server's `KlatchError`; with `closed` when it is not reached. */
async function post<A>(url: string, body: object, headers: Record<string, string> = {}): Promise<A> {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(answerMs),
    // It is heard to its end, also when the page is left meanwhile.
    keepalive: true,
  }).catch(() => {
    throw new KlatchError("closed", "The server cannot be reached.")
  })
  const answer: unknown = await response.json().catch(() => null)
  if (response.ok) return answer as A
  const { error } = (answer ?? {}) as {
    error?: { code: KlatchErrorCode; message: string; retry_after_ms?: number }
  }
  if (error) throw new KlatchError(error.code, error.message, error.retry_after_ms)
  throw new KlatchError("unavailable", `The server answered ${response.status}.`)
}
