import type { OidcProvider, OidcReturn } from "./account-door.ts"

/** What a tab keeps while someone is at the provider. */
interface Left {
  readonly state: string
  readonly verifier: string
  readonly nonce: string
  readonly redirectUri: string
  /** What the provider is called. */
  readonly name: string
  /** The address that was left: the room in it is shown again. */
  readonly address: string
}

/** Why nobody is signed in who came back. */
export type NotBack =
  /** By whom it was asked there, or by the provider: `access_denied`. */
  | "denied"
  /** The provider could not. */
  | "failed"
  /** This tab did not ask, or has its answer already. */
  | "unknown"

/** Somebody is back from the provider; `address` is where they were before. */
export type Back = { readonly address: string; readonly name: string } & (
  | { readonly is: "code"; readonly given: OidcReturn }
  | { readonly is: "fault"; readonly why: NotBack }
)

/** As much of a tab's storage as is used: gone with the tab, and no other tab's. */
export type TabStorage = Pick<Storage, "getItem" | "setItem" | "removeItem">

const key = "klatch.oidc"
/** What a provider puts into the address of who comes back. */
const answers = ["code", "state", "iss", "error", "error_description", "error_uri", "session_state"]

/**
 * Keeps what tells that an answer is to this tab's question, and answers the address at the provider to go to. Throws
 * what `storage` throws where a page may keep nothing.
 */
export async function leaveFor(
  provider: OidcProvider,
  page: { readonly href: string; readonly server: string },
  storage: TabStorage,
): Promise<string> {
  const left: Left = {
    state: random(),
    verifier: random(),
    nonce: random(),
    // One address for all rooms: a provider knows each that it may send people back to.
    redirectUri: `${page.server}/`,
    name: provider.name,
    address: page.href,
  }
  const challenge = await challengeOf(left.verifier)
  storage.setItem(key, JSON.stringify(left))
  const url = new URL(provider.authorization_endpoint)
  const asked = {
    response_type: "code",
    client_id: provider.client_id,
    redirect_uri: left.redirectUri,
    scope: provider.scope,
    state: left.state,
    nonce: left.nonce,
    code_challenge: challenge,
    code_challenge_method: "S256",
  }
  for (const [name, value] of Object.entries(asked)) url.searchParams.set(name, value)
  return url.href
}

/** What the page's address says of who is back from the provider; null when nobody is. It is told once. */
export function cameBack(href: string, storage: TabStorage): Back | null {
  const url = new URL(href)
  const got = (name: string) => url.searchParams.get(name)
  const [state, code, error, iss] = [got("state"), got("code"), got("error"), got("iss")]
  if (state === null || (code === null && error === null)) return null
  const left = take(storage)
  if (left?.state !== state) {
    for (const name of answers) url.searchParams.delete(name)
    return { is: "fault", why: "unknown", name: "", address: url.href }
  }
  const { name, address } = left
  if (code === null)
    return { is: "fault", why: error === "access_denied" ? "denied" : "failed", name, address }
  const given = {
    code,
    code_verifier: left.verifier,
    nonce: left.nonce,
    redirect_uri: left.redirectUri,
    ...(iss !== null && { iss }),
  }
  return { is: "code", given, name, address }
}

/** RFC 7636, 4.2. Missing on a page that is not served over TLS: then it rejects. */
export async function challengeOf(verifier: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier))
  return base64url(new Uint8Array(digest))
}

const random = () => base64url(crypto.getRandomValues(new Uint8Array(32)))
const base64url = (bytes: Uint8Array): string =>
  btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "")

/** Null when nothing was left that can be read. */
function take(storage: TabStorage): Left | null {
  try {
    const kept: unknown = JSON.parse(storage.getItem(key) ?? "null")
    storage.removeItem(key)
    return isLeft(kept) ? kept : null
  } catch {
    return null
  }
}

function isLeft(kept: unknown): kept is Left {
  const one = kept as Partial<Record<keyof Left, unknown>> | null
  const texts = [one?.state, one?.verifier, one?.nonce, one?.redirectUri, one?.name, one?.address]
  return texts.every((text) => typeof text === "string")
}
