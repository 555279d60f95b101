import { basename } from "node:path"
import { fileURLToPath } from "node:url"
import type { BunPlugin } from "bun"
import {
  type Answer,
  type CacheControl,
  securityHeaders,
  staticAnswer,
  withTransportSecurity,
} from "./static-page.ts"
import { buildWidget, widgetAnswer, widgetPath } from "./widget.ts"

/** The web client and the widget, as bundles in memory. */
export interface Web {
  /** Answers GET and HEAD for `/`, `/client.html`, `/assets/*` and `/widget.js`; undefined for everything else. */
  respond(request: Request): Response | undefined
  /** Why one of the two could not be built: to be logged. Its address then says so, and the server runs on. */
  readonly failure?: string
}

export interface WebOptions {
  /** Whether what a proxy says of the request is true. */
  readonly trustProxy?: boolean
  /** Where the page and the widget begin, if not with our own. */
  readonly page?: string
  readonly widget?: string
}

/** Where the web client's page is; everything it needs is found from there. */
const pageFile = fileURLToPath(new URL("../../../../../apps/web/index.html", import.meta.url))
const pagePaths = ["/", "/client.html"]
const assetsFolder = "assets"

/** Builds both from their sources at once, in some tens of milliseconds. Never rejects: see `failure`. */
export async function buildWeb(options: WebOptions = {}): Promise<Web> {
  const { trustProxy = false } = options
  const [page, widget] = await Promise.allSettled([
    bundle(options.page ?? pageFile),
    buildWidget(options.widget),
  ])
  const answers = new Map<string, Answer>([
    ...(page.status === "fulfilled"
      ? pageAnswers(page.value)
      : pagePaths.map((path) => [path, failed] as const)),
    [widgetPath, widget.status === "fulfilled" ? widgetAnswer(widget.value) : failed],
  ])
  const failures = [page, widget].flatMap((one) => (one.status === "rejected" ? [reasonOf(one.reason)] : []))
  return {
    respond(request) {
      if (request.method !== "GET" && request.method !== "HEAD") return undefined
      const response = answers.get(new URL(request.url).pathname)?.(request)
      return response && withTransportSecurity(request, response, trustProxy)
    },
    ...(failures.length > 0 && { failure: failures.join("; ") }),
  }
}

type Bundle = ReadonlyMap<string, { readonly body: Uint8Array<ArrayBuffer>; readonly contentType: string }>

/** Paths to contents; the page is at "/". */
async function bundle(entry: string): Promise<Bundle> {
  const { outputs } = await Bun.build({
    entrypoints: [entry],
    target: "browser",
    conditions: ["klatch-source"],
    minify: true,
    jsx: { runtime: "automatic", importSource: "preact", development: false },
    define: { "process.env.NODE_ENV": '"production"' },
    naming: {
      entry: "[name].[ext]",
      chunk: `${assetsFolder}/[name]-[hash].[ext]`,
      asset: `${assetsFolder}/[name]-[hash].[ext]`,
    },
    plugins: [reactIsPreact(entry)],
  })
  const files = new Map<string, { body: Uint8Array<ArrayBuffer>; contentType: string }>()
  for (const output of outputs) {
    const path = output.path.replace(/^\.?\//, "")
    const isPage = path === basename(entry)
    const contentType = isPage ? "text/html;charset=utf-8" : output.type
    files.set(isPage ? "/" : `/${path}`, { body: new Uint8Array(await output.arrayBuffer()), contentType })
  }
  if (!files.has("/")) throw new Error("the bundle has no page")
  return files
}

/** The virtual list is written for React; Preact's layer for it is what it gets. */
function reactIsPreact(entry: string): BunPlugin {
  const instead: Readonly<Record<string, string>> = {
    react: "preact/compat",
    "react-dom": "preact/compat",
    "react/jsx-runtime": "preact/jsx-runtime",
  }
  return {
    name: "react-is-preact",
    setup(build) {
      build.onResolve({ filter: /^react(-dom|\/jsx-runtime)?$/ }, ({ path }) => ({
        path: Bun.resolveSync(instead[path] ?? path, entry),
      }))
    },
  }
}

/** The page loads nothing but its own files, and talks to nobody but its own server. */
const headers = securityHeaders([
  "script-src 'self'",
  "style-src 'self'",
  // Covers ws: and wss: of the same host.
  "connect-src 'self'",
  "img-src 'self' data:",
])

/** The page is asked about at every visit; its files have a hash in their names. */
const cacheControlOf = (path: string): CacheControl =>
  path === "/" ? "no-cache" : "public, max-age=31536000, immutable"

function pageAnswers(bundle: Bundle): (readonly [string, Answer])[] {
  return [...bundle].flatMap(([path, { body, contentType }]) => {
    const answer = staticAnswer({ body, contentType, cacheControl: cacheControlOf(path), headers })
    return (path === "/" ? pagePaths : [path]).map((at) => [at, answer] as const)
  })
}

const failurePage = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Klatch</title>
<h1>The web client could not be built</h1>
<p>The chat server itself is running, and its API works. The reason is in the server's log.</p>
</html>
`

/** A page where one is asked for; a script that is not there says nothing that runs. */
const failed: Answer = (request) => {
  const isPage = new URL(request.url).pathname !== widgetPath
  const contentType = isPage ? "text/html;charset=utf-8" : "text/plain;charset=utf-8"
  const told = { ...headers, "content-type": contentType, "cache-control": "no-store" }
  const body = isPage ? failurePage : "The widget could not be built; the reason is in the server's log.\n"
  return new Response(request.method === "HEAD" ? null : body, { status: 503, headers: told })
}

/** A failed build tells its reasons one by one. */
function reasonOf(thrown: unknown): string {
  const reasons = thrown instanceof AggregateError ? thrown.errors : [thrown]
  return reasons.map((reason) => (reason instanceof Error ? reason.message : String(reason))).join("; ")
}
