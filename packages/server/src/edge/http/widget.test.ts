import { beforeAll, describe, expect, test } from "bun:test"
import { gzipSync } from "node:zlib"
import { buildWidget, widgetAnswer } from "./widget.ts"

const gzipBytesMax = 40 * 1024

let script: string
beforeAll(async () => {
  script = await buildWidget()
})

const get = (headers: Record<string, string> = {}) =>
  widgetAnswer(script)(new Request("http://chat.example/widget.js", { headers }))

describe("[H20] the widget", () => {
  test("is one script of at most 40 KB gzip, style and all", () => {
    expect(gzipSync(script).length).toBeLessThanOrEqual(gzipBytesMax)
    expect(script).toContain("--klatch-accent")
    expect(script).not.toMatch(/(?:^|[;}])\s*(?:import|export)[\s{"]/)
  })

  test("builds nothing from strings, puts no markup into the page, and needs nothing of a server's runtime", () => {
    expect(script).not.toMatch(
      /\beval\(|new Function\(|document\.write|insertAdjacentHTML|createElement\("style/,
    )
    expect(script).not.toMatch(/\bprocess\.|\bBuffer\b|\bBun\b|node:/)
  })

  test("leaves no name in the page's global scope", () => {
    expect(script).toMatch(/^(?:\/\/[^\n]*\n)?\(\(\)=>\{/)
    expect(script.trimEnd()).toEndWith("})();")
  })

  test("may be loaded by any page, whatever that asks of what it loads", () => {
    const { headers, status } = get()
    expect(status).toBe(200)
    expect(headers.get("content-type")).toBe("text/javascript;charset=utf-8")
    expect(headers.get("access-control-allow-origin")).toBe("*")
    expect(headers.get("cross-origin-resource-policy")).toBe("cross-origin")
    expect(headers.get("x-content-type-options")).toBe("nosniff")
  })

  test("is kept for minutes, and one that is known is not sent again", () => {
    const { headers } = get()
    expect(headers.get("cache-control")).toBe("public, max-age=300")
    const known = get({ "if-none-match": headers.get("etag") as string })
    expect(known.status).toBe(304)
    expect(known.headers.get("access-control-allow-origin")).toBe("*")
    expect(known.headers.get("cross-origin-resource-policy")).toBe("cross-origin")
  })
})
