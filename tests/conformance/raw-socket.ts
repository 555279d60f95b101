import { randomBytes } from "node:crypto"
import { connect, type Socket } from "node:net"
import type { Target } from "./target.ts"

export interface RawFrame {
  readonly opcode: number
  readonly payload: Buffer
}

export interface RawFrameOptions {
  readonly opcode?: number
  readonly isFinal?: boolean
  readonly isMasked?: boolean
  /** Three reserved bits. */
  readonly reserved?: number
  /** Tells another length than the payload's. */
  readonly length?: bigint
}

const upgradeMs = 20_000

/** The bytes of one WebSocket frame of a client, right or wrong on purpose. */
export function rawFrame(data: string | Uint8Array, options: RawFrameOptions = {}): Buffer {
  const { opcode = 1, isFinal = true, isMasked = true, reserved = 0 } = options
  const payload = Buffer.from(data as Uint8Array)
  const length = options.length ?? BigInt(payload.length)
  const head = Buffer.alloc(length < 126n ? 2 : length < 65_536n ? 4 : 10)
  head[0] = (isFinal ? 0x80 : 0) | (reserved << 4) | opcode
  const maskBit = isMasked ? 0x80 : 0
  if (head.length === 2) head[1] = maskBit | Number(length)
  else if (head.length === 4) {
    head[1] = maskBit | 126
    head.writeUInt16BE(Number(length), 2)
  } else {
    head[1] = maskBit | 127
    head.writeBigUInt64BE(length, 2)
  }
  if (!isMasked) return Buffer.concat([head, payload])
  const mask = randomBytes(4)
  return Buffer.concat([head, mask, payload.map((byte, i) => byte ^ (mask[i % 4] as number))])
}

/** TCP bytes as they are: what no WebSocket library would send, and all that comes back. */
export class RawSocket {
  readonly socket: Socket
  isEnded = false
  #received: Buffer = Buffer.alloc(0)
  #onChange: (() => void) | undefined

  private constructor(socket: Socket) {
    this.socket = socket
    socket.on("data", (bytes) => {
      this.#received = Buffer.concat([this.#received, bytes as Buffer])
      this.#onChange?.()
    })
    const onEnd = () => {
      this.isEnded = true
      this.#onChange?.()
    }
    socket.on("error", onEnd)
    socket.on("end", onEnd)
    socket.on("close", onEnd)
  }

  /** Resolves once connected. Rejects when nobody listens. */
  static open({ url }: Target): Promise<RawSocket> {
    const { hostname, port } = new URL(url)
    return new Promise((resolve, reject) => {
      const socket = connect({ host: hostname, port: Number(port), noDelay: true }, () =>
        resolve(new RawSocket(socket)),
      )
      socket.once("error", reject)
    })
  }

  /** Opens and asks for `path` as a WebSocket; resolves once the server has agreed. */
  static async upgrade(at: Target, path: string): Promise<RawSocket> {
    const raw = await RawSocket.open(at)
    raw.write(upgradeRequest(path, new URL(at.url).host))
    await raw.waits(() => raw.isEnded || raw.text.includes("\r\n\r\n"), upgradeMs)
    if (!raw.text.startsWith("HTTP/1.1 101")) throw new Error(`no upgrade: ${raw.text.slice(0, 200)}`)
    return raw
  }

  /** Everything received so far. */
  get text(): string {
    return this.#received.toString("latin1")
  }

  /** Resolves as soon as `holds`, looking whenever something arrives; or after `timeoutMs`. */
  waits(holds: () => boolean, timeoutMs: number): Promise<void> {
    if (holds()) return Promise.resolve()
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer)
        this.#onChange = undefined
        resolve()
      }
      const timer = setTimeout(() => done(), timeoutMs)
      this.#onChange = () => holds() && done()
    })
  }

  write(bytes: string | Uint8Array): void {
    if (!this.isEnded) this.socket.write(bytes)
  }

  /** The server's frames so far, after its answer to the upgrade. */
  frames(): RawFrame[] {
    const frames: RawFrame[] = []
    let at = this.#received.indexOf("\r\n\r\n") + 4
    if (at === 3) return frames
    const bytes = this.#received
    while (at + 2 <= bytes.length) {
      const opcode = (bytes[at] as number) & 0x0f
      let length = (bytes[at + 1] as number) & 0x7f
      let start = at + 2
      if (length === 126) {
        if (start + 2 > bytes.length) break
        length = bytes.readUInt16BE(start)
        start += 2
      } else if (length === 127) {
        if (start + 8 > bytes.length) break
        length = Number(bytes.readBigUInt64BE(start))
        start += 8
      }
      if (start + length > bytes.length) break
      frames.push({ opcode, payload: bytes.subarray(start, start + length) })
      at = start + length
    }
    return frames
  }

  /** What its text frames say. */
  texts(): string[] {
    return this.frames().flatMap((f) => (f.opcode === 1 ? [f.payload.toString()] : []))
  }

  /** The code of the server's close frame; 1005 for one without a code. */
  closeCode(): number | undefined {
    const close = this.frames().find((f) => f.opcode === 8)
    return close && (close.payload.length >= 2 ? close.payload.readUInt16BE(0) : 1005)
  }

  end(): void {
    this.socket.destroy()
    this.isEnded = true
  }
}

export const upgradeRequest = (path: string, host: string, more = ""): string =>
  `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
  `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${randomBytes(16).toString("base64")}\r\n${more}\r\n`
