import type { Socket } from "bun"
import { type Carry, encodeFrame, encodeText, opcodes, readFrames } from "./frame.ts"
import { contentMark, refMark, type Wire } from "./wire.ts"

/** One raw client connection; small, because a process holds ten thousand of them. */
export interface Connection extends Carry {
  readonly swarm: Company
  readonly user: string
  readonly room: string
  socket: Socket<Connection> | null
  state: "opening" | "upgraded" | "joined" | "closed"
  unsent: Buffer | null
  /** Called once: true when joined, false when the connection ended before. */
  settle: ((joined: boolean) => void) | null
}

/** Who hears what the connections receive. Bytes are valid during the call only. */
export interface Listener {
  onDelivery(bytes: Uint8Array, at: number, nowUs: number): void
  onAck(connection: Connection, bytes: Uint8Array, at: number, nowUs: number): void
  /** Every text frame, before anything else is done with it; null keeps the hot path free of it. */
  onText: ((connection: Connection, text: string) => void) | null
}

/** What the connections of one swarm share. */
export interface Company {
  readonly wire: Wire
  readonly listener: Listener
  readonly errors: string[]
  errorCount: number
  /** Connections the server ended; those we ended ourselves do not count. */
  lostCount: number
  nowUs: number
  // Where in a frame the marks were last seen: servers put them in a fixed place, so most frames need one look.
  eventAt: number
  ackAt: number
  ackTypeAt: number
}

const unsentBytesMax = 1_048_576
const errorsKeptMax = 5

/** Sends bytes that are a whole frame; what the socket does not take waits. A reader 1 MB behind is an error. */
export function sendFrame(connection: Connection, bytes: Uint8Array): void {
  const { socket, swarm } = connection
  if (socket === null) return
  if (connection.unsent !== null) {
    if (connection.unsent.length > unsentBytesMax) keepError(swarm, "the server does not read what we send")
    else connection.unsent = Buffer.concat([connection.unsent, bytes])
    return
  }
  const wrote = Math.max(0, socket.write(bytes))
  if (wrote < bytes.length) connection.unsent = Buffer.from(bytes.subarray(wrote))
}

/** Ends a connection with a reset; it does not count as lost. */
export function closeConnection(connection: Connection): void {
  connection.state = "closed"
  connection.socket?.terminate()
  settle(connection, false)
}

/** What Bun calls for every connection of every swarm. */
export const socketHandler = {
  binaryType: "buffer" as const,
  open(socket: Socket<Connection>) {
    const connection = socket.data
    connection.socket = socket
    if (connection.state === "closed") {
      socket.terminate()
      return
    }
    const path = connection.swarm.wire.path
      .replace("{user}", connection.user)
      .replace("{room}", connection.room)
    socket.write(
      `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
        "Sec-WebSocket-Key: AAECAwQFBgcICQoLDA0ODw==\r\nSec-WebSocket-Version: 13\r\n\r\n",
    )
  },
  data(socket: Socket<Connection>, chunk: Buffer) {
    const connection = socket.data
    connection.swarm.nowUs = performance.now() * 1000
    try {
      if (connection.state === "opening") readUpgrade(connection, chunk)
      else readFrames(connection, chunk, hear)
    } catch (error) {
      keepError(connection.swarm, String(error))
      closeConnection(connection)
    }
  },
  drain(socket: Socket<Connection>) {
    const connection = socket.data
    const { unsent } = connection
    if (unsent === null) return
    connection.unsent = null
    sendFrame(connection, unsent)
  },
  close(socket: Socket<Connection>) {
    const connection = socket.data
    connection.socket = null
    if (connection.state === "joined") connection.swarm.lostCount++
    connection.state = "closed"
    settle(connection, false)
  },
  error() {},
}

function readUpgrade(connection: Connection, chunk: Buffer): void {
  const bytes = connection.carry === null ? chunk : Buffer.concat([connection.carry, chunk])
  connection.carry = null
  const end = bytes.indexOf("\r\n\r\n")
  if (end < 0) {
    connection.carry = Buffer.from(bytes)
    return
  }
  const status = bytes.toString("latin1", 0, bytes.indexOf("\r\n"))
  if (!status.startsWith("HTTP/1.1 101")) {
    keepError(connection.swarm, `${status} ${bytes.toString("latin1", end + 4, end + 200)}`)
    closeConnection(connection)
    return
  }
  connection.state = "upgraded"
  for (const text of connection.swarm.wire.afterOpen) sendFrame(connection, encodeText(text))
  if (bytes.length > end + 4) readFrames(connection, bytes.subarray(end + 4), hear)
}

// The hot path: one or two byte comparisons a frame, no text, no JSON.
function hear(connection: Connection, opcode: number, bytes: Buffer, start: number, end: number): void {
  const { swarm } = connection
  if (opcode !== opcodes.text) {
    hearControl(connection, opcode, bytes, start, end)
    return
  }
  if (swarm.listener.onText !== null) swarm.listener.onText(connection, bytes.toString("latin1", start, end))
  const eventAt = start + swarm.eventAt
  if (eventAt < end && bytes[eventAt] === contentMark) {
    swarm.listener.onDelivery(bytes, eventAt + 1, swarm.nowUs)
    return
  }
  const ackAt = start + swarm.ackAt
  if (ackAt < end && bytes[ackAt] === refMark && bytes[start + swarm.ackTypeAt] === 0x61) {
    swarm.listener.onAck(connection, bytes, ackAt + 1, swarm.nowUs)
    return
  }
  hearUnplaced(connection, bytes, start, end)
}

// A frame whose marks are not where the last one's were: look for them, and remember their places.
function hearUnplaced(connection: Connection, bytes: Buffer, start: number, end: number): void {
  const { swarm } = connection
  const text = bytes.toString("latin1", start, end)
  if (text.includes('"type":"error"')) {
    keepError(swarm, text)
    return
  }
  const eventAt = text.indexOf("~")
  if (eventAt >= 0) {
    swarm.eventAt = eventAt
    swarm.listener.onDelivery(bytes, start + eventAt + 1, swarm.nowUs)
    return
  }
  const ackAt = text.indexOf("^")
  const ackTypeAt = text.indexOf('"ack"') + 1
  if (ackAt >= 0 && ackTypeAt > 0) {
    swarm.ackAt = ackAt
    swarm.ackTypeAt = ackTypeAt
    swarm.listener.onAck(connection, bytes, start + ackAt + 1, swarm.nowUs)
    return
  }
  const { heartbeat, ready } = swarm.wire
  if (heartbeat !== null && text === heartbeat.text) sendFrame(connection, encodeText(heartbeat.answer))
  else if (connection.state === "upgraded" && ready.some((mark) => text.includes(mark))) {
    connection.state = "joined"
    settle(connection, true)
  }
}

function hearControl(
  connection: Connection,
  opcode: number,
  bytes: Buffer,
  start: number,
  end: number,
): void {
  if (opcode === opcodes.ping) {
    sendFrame(connection, encodeFrame(opcodes.pong, bytes.subarray(start, end)).bytes)
    return
  }
  if (opcode === opcodes.close) {
    const code = end - start >= 2 ? bytes.readUInt16BE(start) : 1005
    keepError(connection.swarm, `closed by the server: ${code} ${bytes.toString("utf8", start + 2, end)}`)
    return
  }
  if (opcode !== opcodes.pong) keepError(connection.swarm, `a frame of opcode ${opcode}`)
}

function settle(connection: Connection, joined: boolean): void {
  const { settle } = connection
  connection.settle = null
  settle?.(joined)
}

function keepError(swarm: Company, text: string): void {
  swarm.errorCount++
  if (swarm.errors.length < errorsKeptMax) swarm.errors.push(text.slice(0, 300))
}
