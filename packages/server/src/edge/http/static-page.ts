import { createHash } from "node:crypto"
import { brotliCompress, constants, gzipSync } from "node:zlib"

/** Answers GET and HEAD of one address; other methods are the caller's to refuse. */
export type Answer = (request: Request) => Response

export type CacheControl = "no-cache" | "public, max-age=300" | "public, max-age=31536000, immutable"

const GZIP_LEVEL = 9
const HSTS_S = 31_536_000

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

/** One way in which a page is sent. */
interface Form {
  readonly body: Uint8Array<ArrayBuffer>
  readonly headers: Readonly<Record<string, string>>
}

/**
 * A page that never changes; a reader who has it already gets 304. Compressed forms are made once, when first asked
 * for, so that the start need not wait for them: gzip at once, Brotli aside, and until it is there gzip is sent.
 */
export function staticAnswer(page: StaticPage): Answer {
  const body = typeof page.body === "string" ? new TextEncoder().encode(page.body) : page.body
  const hash = createHash("sha256").update(body).digest("base64url").slice(0, 22)
  const headers = {
    ...page.headers,
    "content-type": page.contentType,
    "cache-control": page.cacheControl,
    vary: "accept-encoding",
  }
  const plain: Form = { body, headers: { ...headers, etag: `"${hash}"` } }
  /** Undefined when it would be no shorter. */
  const compressed = (encoding: "br" | "gzip", body: Uint8Array<ArrayBuffer>): Form | undefined =>
    body.length < plain.body.length
      ? { body, headers: { ...headers, etag: `"${hash}-${encoding}"`, "content-encoding": encoding } }
      : undefined
  let gzip: { readonly form: Form | undefined } | undefined
  let brotli: Form | undefined
  let isBrotliAsked = false
  const formFor = (request: Request): Form => {
    if (takes(request, "br")) {
      if (brotli) return brotli
      if (!isBrotliAsked) {
        isBrotliAsked = true
        brotliOf(body, (made) => {
          brotli = compressed("br", made)
        })
      }
    }
    if (!takes(request, "gzip")) return plain
    gzip ??= { form: compressed("gzip", new Uint8Array(gzipSync(body, { level: GZIP_LEVEL }))) }
    return gzip.form ?? plain
  }
  return (request) => {
    const { body, headers } = formFor(request)
    if (isKnown(request, headers.etag as string)) {
      const { "content-type": _, ...rest } = headers
      return new Response(null, { status: 304, headers: rest })
    }
    return new Response(request.method === "HEAD" ? null : body, {
      headers: { ...headers, "content-length": String(body.length) },
    })
  }
}

/**
 * Tells a browser that came over HTTPS to come over nothing else from now on. We never speak TLS ourselves, so only a
 * proxy that is trusted (TRUST_PROXY) can say that it did. Changes the answer and gives it back.
 */
export function withTransportSecurity(request: Request, response: Response, trustProxy: boolean): Response {
  const [scheme] = (request.headers.get("x-forwarded-proto") ?? "").split(",")
  if (trustProxy && scheme?.trim().toLowerCase() === "https")
    response.headers.set("strict-transport-security", `max-age=${HSTS_S}`)
  return response
}

/** At the highest quality, in a thread of its own: it takes some hundred ms, once. What fails is never sent. */
function brotliOf(body: Uint8Array<ArrayBuffer>, onMade: (made: Uint8Array<ArrayBuffer>) => void): void {
  const params = {
    [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
    [constants.BROTLI_PARAM_SIZE_HINT]: body.length,
  }
  brotliCompress(body, { params }, (error, made) => {
    if (error === null || error === undefined) onMade(new Uint8Array(made))
  })
}

/** Whether the reader takes an encoding: named, and not with a weight of 0. */
function takes(request: Request, encoding: "br" | "gzip"): boolean {
  const accepted = request.headers.get("accept-encoding") ?? ""
  return accepted.split(",").some((one) => {
    const [name, ...weight] = one.split(";").map((part) => part.trim().toLowerCase())
    return (
      name === encoding && (weight.length === 0 || /^q\s*=\s*(?!0(\.0*)?$)[\d.]+$/.test(weight.join(";")))
    )
  })
}

function isKnown(request: Request, etag: string): boolean {
  const known = request.headers.get("if-none-match")
  if (known === null) return false
  return known.split(",").some((one) => one.trim() === "*" || one.trim().replace(/^W\//, "") === etag)
}
