import { afterAll, beforeAll, describe, expect, test } from "bun:test"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { brotliDecompressSync, gunzipSync } from "node:zlib"
import { until } from "../../../../../tests/harness/until.ts"
import { buildWeb, type Web } from "./web.ts"

let web: Web
beforeAll(async () => {
  web = await buildWeb()
})

const get = (path: string, headers: Record<string, string> = {}, method = "GET") =>
  web.respond(new Request(`http://chat.example${path}`, { method, headers }))

async function page(): Promise<string> {
  return (await get("/")?.text()) ?? ""
}

async function assets(): Promise<string[]> {
  return [...(await page()).matchAll(/(?:src|href)="\.(\/assets\/[^"]+)"/g)].map(
    (match) => match[1] as string,
  )
}

describe("the web client's page", () => {
  test("is built from the sources in the repository", () => {
    expect(web.failure).toBeUndefined()
  })

  test("is the same at / and at /client.html, whatever the query", async () => {
    for (const path of ["/", "/client.html", "/?r=den&u=bob", "/client.html?r=den"]) {
      const response = get(path)
      expect(response?.status).toBe(200)
      expect(response?.headers.get("content-type")).toBe("text/html;charset=utf-8")
      expect(await response?.text()).toBe(await page())
    }
  })

  test("names its files relative to itself, so that it works behind a path prefix", async () => {
    expect(await assets()).toHaveLength(3)
    expect(await page()).not.toMatch(/(?:src|href)="\//)
  })

  test("needs nothing inline: no script, style or handler stands in it", async () => {
    expect(await page()).not.toMatch(/<script(?![^>]*\ssrc=)|<style|\sstyle=|\son[a-z]+=/i)
  })

  test("is asked about at every visit, and a known one is not sent again", () => {
    const first = get("/")
    expect(first?.headers.get("cache-control")).toBe("no-cache")
    const etag = first?.headers.get("etag") as string
    expect(etag).toMatch(/^"[\w-]{22}"$/)
    for (const known of [etag, `W/${etag}`, `"x", ${etag}`, "*"]) {
      const second = get("/", { "if-none-match": known })
      expect(second?.status).toBe(304)
      expect(second?.body).toBeNull()
      expect(second?.headers.get("etag")).toBe(etag)
    }
    expect(get("/", { "if-none-match": '"other"' })?.status).toBe(200)
  })
})

describe("its files", () => {
  test("carry a hash in their names and are kept for ever", async () => {
    const types = new Map<string, string | null | undefined>()
    for (const path of await assets()) {
      expect(path).toMatch(/^\/assets\/[a-z]+-[a-z0-9]{8}\.(js|css|svg)$/)
      const response = get(path)
      expect(response?.status).toBe(200)
      expect(response?.headers.get("cache-control")).toBe("public, max-age=31536000, immutable")
      types.set(path.slice(path.lastIndexOf(".")), response?.headers.get("content-type"))
    }
    expect(types.get(".js")).toStartWith("text/javascript")
    expect(types.get(".css")).toStartWith("text/css")
    expect(types.get(".svg")).toBe("image/svg+xml")
  })

  test("build nothing from strings and put no markup into the page", async () => {
    const script = (await assets()).find((path) => path.endsWith(".js")) as string
    const text = (await get(script)?.text()) as string
    expect(text).not.toMatch(/\beval\(|new Function\(|document\.write|insertAdjacentHTML/)
  })
})

test("every answer carries the security headers", async () => {
  for (const path of ["/", "/client.html", ...(await assets())]) {
    for (const response of [get(path), get(path, { "if-none-match": "*" })]) {
      const policy = response?.headers.get("content-security-policy") ?? ""
      for (const rule of [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "connect-src 'self'",
        "img-src 'self' data:",
        "base-uri 'none'",
        "frame-ancestors 'self'",
        "form-action 'none'",
      ])
        expect(policy.split("; ")).toContain(rule)
      expect(policy).not.toContain("unsafe")
      expect(response?.headers.get("x-content-type-options")).toBe("nosniff")
      expect(response?.headers.get("referrer-policy")).toBe("no-referrer")
    }
  }
})

describe("[H22] compression", () => {
  const encodingOf = (path: string, accepted: string) =>
    get(path, { "accept-encoding": accepted })?.headers.get("content-encoding") ?? null

  test("gzip is sent to those who take it, under an ETag of its own", async () => {
    for (const path of ["/", "/widget.js", ...(await assets())]) {
      const plain = get(path)
      const gzip = get(path, { "accept-encoding": "deflate, gzip;q=0.8" })
      expect(gzip?.headers.get("content-encoding")).toBe("gzip")
      expect(gzip?.headers.get("vary")).toBe("accept-encoding")
      expect(gzip?.headers.get("etag")).not.toBe(plain?.headers.get("etag") as string)
      const body = new Uint8Array(await (gzip as Response).arrayBuffer())
      expect(gzip?.headers.get("content-length")).toBe(String(body.length))
      expect(gunzipSync(body).toString()).toBe((await plain?.text()) as string)
    }
  })

  test("Brotli is made aside at the first wish for it; until it is there gzip is sent, or the plain file", async () => {
    const fresh = await buildWeb()
    const ask = (accepted: string) =>
      fresh.respond(
        new Request("http://chat.example/widget.js", { headers: { "accept-encoding": accepted } }),
      )
    expect(ask("gzip, br")?.headers.get("content-encoding")).toBe("gzip")
    expect(ask("br")?.headers.has("content-encoding")).toBe(false)
    await until("Brotli", () => ask("br")?.headers.get("content-encoding") === "br")
    expect(ask("gzip, br")?.headers.get("content-encoding")).toBe("br")
    expect(ask("gzip, br;q=0")?.headers.get("content-encoding")).toBe("gzip")
  })

  test("Brotli is shorter than gzip, the same file, and known by an ETag of its own", async () => {
    for (const path of ["/", "/widget.js", ...(await assets())]) {
      await until(`Brotli of ${path}`, () => encodingOf(path, "br") === "br")
      const [plain, gzip, br] = ["", "gzip", "gzip, deflate, br, zstd"].map(
        (accepted) => get(path, { "accept-encoding": accepted }) as Response,
      ) as [Response, Response, Response]
      const body = new Uint8Array(await br.arrayBuffer())
      expect(body.length).toBeLessThan(Number(gzip.headers.get("content-length")))
      expect(br.headers.get("content-length")).toBe(String(body.length))
      expect(br.headers.get("vary")).toBe("accept-encoding")
      expect(brotliDecompressSync(body).toString()).toBe(await plain.text())
      const etag = br.headers.get("etag") as string
      const known = { "accept-encoding": "br", "if-none-match": etag }
      expect(get(path, known)?.status).toBe(304)
      expect(get(path, { "if-none-match": etag })?.status).toBe(200)
    }
  })

  test("is not sent to those who take none", () => {
    for (const accepted of [
      "",
      "zstd",
      "gzip;q=0",
      "gzip; q=0.0, br;q=0.000",
      "identity",
      "notgzip",
      "brx",
    ]) {
      const response = get("/", { "accept-encoding": accepted })
      expect(response?.headers.get("content-encoding")).toBeNull()
      expect(response?.headers.get("vary")).toBe("accept-encoding")
    }
  })
})

describe("[H23] Strict-Transport-Security", () => {
  const hsts = async (trustProxy: boolean, proto: string | undefined) => {
    const built = await buildWeb({ trustProxy })
    const headers: Record<string, string> = proto === undefined ? {} : { "x-forwarded-proto": proto }
    const response = built.respond(new Request("http://chat.example/", { headers }))
    return response?.headers.get("strict-transport-security")
  }

  test("is said when a trusted proxy says that the browser came over HTTPS", async () => {
    for (const proto of ["https", "HTTPS", "https, http"])
      expect(await hsts(true, proto)).toBe("max-age=31536000")
  })

  test("is not said otherwise", async () => {
    for (const proto of [undefined, "http", "http, https", ""]) expect(await hsts(true, proto)).toBeNull()
    expect(await hsts(false, "https")).toBeNull()
  })
})

test("HEAD tells what GET would, without the body", async () => {
  const head = get("/", {}, "HEAD")
  expect(head?.status).toBe(200)
  expect(head?.body).toBeNull()
  expect(head?.headers.get("content-length")).toBe(String(new TextEncoder().encode(await page()).length))
  expect(head?.headers.get("etag")).toBe(get("/")?.headers.get("etag") as string)
})

test("whatever else is asked for is left to others", () => {
  for (const path of [
    "/rooms",
    "/client",
    "/index.html",
    "/assets",
    "/assets/",
    "/assets/x.js",
    "/assets/../index.html",
    "//",
  ])
    expect(get(path)).toBeUndefined()
  for (const method of ["POST", "PUT", "DELETE", "OPTIONS"]) expect(get("/", {}, method)).toBeUndefined()
})

describe("what cannot be built", () => {
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "klatch-web-"))
  })
  afterAll(() => rm(folder, { recursive: true }))

  test("leaves a page that says so, and a reason for the log", async () => {
    const entry = join(folder, "index.html")
    await writeFile(entry, '<!doctype html><script type="module" src="./missing.tsx"></script>')
    for (const broken of [entry, join(folder, "nowhere.html")]) {
      const failed = await buildWeb({ page: broken })
      expect(failed.failure).toMatch(/missing\.tsx|nowhere\.html/)
      const response = failed.respond(new Request("http://chat.example/client.html"))
      expect(response?.status).toBe(503)
      expect(await response?.text()).toContain("could not be built")
      expect(response?.headers.get("cache-control")).toBe("no-store")
      expect(failed.respond(new Request("http://chat.example/rooms"))).toBeUndefined()
      expect(failed.respond(new Request("http://chat.example/widget.js"))?.status).toBe(200)
    }
  })

  test("nor a widget takes the page with it", async () => {
    const failed = await buildWeb({ widget: join(folder, "nowhere.tsx") })
    expect(failed.failure).toContain("nowhere.tsx")
    const response = failed.respond(new Request("http://chat.example/widget.js"))
    expect(response?.status).toBe(503)
    expect(response?.headers.get("content-type")).toStartWith("text/plain")
    expect(failed.respond(new Request("http://chat.example/"))?.status).toBe(200)
  })
})
