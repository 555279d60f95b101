import type { Clock } from "./clock.ts"
import { KlatchError, type KlatchErrorCode } from "./error.ts"

/** How long an answer may take. */
const answerMs = 15_000

export interface HttpOptions {
  /** Scheme, host and prefix, without a slash at the end. */
  readonly base: string
  readonly clock: Clock
  readonly fetch: (url: string, init?: RequestInit) => Promise<Response>
  /** The query that says who is asking. */
  readonly identity: () => Promise<URLSearchParams>
}

/** How an address is asked. */
export type Method = "GET" | "POST" | "PATCH" | "DELETE"

/** Requests over HTTP, in JSON. */
export class Http {
  readonly #options: HttpOptions

  constructor(options: HttpOptions) {
    this.#options = options
  }

  /** Rejects with the server's error, `closed` when it cannot be reached, `timeout` when it does not answer. */
  async request<A>(method: Method, path: string, body?: object): Promise<A> {
    const { base, clock, fetch, identity } = this.#options
    const abort = new AbortController()
    let isLate = false
    const cancel = clock.after(answerMs, () => {
      isLate = true
      abort.abort()
    })
    try {
      const query = await identity()
      const url = `${base}${path}${path.includes("?") ? "&" : "?"}${query}`.replace(/[?&]$/, "")
      const headers = body ? { "content-type": "application/json" } : undefined
      const response = await fetch(url, {
        method,
        signal: abort.signal,
        ...(headers ? { headers, body: JSON.stringify(body) } : {}),
      })
      const answer: unknown = await response.json().catch(() => null)
      if (!response.ok) throw refusal(response.status, answer)
      return answer as A
    } catch (thrown) {
      if (thrown instanceof KlatchError) throw thrown
      throw isLate
        ? new KlatchError("timeout", "The server did not answer in time.")
        : new KlatchError("closed", "The server cannot be reached.")
    } finally {
      cancel()
    }
  }
}

/** What an answer that is not Klatch's own comes to: that of a proxy, for instance. */
const codeOfStatus: Readonly<Record<number, KlatchErrorCode>> = {
  401: "unauthorized",
  403: "forbidden",
  404: "not_found",
  413: "too_large",
  429: "rate_limited",
}

/** The error that a status and a body tell. */
function refusal(status: number, answer: unknown): KlatchError {
  const body = answer as {
    error?: { code?: KlatchErrorCode; message?: string; retry_after_ms?: number }
  } | null
  const code = body?.error?.code ?? codeOfStatus[status] ?? "unavailable"
  const message = body?.error?.message ?? `The server answered ${status}.`
  return new KlatchError(code, message, body?.error?.retry_after_ms)
}
