import type { Asker } from "./client-identity.ts"
import type { Clock } from "./clock.ts"
import { KlatchError, type KlatchErrorCode } from "./error.ts"
import { within } from "./patience.ts"

/** How long an answer may take, the token for it included. */
const answerMs = 15_000

export interface HttpOptions {
  /** Scheme, host and prefix, without a slash at the end. */
  readonly base: string
  readonly clock: Clock
  readonly fetch: (url: string, init?: RequestInit) => Promise<Response>
  /** Who is asking. */
  readonly asker: () => Promise<Asker>
}

/** How an address is asked. */
export type Method = "GET" | "POST" | "PATCH" | "DELETE"

/** Requests over HTTP, in JSON. */
export class Http {
  readonly #options: HttpOptions

  readonly #open = new Set<AbortController>()

  constructor(options: HttpOptions) {
    this.#options = options
  }

  /** What is asked rejects with `closed`, whatever is answered. */
  cut(): void {
    for (const abort of this.#open) abort.abort()
  }

  /**
   * Rejects with the server's error, `closed` when it cannot be reached, `timeout` when there is no answer in time,
   * `token_failed` when there is no token to ask with.
   */
  request<A>(method: Method, path: string, body?: object): Promise<A> {
    const { base, clock, fetch, asker } = this.#options
    const abort = new AbortController()
    this.#open.add(abort)
    const ask = async () => {
      const { token, user } = await asker()
      const url = new URL(base + path)
      if (user) url.searchParams.set("user", user)
      const response = await fetch(url.href, {
        method,
        signal: abort.signal,
        headers: {
          ...(token && { authorization: `Bearer ${token}` }),
          ...(body && { "content-type": "application/json" }),
        },
        ...(body && { body: JSON.stringify(body) }),
      }).catch(() => {
        throw new KlatchError("closed", "The server cannot be reached.")
      })
      const answer = (await response.json().catch(() => null)) as (A & Refused) | null
      if (abort.signal.aborted) throw new KlatchError("closed", "The server cannot be reached.")
      if (response.ok) return answer as A
      const { error } = answer ?? {}
      const code = error?.code ?? codeOfStatus[response.status] ?? "unavailable"
      const message = error?.message ?? `The server answered ${response.status}.`
      throw new KlatchError(code, message, error?.retry_after_ms)
    }
    return within(clock, answerMs, ask(), () => abort.abort()).finally(() => this.#open.delete(abort))
  }
}

/** The body of an answer that is not good. */
interface Refused {
  readonly error?: {
    readonly code?: KlatchErrorCode
    readonly message?: string
    readonly retry_after_ms?: number
  }
}

/** What an answer that is not Klatch's own comes to: that of a proxy, for instance. Any other is `unavailable`. */
const codeOfStatus: Readonly<Record<number, KlatchErrorCode>> = {
  401: "unauthorized",
  403: "forbidden",
  404: "not_found",
}
