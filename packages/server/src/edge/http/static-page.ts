import { createHash } from "node:crypto"
import { gzipSync } from "node:zlib"

/** Answers GET and HEAD of one address; other methods are the caller's to refuse. */
export type Answer = (request: Request) => Response

export type CacheControl = "no-cache" | "public, max-age=31536000, immutable"

const GZIP_LEVEL = 9

/** What every page and its files carry. `sources` widens the policy from "load nothing at all". */
export const securityHeaders = (sources: readonly string[]): Record<string, string> => ({
  "content-security-policy": [
    "default-src 'none'",
    ...sources,
    "base-uri 'none'",
    "frame-ancestors 'self'",
    "form-action 'none'",
  ].join("; "),
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "permissions-policy": "camera=(), geolocation=(), microphone=()",
})

export interface StaticPage {
  readonly body: string | Uint8Array<ArrayBuffer>
  readonly contentType: string
  readonly cacheControl: CacheControl
  readonly headers: Readonly<Record<string, string>>
}

/** A page that never changes: plain and gzip are made once, here; a reader who has it already gets 304. */
export function staticAnswer(page: StaticPage): Answer {
  const body = typeof page.body === "string" ? new TextEncoder().encode(page.body) : page.body
  const hash = createHash("sha256").update(body).digest("base64url").slice(0, 22)
  const headers = {
    ...page.headers,
    "content-type": page.contentType,
    "cache-control": page.cacheControl,
    vary: "accept-encoding",
  }
  const plain = { body, headers: { ...headers, etag: `"${hash}"` } }
  const gzip = {
    body: new Uint8Array(gzipSync(body, { level: GZIP_LEVEL })),
    headers: { ...headers, etag: `"${hash}-gzip"`, "content-encoding": "gzip" },
  }
  return (request) => {
    const { body, headers } = takesGzip(request) && gzip.body.length < plain.body.length ? gzip : plain
    if (isKnown(request, headers.etag)) {
      const { "content-type": _, ...rest } = headers
      return new Response(null, { status: 304, headers: rest })
    }
    return new Response(request.method === "HEAD" ? null : body, {
      headers: { ...headers, "content-length": String(body.length) },
    })
  }
}

/** Whether the reader takes gzip: named, and not with a weight of 0. */
function takesGzip(request: Request): boolean {
  const accepted = request.headers.get("accept-encoding") ?? ""
  return accepted.split(",").some((one) => /^\s*gzip\s*(;\s*q\s*=\s*(?!0(\.0*)?\s*$)[\d.]+\s*)?$/i.test(one))
}

function isKnown(request: Request, etag: string): boolean {
  const known = request.headers.get("if-none-match")
  if (known === null) return false
  return known.split(",").some((one) => one.trim() === "*" || one.trim().replace(/^W\//, "") === etag)
}
