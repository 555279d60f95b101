import { describe, expect, test } from "bun:test"
import { AppError } from "../../lib/app-error.ts"
import { isAllowedOrigin, isSocketPath, requireOrigin } from "./upgrade.ts"

const host = "chat.example:8080"
const listed = ["https://app.example", "https://xn--bcher-kva.example", "http://localhost:3000"]

/** What a page that is neither the server's own nor listed may call itself. */
const strangers = [
  // other names around the right one
  "https://evil.example",
  "https://chat.example:8080.evil.example",
  "https://chat.example.evil.example:8080",
  "https://evil-chat.example:8080",
  "https://evil.chat.example:8080",
  "https://chat.example.:8080",
  "https://chat-example:8080",
  "https://app.example.evil.example",
  "https://evilapp.example",
  "https://evil.app.example",
  "https://app.exampl",
  "https://app.example.",
  "https://example",
  // another port, or none
  "https://chat.example",
  "https://chat.example:80",
  "https://chat.example:80800",
  "https://chat.example:808",
  "https://app.example:8443",
  "https://app.example:443",
  "http://localhost",
  "http://localhost:30000",
  // another scheme
  "http://app.example",
  "https://localhost:3000",
  "ws://chat.example:8080",
  "file://chat.example:8080",
  "chrome-extension://chat.example:8080",
  // what is no origin, or says who it is besides
  "null",
  "",
  "*",
  "undefined",
  "chat.example:8080",
  "//chat.example:8080",
  "https://chat.example:8080/",
  "https://app.example/path",
  "https://app.example@evil.example",
  "https://chat.example:8080@evil.example",
  "https://user:word@chat.example:8080",
  "https://evil.example#https://app.example",
  "https://app.example, https://evil.example",
  // names that only look the same
  "https://bücher.example",
  "https://xn--bcher-kva.example.evil.example",
  "https://xn--bcher-kvb.example",
  "https://аpp.example",
  "https://chat\u3002example:8080",
  // browsers write origins in lower case; whoever does not is none
  "HTTPS://APP.EXAMPLE",
  "https://App.example",
  "HTTP://chat.example:8080",
  "https://app.example\u0000.evil.example",
]

describe("an origin", () => {
  test(`[C6] of a stranger is refused: ${strangers.length} of them, wrongly accepted 0`, () => {
    expect(strangers.length).toBeGreaterThanOrEqual(40)
    expect(strangers.filter((origin) => isAllowedOrigin(origin, host, listed))).toEqual([])
    expect(strangers.filter((origin) => isAllowedOrigin(origin, host, []))).toEqual([])
    expect(strangers.filter((origin) => isAllowedOrigin(origin, "", []))).toEqual([])
    expect(["http://", "https://"].filter((origin) => isAllowedOrigin(origin, "", []))).toEqual([])
  })

  test("of the server itself is accepted, by either scheme: what is in front of it may speak TLS", () => {
    for (const own of [host, "localhost", "[::1]:8080", "192.0.2.7"])
      for (const scheme of ["http", "https"])
        expect(isAllowedOrigin(`${scheme}://${own}`, own, [])).toBe(true)
  })

  test("that is listed is accepted, and any where `*` is listed", () => {
    for (const origin of listed) expect(isAllowedOrigin(origin, host, listed)).toBe(true)
    for (const origin of strangers) expect(isAllowedOrigin(origin, host, ["*"])).toBe(true)
  })
})

describe("a request", () => {
  const from = (headers: Record<string, string>, trustProxy = false) => {
    const url = new URL("http://127.0.0.1:8080/ws")
    return () => requireOrigin(new Request(url, { headers }), url, { corsOrigins: listed, trustProxy })
  }

  test("[C6] without an origin is no browser's and is let in; one of another page is refused as such", () => {
    expect(from({ host })).not.toThrow()
    expect(from({ host, origin: "http://chat.example:8080" })).not.toThrow()
    expect(from({ host: "CHAT.example:8080", origin: "http://chat.example:8080" })).not.toThrow()
    for (const origin of ["https://evil.example", "null"]) {
      expect(from({ host, origin })).toThrow(AppError)
      expect(from({ host, origin })).toThrow("CORS_ORIGINS")
    }
  })

  test("is believed what a proxy says of its host only where a proxy is trusted", () => {
    const headers = {
      host: "10.0.0.9:8080",
      "x-forwarded-host": "chat.example",
      origin: "https://chat.example",
    }
    expect(from(headers, true)).not.toThrow()
    expect(from(headers)).toThrow(AppError)
    expect(from({ host, origin: `https://${host}` }, true)).not.toThrow()
  })

  test("reaches a socket at two addresses and no other", () => {
    expect(["/ws", "/chat"].every(isSocketPath)).toBe(true)
    expect(["/", "/ws/", "/WS", "/wss", "/chat/x", "/history"].some(isSocketPath)).toBe(false)
  })
})
