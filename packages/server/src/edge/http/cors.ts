/** What pages of other origins may do here, over HTTP; the socket asks `requireOrigin` of edge/ws. */
export interface Cors {
  /** Answers a listed origin's question whether it may ask; undefined for every other request. */
  preflight(request: Request): Response | undefined
  /** Lets a listed origin's page read the answer, which it changes and gives back. Undefined stays undefined. */
  readable(request: Request, response: Response): Response
  readable(request: Request, response: Response | undefined): Response | undefined
}

/** How long a browser may remember the answer; Chromium keeps none longer than two hours. */
const PREFLIGHT_S = 7_200
const METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE"
const HEADERS = "authorization, content-type"
/** What a page may read beside the plain headers. */
const EXPOSED = "retry-after"

/**
 * `origins` is CORS_ORIGINS; `*` lists all. Cookies are never asked for, so no answer speaks of credentials. An origin
 * that is not listed gets no header at all, and its browser keeps the answer from the page.
 */
export function makeCors(origins: readonly string[]): Cors {
  const isAny = origins.includes("*")
  const listed = (request: Request): string | undefined => {
    const origin = request.headers.get("origin")
    return origin !== null && (isAny || origins.includes(origin)) ? (isAny ? "*" : origin) : undefined
  }
  const readable = (request: Request, response: Response | undefined) => {
    if (response === undefined || origins.length === 0) return response
    const origin = listed(request)
    if (origin !== undefined) {
      response.headers.set("access-control-allow-origin", origin)
      response.headers.set("access-control-expose-headers", EXPOSED)
    }
    // A cache must not give one origin's answer to another.
    if (!isAny) response.headers.append("vary", "origin")
    return response
  }
  return {
    preflight(request) {
      if (request.method !== "OPTIONS" || !request.headers.has("access-control-request-method"))
        return undefined
      const origin = listed(request)
      if (origin === undefined) return undefined
      return new Response(null, {
        status: 204,
        headers: {
          "access-control-allow-origin": origin,
          "access-control-allow-methods": METHODS,
          "access-control-allow-headers": HEADERS,
          "access-control-max-age": String(PREFLIGHT_S),
          vary: "origin, access-control-request-method, access-control-request-headers",
        },
      })
    },
    readable: readable as Cors["readable"],
  }
}
