import { readFileSync } from "node:fs"
import { asyncapiDocument } from "./asyncapi.ts"
import type { OpenApi } from "./docs/http-part.ts"
import type { AsyncApi } from "./docs/live-part.ts"
import { docsPage } from "./docs/page.ts"
import { type Answer, securityHeaders, staticAnswer } from "./static-page.ts"

/** The documentation, as pages of the server. */
export interface Docs {
  /** Answers GET and HEAD for `/docs`, its files, `/openapi.json` and `/asyncapi.json`; undefined for all else. */
  respond(request: Request): Response | undefined
}

const paths = {
  page: "/docs",
  style: "/docs/docs.css",
  icon: "/docs/icon.svg",
  openapi: "/openapi.json",
  asyncapi: "/asyncapi.json",
} as const

const headers = securityHeaders(["style-src 'self'", "img-src 'self'"])
const file = (name: string) => readFileSync(new URL(`./docs/${name}`, import.meta.url), "utf8")

/** Makes nothing yet: each document at its first request, then kept. `openapi` is asked once. */
export function buildDocs(openapi: () => object): Docs {
  const openapiOnce = once(openapi)
  const asyncapiOnce = once(asyncapiDocument)
  const answers = new Map<string, () => Answer>([
    [
      paths.page,
      once(() => {
        // Relative, so that a path prefix in front of the server changes nothing.
        const links = { style: paths.style.slice(1), icon: paths.icon.slice(1) }
        const page = docsPage(openapiOnce() as OpenApi, asyncapiOnce() as AsyncApi, links)
        return answerOf(page, "text/html;charset=utf-8")
      }),
    ],
    [paths.style, once(() => answerOf(file("docs.css"), "text/css;charset=utf-8"))],
    [paths.icon, once(() => answerOf(file("icon.svg"), "image/svg+xml"))],
    [paths.openapi, once(() => documentAnswer(openapiOnce()))],
    [paths.asyncapi, once(() => documentAnswer(asyncapiOnce()))],
  ])
  return {
    respond(request) {
      if (request.method !== "GET" && request.method !== "HEAD") return undefined
      const { pathname } = new URL(request.url)
      if (pathname === "/docs/") return new Response(null, { status: 308, headers: { location: "../docs" } })
      return answers.get(pathname)?.()(request)
    },
  }
}

const answerOf = (body: string, contentType: string): Answer =>
  staticAnswer({ body, contentType, cacheControl: "no-cache", headers })

const documentAnswer = (document: object): Answer => answerOf(JSON.stringify(document), "application/json")

/** Made at the first call, then kept. */
function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined
  return () => {
    made ??= { value: make() }
    return made.value
  }
}
