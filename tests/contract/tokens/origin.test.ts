import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test"
import { RawSocket } from "../../conformance/raw-socket.ts"
import { type ServerProcess, startServer } from "../../harness/server.ts"
import { knock } from "./door.ts"
import { Issuer } from "./issuer.ts"

setDefaultTimeout(60_000)

const issuer = new Issuer()
const listed = ["https://app.example", "http://localhost:3000"]
let server: ServerProcess
let token: string

beforeAll(async () => {
  const { JWKS_URL: _, ...env } = issuer.environment("")
  server = await startServer({ env: { ...env, CORS_ORIGINS: listed.join(", ") } })
  token = issuer.sign("HS256")
})
afterAll(() => server[Symbol.asyncDispose]())

/** Header lines of pages that are neither the server's own nor listed, under what is tried by each. */
function strangers(port: number): Record<string, string[]> {
  const own = `http://127.0.0.1:${port}`
  const evil = "https://evil.example"
  const of = (...origins: string[]) => origins.map((origin) => `Origin: ${origin}\r\n`)
  return {
    "a name that goes on": of(
      "https://app.example.evil.example",
      "https://app.examples",
      "https://app.example.",
      "https://app.example-evil.com",
      `http://127.0.0.1.evil.example:${port}`,
      `${own}.evil.example`,
      "http://localhost.:3000",
      "http://localhost.evil.example:3000",
    ),
    "a name that begins before": of(
      "https://evilapp.example",
      "https://evil.app.example",
      "https://-app.example",
      "http://evil-localhost:3000",
      `http://9127.0.0.1:${port}`,
    ),
    "a part of a name": of("https://app.exampl", "https://pp.example", "https://example", "https://app"),
    "another port": of(
      "https://app.example:8443",
      "https://app.example:443",
      "http://localhost",
      "http://localhost:30000",
      "http://localhost:300",
      "http://localhost:03000",
      "http://127.0.0.1",
      `${own}0`,
      `http://127.0.0.1:${port - 1}`,
    ),
    "another scheme": of(
      "http://app.example",
      "https://localhost:3000",
      "ws://app.example",
      `ws://127.0.0.1:${port}`,
      `file://127.0.0.1:${port}`,
      "chrome-extension://app.example",
      "data:text/html,https://app.example",
      "blob:https://app.example",
      "app.example",
      "//app.example",
      `127.0.0.1:${port}`,
    ),
    "null and nothing": [
      ...of("null", "NULL", "undefined", "*", "0", "about:blank", "'self'"),
      "Origin:\r\n",
      "Origin: \r\n",
      "Origin: \t \r\n",
    ],
    "other case": of(
      "HTTPS://app.example",
      "https://APP.example",
      "https://App.Example",
      "http://LOCALHOST:3000",
      `HTTP://127.0.0.1:${port}`,
    ),
    userinfo: of(
      `https://app.example@evil.example`,
      `https://app.example:443@evil.example`,
      "https://user@app.example",
      "https://user:word@app.example",
      `http://127.0.0.1:${port}@evil.example`,
      `http://user@127.0.0.1:${port}`,
    ),
    "a path, a query, a fragment": of(
      "https://app.example/",
      "https://app.example/path",
      "https://app.example?",
      "https://app.example#",
      `${evil}/https://app.example`,
      `${evil}#https://app.example`,
      `${evil}?https://app.example`,
      `${evil}\\.app.example`,
      `${evil}%2eapp.example`,
      `${own}/`,
    ),
    "names that look the same": of(
      "https://аpp.example",
      "https://xn--pp-8ka.example",
      "https://app。example",
      "https://ａｐｐ.example",
      "https://app.example\u200b",
      "https://app%2eexample",
      "https://xn--app-.example",
    ),
    "other words for this machine": of(
      `http://[::1]:${port}`,
      `http://[::ffff:127.0.0.1]:${port}`,
      `http://[::ffff:7f00:1]:${port}`,
      `http://[0:0:0:0:0:0:0:1]:${port}`,
      `http://[::]:${port}`,
      `http://[::1%25lo]:${port}`,
      "http://[::1]:3000",
      `http://0.0.0.0:${port}`,
      `http://127.1:${port}`,
      `http://2130706433:${port}`,
      `http://0x7f.0.0.1:${port}`,
      `http://0177.0.0.1:${port}`,
      `http://localhost:${port}`,
    ),
    "several values": [
      ...of(`https://app.example, ${evil}`, `${evil}, https://app.example`, `https://app.example ${evil}`),
      ...of(`${evil} https://app.example`, "https://app.example, https://app.example"),
      ...of(`https://app.example;${evil}`, `${listed.join(", ")}`, `"https://app.example"`),
      `Origin: ${evil}\r\nOrigin: https://app.example\r\n`,
      `Origin: https://app.example\r\nOrigin: ${evil}\r\n`,
      `Origin: ${evil}\r\norigin: ${own}\r\n`,
      `Origin: null\r\nORIGIN: https://app.example\r\n`,
      `Origin: ${evil}\r\nSec-WebSocket-Origin: https://app.example\r\n`,
      `Origin: ${evil}\r\nX-Forwarded-Host: evil.example\r\n`,
      `Origin: ${evil}\r\nForwarded: host=evil.example;proto=https\r\n`,
      `Origin: ${evil}\r\nReferer: https://app.example/\r\n`,
    ],
    "blanks and ends of lines": [
      ...of("https://app.example\t.evil.example", "https: //app.example", "https://app. example"),
      ...of(
        "https://app.example\u00a0",
        "https://app.example\v",
        "https://app.example\0",
        "\0https://app.example",
      ),
      `Origin: ${evil}\r\n https://app.example\r\n`,
      `Origin: ${evil}\r\n\thttps://app.example\r\n`,
      `Origin: ${evil}\rOrigin: https://app.example\r\n`,
      `Origin: ${evil}\nOrigin: https://app.example\r\n`,
      `Origin : https://app.example\r\nOrigin: ${evil}\r\n`,
      ...of(`${evil}%0d%0aOrigin: https://app.example`, `${evil}\\r\\nOrigin: https://app.example`),
    ],
  }
}

/** What the server says over HTTP: its status line and headers. */
async function headOf(method: string, headers: string): Promise<string> {
  const raw = await RawSocket.open(server)
  const { host } = new URL(server.url)
  raw.write(
    `${method} /me HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer ${token}\r\nConnection: close\r\n` +
      `Access-Control-Request-Method: GET\r\n${headers}\r\n`,
  )
  await raw.waits(() => raw.isEnded, 20_000)
  raw.end()
  return raw.text.split("\r\n\r\n")[0] ?? ""
}

const mayRead = (head: string) => /^access-control-allow-origin:/im.test(head)

describe("a page", () => {
  test("of the server's own or of a listed origin may connect, and a listed one may read", async () => {
    const own = server.url
    for (const origin of [...listed, own, own.replace("http:", "https:")])
      expect([origin, await knock(server, `token=${token}`, `Origin: ${origin}\r\n`)]).toEqual([
        origin,
        { username: "mallory" },
      ])
    for (const headers of ["", "Origin:   https://app.example \t\r\n", "oRIGIN:https://app.example\r\n"])
      expect(await knock(server, `token=${token}`, headers)).toEqual({ username: "mallory" })
    for (const origin of listed)
      for (const method of ["GET", "OPTIONS"]) {
        const head = await headOf(method, `Origin: ${origin}\r\n`)
        expect(head.toLowerCase()).toContain(`access-control-allow-origin: ${origin}\r\n`)
        expect(head).toMatch(/^HTTP\/1.1 20[04]/)
      }
  })

  test("of any other may neither connect nor read, however it is written", async () => {
    const all = Object.entries(strangers(server.port)).flatMap(([what, lines]) =>
      lines.map((line) => ({ name: `${what}: ${JSON.stringify(line)}`, line })),
    )
    const accepted: string[] = []
    const failures: string[] = []
    const work = all.map(async ({ name, line }) => {
      const outcome = await knock(server, `token=${token}`, line)
      if (outcome.username !== undefined) accepted.push(`${name} connects`)
      else if (!/^4/.test(outcome.refused ?? "")) failures.push(`${name}: ${outcome.refused}`)
      for (const method of ["GET", "OPTIONS"]) {
        const head = await headOf(method, line)
        if (mayRead(head)) accepted.push(`${name} reads by ${method}`)
      }
    })
    await Promise.all(work)
    console.log(`${all.length} origins of strangers: wrongly accepted ${accepted.length}`)
    expect(new Set(all.map(({ line }) => line)).size).toBe(all.length)
    expect(all.length).toBeGreaterThanOrEqual(40)
    expect(accepted).toEqual([])
    expect(failures).toEqual([])
  })

  test("cannot write its origin by the address", async () => {
    const inject = "%0d%0aOrigin:%20https://app.example%0d%0a"
    for (const query of [`x=${inject}`, `${inject}&`, "origin=https://app.example&"])
      expect(await knock(server, `${query}&token=${token}`, "Origin: https://evil.example\r\n")).toEqual({
        refused: "403",
      })
  })
})
