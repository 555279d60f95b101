import type { Socket } from "node:net"

const HEAD_BYTES = 4
/** Longer than anything that is said in a few ms: what claims more is no packet. */
const PACKET_MAX_BYTES = 64 * 1024 * 1024

/** Calls `onPacket` with each packet that comes over a socket: four bytes of length, big-endian, and the packet. */
export function readPackets(socket: Socket, onPacket: (packet: Buffer) => void): void {
  let chunks: Buffer[] = []
  let [bytes, wanted] = [0, HEAD_BYTES]
  socket.on("data", (chunk: Buffer) => {
    chunks.push(chunk)
    bytes += chunk.length
    if (bytes < wanted) return
    let rest = chunks.length === 1 ? chunk : Buffer.concat(chunks)
    while (rest.length >= HEAD_BYTES) {
      const length = rest.readUInt32BE(0)
      if (length > PACKET_MAX_BYTES) return void socket.destroy()
      if (rest.length < HEAD_BYTES + length) break
      onPacket(rest.subarray(HEAD_BYTES, HEAD_BYTES + length))
      rest = rest.subarray(HEAD_BYTES + length)
    }
    wanted = rest.length < HEAD_BYTES ? HEAD_BYTES : HEAD_BYTES + rest.readUInt32BE(0)
    chunks = rest.length > 0 ? [rest] : []
    bytes = rest.length
  })
}

/** A packet as it goes over a socket. */
export function framed(packet: string | Buffer): Buffer {
  const body = typeof packet === "string" ? Buffer.from(packet) : packet
  const head = Buffer.alloc(HEAD_BYTES)
  head.writeUInt32BE(body.length)
  return Buffer.concat([head, body])
}
