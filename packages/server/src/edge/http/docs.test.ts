import { describe, expect, test } from "bun:test"
import { gunzipSync } from "node:zlib"
import { closeTable, errorTable, eventSchemas, frameSchemas, limits } from "@klatch/protocol"
import type { HttpServices } from "./context.ts"
import { escaped, html, inline } from "./docs/html.ts"
import { buildDocs } from "./docs.ts"
import { makeRoutes, openapiDocument } from "./routes.ts"

const routes = makeRoutes({} as HttpServices)
const docs = buildDocs(() => openapiDocument(routes))
const ask = (path: string, init?: RequestInit) => docs.respond(new Request(`http://klatch.test${path}`, init))
const paths = ["/docs", "/docs/docs.css", "/docs/icon.svg", "/openapi.json", "/asyncapi.json"]
const page = await ask("/docs")!.text()

describe("the documentation's answers", () => {
  test("come at its own addresses by GET and HEAD, and nowhere else", async () => {
    for (const path of paths) {
      expect(ask(path)?.status).toBe(200)
      const head = ask(path, { method: "HEAD" })
      expect(await head?.text()).toBe("")
      expect(head?.headers.get("content-length")).toBe(String((await ask(path)!.arrayBuffer()).byteLength))
      expect(ask(path, { method: "POST" })).toBeUndefined()
    }
    for (const path of ["/", "/docs/page.ts", "/docs/../app.ts", "/docsx", "/rooms"])
      expect(ask(path)).toBeUndefined()
  })

  test("make nothing before they are asked, and each document once", () => {
    let made = 0
    const lazy = buildDocs(() => {
      made++
      return openapiDocument(routes)
    })
    expect(made).toBe(0)
    for (const path of [...paths, ...paths]) lazy.respond(new Request(`http://klatch.test${path}`))
    expect(made).toBe(1)
  })

  test("load nothing from elsewhere, run nothing, and say so in their policy", () => {
    const policy = ask("/docs")?.headers.get("content-security-policy") ?? ""
    expect(policy).toContain("default-src 'none'")
    expect(policy).not.toContain("unsafe")
    expect(policy).not.toContain("script-src")
    expect(page).not.toMatch(/<script|<style|\sstyle=|\son[a-z]+=|javascript:/i)
    // Relative throughout: it works behind a path prefix too.
    const links = [...page.matchAll(/(?:src|href)="([^"]*)"/g)].map((m) => m[1]!)
    expect(links.filter((to) => !/^(#|\.\/$|docs\/|(openapi|asyncapi)\.json$)/.test(to))).toEqual([])
    expect(ask("/docs/")?.headers.get("location")).toBe("../docs")
    expect(ask("/docs")?.headers.get("x-content-type-options")).toBe("nosniff")
  })

  test("have an ETag: who has the page is told so by 304, with no body", async () => {
    for (const path of paths)
      for (const encoding of ["gzip", "identity"]) {
        const etag = ask(path, { headers: { "accept-encoding": encoding } })?.headers.get("etag") as string
        const known = { "accept-encoding": encoding, "if-none-match": `"other", W/${etag}` }
        const again = ask(path, { headers: known })
        expect(again?.status).toBe(304)
        expect(await again?.text()).toBe("")
        expect(ask(path, { headers: { ...known, "if-none-match": '"other"' } })?.status).toBe(200)
      }
  })

  test("are gzip for those who take it, with an ETag of their own, and the same page", async () => {
    const zipped = ask("/docs", { headers: { "accept-encoding": "br, gzip;q=0.8" } })!
    expect(zipped.headers.get("content-encoding")).toBe("gzip")
    expect(zipped.headers.get("vary")).toBe("accept-encoding")
    expect(zipped.headers.get("etag")).not.toBe(ask("/docs")!.headers.get("etag"))
    expect(gunzipSync(await zipped.arrayBuffer()).toString()).toBe(page)
    expect(
      ask("/docs", { headers: { "accept-encoding": "gzip;q=0" } })?.headers.has("content-encoding"),
    ).toBeFalse()
  })
})

describe("the documentation's page", () => {
  test("tells every frame, event, error, close code, limit and operation", () => {
    for (const type of Object.keys(frameSchemas)) expect(page).toContain(`<article id="frame-${type}">`)
    for (const type of Object.keys(eventSchemas)) expect(page).toContain(`<article id="event-${type}">`)
    for (const [code, { message }] of Object.entries(errorTable)) {
      expect(page).toContain(`id="error-${code}"`)
      expect(page).toContain(escaped(message))
    }
    for (const { code } of Object.values(closeTable)) expect(page).toContain(`<code>${code}</code>`)
    for (const name of Object.keys(limits)) expect(page).toContain(`<code>${name}</code>`)
    const document = openapiDocument(routes) as {
      paths: Record<string, Record<string, { operationId: string }>>
    }
    for (const methods of Object.values(document.paths))
      for (const { operationId } of Object.values(methods))
        expect(page).toContain(`<article id="op-${operationId}">`)
  })

  test("has no link within itself that leads nowhere, and no id twice", () => {
    const ids = [...page.matchAll(/\sid="([^"]*)"/g)].map((match) => match[1])
    expect(new Set(ids).size).toBe(ids.length)
    const targets = new Set([...page.matchAll(/href="#([^"]*)"/g)].map((match) => match[1]))
    expect([...targets].filter((target) => !ids.includes(target))).toEqual([])
  })

  test("closes every element that it opens", () => {
    const open: string[] = []
    const alone = new Set(["meta", "link", "img", "br"])
    for (const [, slash, name] of page.matchAll(/<(\/?)([a-z][a-z0-9]*)\b[^>]*>/g)) {
      if (slash) expect(open.pop()).toBe(name!)
      else if (!alone.has(name!)) open.push(name!)
    }
    expect(open).toEqual([])
  })

  test("shows nothing undefined", () => expect(page).not.toMatch(/undefined|\[object|NaN/))
})

describe("html", () => {
  test("escapes all that is not HTML itself, in content and in attributes", () => {
    const hostile = `</code><script>alert("1")</script>&'`
    const safe = "&lt;/code&gt;&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp;&#39;"
    expect(html`<b title="${hostile}">${[hostile, html`<i>${hostile}</i>`]}</b>`.text).toBe(
      `<b title="${safe}">${safe}<i>${safe}</i></b>`,
    )
    expect(inline(`a \`${hostile}\` b`).text).toBe(`a <code>${safe}</code> b`)
  })

  test("leaves out what is undefined or false, and keeps zero", () =>
    expect(html`${undefined}${false}${0}`.text).toBe("0"))
})
