import { describe, expect, test } from "bun:test"
import { makeCors } from "./cors.ts"

const shop = "https://shop.example"
const listed = makeCors(["https://app.example", shop])

const asked = (origin: string | undefined, method = "GET", headers: Record<string, string> = {}) =>
  new Request("https://chat.example/rooms/den", {
    method,
    headers: { ...(origin === undefined ? {} : { origin }), ...headers },
  })
const preflightOf = (origin: string | undefined, wants: Record<string, string> = {}) =>
  asked(origin, "OPTIONS", { "access-control-request-method": "POST", ...wants })
const answer = () => Response.json({ ok: true }, { headers: { "cache-control": "no-store" } })

describe("[H21] CORS:", () => {
  test("a listed origin is told that it may ask, with a token and with JSON", () => {
    const response = listed.preflight(
      preflightOf(shop, { "access-control-request-headers": "authorization, content-type" }),
    )
    expect(response?.status).toBe(204)
    expect(response?.headers.get("access-control-allow-origin")).toBe(shop)
    for (const method of ["GET", "POST", "PATCH", "PUT", "DELETE"])
      expect(response?.headers.get("access-control-allow-methods")?.split(", ")).toContain(method)
    expect(response?.headers.get("access-control-allow-headers")).toBe("authorization, content-type")
    expect(response?.headers.get("access-control-max-age")).toBe("7200")
    expect(response?.headers.get("vary")).toContain("origin")
    expect(response?.headers.has("access-control-allow-credentials")).toBe(false)
  })

  test("one that is not listed, or no browser, is left to the routes", () => {
    const strangers = [
      "https://shop.example.evil.example",
      "http://shop.example",
      `${shop}:8443`,
      `${shop}/`,
      "null",
      "*",
      undefined,
    ]
    for (const origin of strangers) expect(listed.preflight(preflightOf(origin))).toBeUndefined()
    expect(listed.preflight(asked(shop, "OPTIONS"))).toBeUndefined()
    expect(listed.preflight(asked(shop, "GET", { "access-control-request-method": "GET" }))).toBeUndefined()
    expect(makeCors([]).preflight(preflightOf(shop))).toBeUndefined()
  })

  test("a listed origin's page may read the answer, others' may not, and caches keep them apart", () => {
    const allowed = listed.readable(asked(shop), answer())
    expect(allowed.headers.get("access-control-allow-origin")).toBe(shop)
    expect(allowed.headers.get("access-control-expose-headers")).toBe("retry-after")
    expect(allowed.headers.get("cache-control")).toBe("no-store")
    for (const origin of ["https://evil.example", "null", undefined]) {
      const refused = listed.readable(asked(origin), answer())
      expect(refused.headers.has("access-control-allow-origin")).toBe(false)
      expect(refused.headers.get("vary")).toBe("origin")
    }
    expect(allowed.headers.get("vary")).toBe("origin")
  })

  test("with * every page may, and the answers are alike", () => {
    const any = makeCors(["*"])
    const response = any.readable(asked("https://whoever.example"), answer())
    expect(response.headers.get("access-control-allow-origin")).toBe("*")
    expect(response.headers.has("vary")).toBe(false)
    const told = any.preflight(preflightOf("null"))
    expect(told?.headers.get("access-control-allow-origin")).toBe("*")
  })

  test("without a list nothing is said, and what is a socket now stays without an answer", () => {
    const response = makeCors([]).readable(asked(shop), answer())
    expect(response.headers.has("vary")).toBe(false)
    expect(response.headers.has("access-control-allow-origin")).toBe(false)
    expect(listed.readable(asked(shop), undefined)).toBeUndefined()
  })
})
