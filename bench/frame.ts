/** The mask every client frame of the generator carries: never zero, so that servers really unmask. */
export const mask = Uint8Array.of(0x5a, 0xc3, 0x17, 0x88)

export const opcodes = { text: 0x1, close: 0x8, ping: 0x9, pong: 0xa } as const

/** One masked client frame, with where its payload begins. */
export interface ClientFrame {
  bytes: Uint8Array
  payloadAt: number
}

/** Encodes one whole masked client frame; a payload may hold up to 65,535 bytes. Throws RangeError above. */
export function encodeFrame(opcode: number, payload: Uint8Array): ClientFrame {
  const length = payload.length
  if (length > 0xffff) throw new RangeError(`a client frame of ${length} bytes`)
  const payloadAt = length < 126 ? 6 : 8
  const bytes = new Uint8Array(payloadAt + length)
  bytes[0] = 0x80 | opcode
  if (length < 126) {
    bytes[1] = 0x80 | length
  } else {
    bytes[1] = 0x80 | 126
    bytes[2] = length >> 8
    bytes[3] = length & 0xff
  }
  bytes.set(mask, payloadAt - 4)
  for (let i = 0; i < length; i++) bytes[payloadAt + i] = payload[i]! ^ mask[i & 3]!
  return { bytes, payloadAt }
}

/** Encodes one masked text frame. Throws RangeError above 65,535 bytes. */
export function encodeText(text: string): Uint8Array {
  return encodeFrame(opcodes.text, new TextEncoder().encode(text)).bytes
}

/** Writes `value` as `width` decimal digits at `offset` of the payload of a masked frame, in place. */
export function stampDigits(frame: ClientFrame, offset: number, width: number, value: number): void {
  let rest = value
  for (let i = offset + width - 1; i >= offset; i--) {
    const next = Math.floor(rest / 10)
    frame.bytes[frame.payloadAt + i] = (0x30 + rest - next * 10) ^ mask[i & 3]!
    rest = next
  }
}

/** Reads `width` decimal digits at `at`; what is no digit gives a wrong number, not an error. */
export function readDigits(bytes: Uint8Array, at: number, width: number): number {
  let value = 0
  for (let i = at; i < at + width; i++) value = value * 10 + bytes[i]! - 0x30
  return value
}

/** What stays of a chunk that ended inside a frame; null between frames. */
export interface Carry {
  carry: Buffer | null
}

/** Called per frame with the bytes of its payload, `[start, end)` of `bytes`; they are only valid during the call. */
export type OnFrame<T> = (to: T, opcode: number, bytes: Buffer, start: number, end: number) => void

/**
 * Cuts a chunk of a server's stream into frames. Reads headers only; payloads are handed on in place.
 * A frame cut by the chunk's end is kept in `to.carry` and finished by the next chunk.
 * Fragmented messages come out as their fragments (continuation opcode 0). Throws RangeError at a masked frame,
 * which no server may send: the stream is out of step.
 */
export function readFrames<T extends Carry>(to: T, chunk: Buffer, onFrame: OnFrame<T>): void {
  let bytes = chunk
  if (to.carry !== null) {
    bytes = Buffer.concat([to.carry, chunk])
    to.carry = null
  }
  const total = bytes.length
  let at = 0
  while (total - at >= 2) {
    const second = bytes[at + 1]!
    if (second > 127) throw new RangeError("a masked frame from the server")
    let start = at + 2
    let length = second
    if (second === 126) {
      if (total - at < 4) break
      length = (bytes[at + 2]! << 8) | bytes[at + 3]!
      start = at + 4
    } else if (second === 127) {
      if (total - at < 10) break
      length = bytes.readUInt32BE(at + 2) * 2 ** 32 + bytes.readUInt32BE(at + 6)
      start = at + 10
    }
    if (start + length > total) break
    onFrame(to, bytes[at]! & 0x0f, bytes, start, start + length)
    at = start + length
  }
  if (at < total) to.carry = Buffer.from(bytes.subarray(at))
}
