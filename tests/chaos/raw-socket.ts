import { connect, type Socket } from "node:net"
import type { ClientSocket } from "./plain-client.ts"

const TEXT = 1
const CLOSE = 8
const PING = 9
const PONG = 10
/** The server does not look at the mask's value; zeros leave the payload as it is. */
const MASK = Buffer.alloc(4)

/**
 * A WebSocket by hand, because a real one always reads: `pause` leaves what comes in the kernel's buffers until they
 * are full and the server's side fills up. Whole frames only, as this server sends them.
 */
export class RawSocket implements ClientSocket {
  onmessage: ((event: { data: unknown }) => void) | null = null
  onclose: ((event: { code: number }) => void) | null = null
  readonly #socket: Socket
  #isUpgraded = false
  #rest = Buffer.alloc(0)
  #code = 1006

  constructor(address: string) {
    const url = new URL(address)
    this.#socket = connect({ host: url.hostname, port: Number(url.port) })
    this.#socket.on("connect", () => {
      this.#socket.write(
        `GET ${url.pathname}${url.search} HTTP/1.1\r\nHost: ${url.host}\r\nUpgrade: websocket\r\n` +
          "Connection: Upgrade\r\nSec-WebSocket-Key: AAECAwQFBgcICQoLDA0ODw==\r\nSec-WebSocket-Version: 13\r\n\r\n",
      )
    })
    this.#socket.on("data", (chunk) => this.#read(chunk as Buffer))
    this.#socket.on("error", () => {})
    this.#socket.on("close", () => this.onclose?.({ code: this.#code }))
  }

  /** Stops reading. */
  pause(): void {
    this.#socket.pause()
  }

  /** Reads on. */
  resume(): void {
    this.#socket.resume()
  }

  send(text: string): void {
    this.#write(TEXT, Buffer.from(text))
  }

  terminate(): void {
    this.#socket.destroy()
  }

  #write(opcode: number, payload: Buffer): void {
    const { length } = payload
    const header = length < 126 ? Buffer.alloc(2) : Buffer.alloc(4)
    header[0] = 0x80 | opcode
    header[1] = 0x80 | (length < 126 ? length : 126)
    if (length >= 126) header.writeUInt16BE(length, 2)
    this.#socket.write(Buffer.concat([header, MASK, payload]))
  }

  #read(chunk: Buffer): void {
    let bytes = this.#rest.length > 0 ? Buffer.concat([this.#rest, chunk]) : chunk
    if (!this.#isUpgraded) {
      const end = bytes.indexOf("\r\n\r\n")
      if (end >= 0 && bytes.toString("latin1", 0, 12) !== "HTTP/1.1 101") {
        this.terminate()
        return
      }
      this.#isUpgraded = end >= 0
      if (end >= 0) bytes = bytes.subarray(end + 4)
    }
    while (this.#isUpgraded && bytes.length >= 2) {
      const short = bytes[1]! & 0x7f
      const start = short < 126 ? 2 : short === 126 ? 4 : 10
      if (bytes.length < start) break
      const length =
        short < 126 ? short : short === 126 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2))
      if (bytes.length < start + length) break
      this.#frame(bytes[0]! & 0x0f, bytes.subarray(start, start + length))
      bytes = bytes.subarray(start + length)
    }
    this.#rest = Buffer.from(bytes)
  }

  #frame(opcode: number, payload: Buffer): void {
    if (opcode === TEXT) this.onmessage?.({ data: payload.toString() })
    else if (opcode === PING) this.#write(PONG, payload)
    else if (opcode === CLOSE) {
      this.#code = payload.length >= 2 ? payload.readUInt16BE(0) : 1005
      this.#socket.end()
    }
  }
}
