import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test"
import { createHash, generateKeyPairSync, sign } from "node:crypto"
import { connect, type Socket } from "node:net"
import { createServer, type Server, type TLSSocket } from "node:tls"
import type { Browser } from "playwright-core"
import { Peer } from "../harness/peer.ts"
import type { ServerProcess } from "../harness/server.ts"
import { until } from "../harness/until.ts"
import { openStage, type Stage } from "./stage.ts"
import { Tab, testMs } from "./tab.ts"

setDefaultTimeout(testMs)

// DER, as far as a certificate needs it.
const der = (tag: number, ...parts: Uint8Array[]): Buffer => {
  const body = Buffer.concat(parts)
  const { length } = body
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255]
  return Buffer.concat([Buffer.from([tag, ...size]), body])
}
const sequence = (...parts: Uint8Array[]) => der(0x30, ...parts)
const objectId = (hex: string) => der(0x06, Buffer.from(hex, "hex"))
const bits = (body: Uint8Array) => der(0x03, Buffer.from([0]), body)
const utcTime = (at: Date) =>
  der(
    0x17,
    Buffer.from(
      `${at
        .toISOString()
        .replace(/[-:T]|\.\d+/g, "")
        .slice(2)}`,
    ),
  )
const pem = (name: string, body: Buffer) =>
  `-----BEGIN ${name}-----\n${body.toString("base64").replace(/.{64}/g, "$&\n")}\n-----END ${name}-----\n`

/** A key and a certificate for 127.0.0.1 that nobody but its maker vouches for, good for a day around now. */
function selfSigned(): { key: string; cert: string } {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" })
  const ecdsaWithSha256 = sequence(objectId("2a8648ce3d040302"))
  const name = sequence(der(0x31, sequence(objectId("550403"), der(0x0c, Buffer.from("klatch test")))))
  const dayMs = 86_400_000
  const validity = sequence(utcTime(new Date(Date.now() - dayMs)), utcTime(new Date(Date.now() + dayMs)))
  const altName = sequence(objectId("551d11"), der(0x04, sequence(der(0x87, Buffer.from([127, 0, 0, 1])))))
  const spki = publicKey.export({ type: "spki", format: "der" })
  const serial = createHash("sha256").update(spki).digest().subarray(0, 8)
  serial[0] = ((serial[0] as number) & 0x7f) | 1
  const body = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, serial),
    ecdsaWithSha256,
    name,
    validity,
    name,
    spki,
    der(0xa3, sequence(altName)),
  )
  const cert = sequence(body, ecdsaWithSha256, bits(sign("sha256", body, privateKey)))
  const key = privateKey.export({ type: "pkcs8", format: "pem" }) as string
  return { key, cert: pem("CERTIFICATE", cert) }
}

/**
 * A proxy that ends TLS, as operators have one in front, with the server under a path prefix. It tells the server
 * how the browser came. One request a connection: after the first head all is passed on as it comes.
 */
class TlsProxy implements AsyncDisposable {
  readonly url: string
  readonly #server: Server
  readonly #sockets = new Set<Socket | TLSSocket>()

  private constructor(server: Server, url: string) {
    this.#server = server
    this.url = url
  }

  static async start(targetPort: number, prefix: string): Promise<TlsProxy> {
    const server = createServer(selfSigned())
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject)
      server.listen(0, "127.0.0.1", resolve)
    })
    const address = server.address()
    if (address === null || typeof address === "string") throw new Error("the proxy has no port")
    const proxy = new TlsProxy(server, `https://127.0.0.1:${address.port}${prefix}`)
    server.on("secureConnection", (client: TLSSocket) => proxy.#serve(client, targetPort, prefix))
    // A browser that looks at the certificate and goes away.
    server.on("tlsClientError", () => {})
    return proxy
  }

  #serve(client: TLSSocket, targetPort: number, prefix: string): void {
    const target = connect(targetPort, "127.0.0.1")
    for (const [socket, other] of [
      [client, target],
      [target, client],
    ] as const) {
      this.#sockets.add(socket)
      socket.on("error", () => other.destroy())
      socket.on("close", () => {
        this.#sockets.delete(socket)
        other.end()
      })
    }
    let head: Buffer | null = Buffer.alloc(0)
    client.on("data", (chunk: Buffer) => {
      if (head === null) return void target.write(chunk)
      head = Buffer.concat([head, chunk])
      const end = head.indexOf("\r\n\r\n")
      if (end < 0) return
      const text = head.toString("latin1", 0, end)
      const rest = head.subarray(end)
      head = null
      const isUpgrade = /^upgrade: *websocket$/im.test(text)
      const lines = text.split("\r\n").filter((line) => isUpgrade || !/^connection:/i.test(line))
      const first = (lines.shift() as string).replace(` ${prefix}/`, " /")
      const told = ["x-forwarded-proto: https", ...(isUpgrade ? [] : ["connection: close"])]
      target.write(Buffer.concat([Buffer.from([first, ...lines, ...told].join("\r\n"), "latin1"), rest]))
    })
    target.on("data", (chunk: Buffer) => client.write(chunk))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve))
    for (const socket of this.#sockets) socket.destroy()
    await closed
  }
}

let stage: Stage | undefined
let server: ServerProcess
let browser: Browser
let proxy: TlsProxy
const listed = "https://shop.example"
beforeAll(async () => {
  stage = await openStage({ env: { TRUST_PROXY: "true", CORS_ORIGINS: listed } })
  ;({ server, browser } = stage)
  proxy = await TlsProxy.start(server.port, "/apps/chat")
})
afterAll(async () => {
  await proxy?.[Symbol.asyncDispose]()
  await stage?.[Symbol.asyncDispose]()
})

const hsts = "strict-transport-security"

describe("behind a proxy that ends TLS, under a prefix", () => {
  test("[H23] two people chat over wss, and the browser is told to come over nothing but HTTPS", async () => {
    const secure = { ignoreHTTPSErrors: true }
    await using ann = await Tab.blank(browser, secure)
    const page = await ann.page.goto(`${proxy.url}/client.html?r=porch&u=ann`)
    expect(page?.headers()[hsts]).toBe("max-age=31536000")
    await ann.isIn()
    await using bob = await Tab.open(browser, `${proxy.url}/client.html?r=porch&u=bob`, secure)
    await ann.write("hello over TLS")
    await bob.reads("hello over TLS")
    await bob.write("and back")
    await ann.reads("and back")
    for (const tab of [ann, bob]) {
      expect(tab.faults).toEqual([])
      const origins = new Set(tab.asked.map((url) => new URL(url).origin))
      const { host } = new URL(proxy.url)
      expect([...origins].sort()).toEqual([`https://${host}`, `wss://${host}`])
    }
  })

  test("[H20] the widget speaks to where its script came from, and asks nobody else", async () => {
    await using pat = await Peer.connect(server.wsUrl, "/ws?user=pat&room=steps")
    await pat.ask({ type: "message", room_id: "steps", content: "on the steps" })
    await using tab = await Tab.blank(browser, { ignoreHTTPSErrors: true })
    // A page of the server's own origin, so that it need not be listed.
    await tab.page.goto(`${proxy.url}/healthz`)
    await tab.page.evaluate((src) => {
      const script = document.createElement("script")
      Object.assign(script, { src })
      script.dataset.room = "steps"
      script.dataset.user = "cat"
      script.dataset.open = ""
      document.head.append(script)
    }, `${proxy.url}/widget.js`)
    await tab.page.getByText("on the steps", { exact: true }).waitFor()
    const strays = tab.asked.filter((url) => !url.replace(/^wss/, "https").startsWith(`${proxy.url}/`))
    expect(strays.filter((url) => !url.endsWith("/favicon.ico"))).toEqual([])
  })
})

test("[H23] asked without TLS in front, nothing is said of it", async () => {
  const response = await fetch(`${server.url}/`)
  expect(response.status).toBe(200)
  expect(response.headers.has(hsts)).toBe(false)
})

test("[H22] a browser gets Brotli, files for ever, and a page that needs nothing inline", async () => {
  const page = await fetch(`${server.url}/`, { headers: { "accept-encoding": "gzip, deflate, br" } })
  const policy = page.headers.get("content-security-policy") ?? ""
  expect(policy).toContain("script-src 'self'")
  expect(policy).not.toContain("unsafe")
  const [path] = /assets\/[^"]+\.js/.exec(await page.text()) as RegExpExecArray
  const ask = (headers: Record<string, string>) => fetch(`${server.url}/${path}`, { headers })
  await until("Brotli", async () => {
    const response = await ask({ "accept-encoding": "gzip, deflate, br" })
    expect(response.headers.get("cache-control")).toBe("public, max-age=31536000, immutable")
    return response.headers.get("content-encoding") === "br"
  })
  const [br, gzip] = await Promise.all([ask({ "accept-encoding": "br" }), ask({ "accept-encoding": "gzip" })])
  expect(await br.text()).toBe(await gzip.text())
  const known = await ask({ "accept-encoding": "br", "if-none-match": br.headers.get("etag") as string })
  expect(known.status).toBe(304)
})

describe("[H21] CORS of a running server", () => {
  const preflight = (origin: string, path = "/rooms") =>
    fetch(server.url + path, {
      method: "OPTIONS",
      headers: {
        origin,
        "access-control-request-method": "POST",
        "access-control-request-headers": "content-type",
      },
    })
  const allowed = (response: Response) => response.headers.get("access-control-allow-origin")

  test("a listed page may ask and read, also what is refused", async () => {
    const asked = await preflight(listed)
    expect([asked.status, allowed(asked)]).toEqual([204, listed])
    for (const [path, status] of [
      ["/rooms/discover", 200],
      ["/rooms/none-of-this-name", 404],
      ["/rooms?user=%20", 400],
      ["/ws", 426],
    ] as const) {
      const response = await fetch(server.url + path, { headers: { origin: listed } })
      expect([path, response.status, allowed(response)]).toEqual([path, status, listed])
      expect(response.headers.get("vary")).toContain("origin")
    }
  })

  test("a page that is not listed may not, and the pages are nobody's to read", async () => {
    const asked = await preflight("https://evil.example")
    expect([asked.status, allowed(asked)]).toEqual([405, null])
    const evil = { headers: { origin: "https://evil.example" } }
    expect(allowed(await fetch(`${server.url}/rooms/discover`, evil))).toBeNull()
    const own = await fetch(`${server.url}/`, { headers: { origin: listed } })
    expect([allowed(own), own.headers.get("cross-origin-resource-policy")]).toEqual([null, "same-origin"])
  })
})
