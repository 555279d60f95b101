import { httpError } from "@klatch/protocol"
import { RawSocket, upgradeRequest } from "../raw-socket.ts"
import type { Target } from "../target.ts"
import type { Chance } from "./chance.ts"
import type { Outcome } from "./socket-attack.ts"
import { hostileObject, hostileValue, letters } from "./value.ts"

const answerMs = 20_000
const methods = ["GET", "POST", "PATCH", "DELETE", "PUT", "OPTIONS", "HEAD"]
const routes = [
  "/",
  "/client.html",
  "/healthz",
  "/readyz",
  "/metrics",
  "/openapi.json",
  "/rooms",
  "/rooms/discover",
  "/rooms/*",
  "/rooms/*/messages",
  "/rooms/*/messages/*",
  "/rooms/*/members",
  "/rooms/*/join",
  "/rooms/*/leave",
  "/dm",
  "/history",
  "/ws",
  "/chat",
  "/assets/*",
  "/*",
]
const queryKeys = ["user", "u", "r", "room", "room_id", "limit", "before", "after", "q", "token", "__proto__"]
const pieces = [
  "lobby",
  "den",
  "attic",
  "1",
  "0",
  "-1",
  "1e400",
  "9007199254740993",
  "%00",
  "%ff%fe",
  "%ed%a0%80",
  "%",
  "%2e%2e%2f",
  "..",
  "__proto__",
  "constructor",
  "01900000-0000-7000-8000-000000000000",
  "mallory",
  "'%20OR%201=1",
  "",
]
const fields = [
  "content",
  "client_id",
  "reply_to",
  "thread_id",
  "name",
  "kind",
  "slug",
  "topic",
  "members",
  "to",
]

/** One whole request with something wrong in it; its answer must be one of the contract. */
export async function request(chance: Chance, at: Target): Promise<Outcome> {
  const raw = await RawSocket.open(at)
  const method = chance.pick(methods)
  const text = requestText(chance, method)
  const isSlow = text.length < 2_000 && chance.once(10)
  if (isSlow) for (const byte of text) raw.write(Uint8Array.of(byte))
  else raw.write(text)
  await raw.waits(() => raw.isEnded, answerMs)
  const line = text.toString("latin1").replaceAll("\r\n", " | ").slice(0, 500)
  // An answer that is given before the body is there can be lost with the connection: that is TCP's way.
  const isLost = isSlow && raw.text === ""
  const faults = !raw.isEnded
    ? [`no end in ${answerMs} ms: ${line}`]
    : isLost
      ? []
      : statusFaults(raw.text, method, line)
  raw.end()
  return { inputs: 1, faults }
}

function requestText(chance: Chance, method: string): Buffer {
  const path = chance.pick(routes).replaceAll("*", () => chance.pick(pieces))
  const query = Array.from(
    { length: chance.int(0, 4) },
    () => `${chance.pick(queryKeys)}=${chance.pick(pieces)}`,
  )
  if (!chance.once(3)) query.push("user=mallory")
  const body = method === "GET" || method === "HEAD" ? Buffer.alloc(0) : bodyOf(chance)
  const type = chance.once(10)
    ? chance.pick(["text/plain", "multipart/form-data", "", "\u0080"])
    : "application/json"
  const isChunked = chance.once(6)
  const head =
    `${method} ${path}?${query.join("&")} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n` +
    `Content-Type: ${type}\r\n` +
    (isChunked ? "Transfer-Encoding: chunked\r\n\r\n" : `Content-Length: ${body.length}\r\n\r\n`)
  const chunk = [Buffer.from(`${body.length.toString(16)}\r\n`), body, Buffer.from("\r\n0\r\n\r\n")]
  const sent = isChunked ? (body.length > 0 ? chunk : [Buffer.from("0\r\n\r\n")]) : [body]
  return Buffer.concat([Buffer.from(head, "latin1"), ...sent])
}

function bodyOf(chance: Chance): Buffer {
  switch (chance.int(0, 9)) {
    case 0:
      return Buffer.from(chance.bytes(chance.int(0, 500)))
    case 1:
      return Buffer.from(hostileValue(chance))
    case 2:
      return Buffer.alloc(chance.pick([0, 65_536, 65_537, 300_000]), "x")
    default: {
      const some = fields.filter(() => chance.once(3))
      return Buffer.from(
        hostileObject(chance, some, chance.once(2) ? ['"content":"hi"'] : ['"name":"A room"']),
      )
    }
  }
}

/** The contract has no other failures of the server than 501 and 503, and nothing is away here. */
function statusFaults(answer: string, method: string, line: string): string[] {
  const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(answer)?.[1])
  if (!status) return [`no status: ${line} -> ${JSON.stringify(answer.slice(0, 100))}`]
  if (status >= 500 && status !== 501) return [`${line} -> ${answer.slice(0, 12)} ${answer.slice(-200)}`]
  if (status < 400 || method === "HEAD") return []
  const [, body = ""] = answer.split(/\r\n\r\n([\s\S]*)/)
  // What Bun's own parser refuses never reaches a route and has no body.
  if (body === "" && [400, 413, 414, 431].includes(status)) return []
  return isError(body) ? [] : [`not an error of the contract: ${line} -> ${status} ${body.slice(0, 200)}`]
}

function isError(body: string): boolean {
  try {
    return httpError.safeParse(JSON.parse(Buffer.from(body, "latin1").toString())).success
  } catch {
    return false
  }
}

/** Requests that are no HTTP, or stop midway. Anything may be said but that the server failed; 505 tells a version. */
export async function malformed(chance: Chance, at: Target): Promise<Outcome> {
  const raw = await RawSocket.open(at)
  const text = chance.pick(broken)(chance)
  if (chance.once(4))
    for (const byte of Buffer.from(text, "latin1").subarray(0, 2_000)) raw.write(Uint8Array.of(byte))
  else raw.write(Buffer.from(text, "latin1"))
  await raw.waits(() => raw.isEnded || raw.text.length > 0, 100)
  const faults = /^HTTP\/1\.1 5(?!01|05)/.test(raw.text)
    ? [`${text.slice(0, 200)} -> ${raw.text.slice(0, 300)}`]
    : []
  raw.end()
  return { inputs: 1, faults }
}

const broken: readonly ((chance: Chance) => string)[] = [
  () => "GET",
  () => "\r\n\r\n",
  () => "GET / HTTP/9.9\r\n\r\n",
  () => "GET / HTTP/1.1\r\n\r\n",
  () => "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
  () => "CONNECT example.com:443 HTTP/1.1\r\nHost: x\r\n\r\n",
  () => "GET http://example.com/healthz HTTP/1.1\r\nHost: x\r\n\r\n",
  () => "GET * HTTP/1.1\r\nHost: x\r\n\r\n",
  () => "GET /healthz HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
  () => "POST /rooms HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
  () => "POST /rooms HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n{}",
  () => "POST /rooms HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\nContent-Length: 2\r\n\r\n{}",
  () => "POST /rooms HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}",
  () => "POST /rooms HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzzz\r\n",
  () => "POST /rooms HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n{}",
  () =>
    "POST /rooms?user=mallory HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{",
  () => "GET /healthz HTTP/1.1\r\nHost: x\r\nX: a\0b\r\n\r\n",
  () => "GET /healthz HTTP/1.1\r\nHost: x\r\nX\r\n\r\n",
  () => "GET /healthz HTTP/1.1\r\n Host: x\r\n\r\n",
  (chance) => `GET /healthz HTTP/1.1\r\nHost: x\r\nX: ${"y".repeat(chance.int(1, 40_000))}\r\n\r\n`,
  (chance) => `GET /${"y".repeat(chance.int(1, 40_000))} HTTP/1.1\r\nHost: x\r\n\r\n`,
  (chance) => `GET /healthz HTTP/1.1\r\nHost: x\r\n${"X: y\r\n".repeat(chance.int(1, 2_000))}\r\n`,
  (chance) => `GET /${letters(chance, 50)} HTTP/1.1\r\nHost: x\r\n\r\n`,
  (chance) => Buffer.from(chance.bytes(chance.int(1, 2_000))).toString("latin1"),
  () => "GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
  () => upgradeRequest("/ws", "x", "Sec-WebSocket-Key: again\r\n"),
  () =>
    upgradeRequest("/ws", "x", "Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=99\r\n"),
  () => upgradeRequest("/ws", "x", `Sec-WebSocket-Protocol: ${"klatch.v1,".repeat(500)}\r\n`),
  () => upgradeRequest("/ws?user=%ff%fe", "x"),
  () => upgradeRequest("/nothing", "x"),
  (chance) => upgradeRequest("/ws", "x").slice(0, chance.int(1, 150)),
]
