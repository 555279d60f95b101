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

/** Requests over HTTP, in JSON. */
export class Http {
  readonly #options: HttpOptions

  constructor(options: HttpOptions) {
    this.#options = options
  }

  /** Rejects with the server's error, `closed` when it cannot be reached, `timeout` when it does not answer. */
  async request<A>(method: "GET" | "POST", path: string, body?: object): Promise<A> {
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

/** The error a status and body tell. What is not Klatch's own gets the nearest code. */
function refusal(status: number, answer: unknown): KlatchError {
  const told = (
    answer as { error?: { code?: KlatchErrorCode; message?: string; retry_after_ms?: number } } | null
  )?.error
  const code =
    told?.code ?? (status === 401 ? "unauthorized" : status < 500 ? "invalid_field" : "unavailable")
  return new KlatchError(code, told?.message ?? `The server answered ${status}.`, told?.retry_after_ms)
}
