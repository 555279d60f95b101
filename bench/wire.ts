import { type ClientFrame, encodeFrame, opcodes } from "./frame.ts"

/**
 * How to speak to a target, as plain data: it travels to the generator processes.
 * `{user}`, `{room}` and `{content}`, `{ref}` are filled in.
 */
export interface Wire {
  path: string
  /** Text frames to send as soon as the upgrade is answered. */
  afterOpen: string[]
  /** A connection is joined once a frame held one of these texts. */
  ready: string[]
  /** How a client comes back that keeps cursors: it names no room, and resumes. Null when it comes as it first came. */
  back: { path: string; ready: string[] } | null
  send: string
  /** Text the server sends to see whether we live, and the answer; null when it uses WebSocket pings. */
  heartbeat: { text: string; answer: string } | null
  /** A text frame to send now and then, for servers that close the silent; null when none is needed. */
  keepAlive: { text: string; everyMs: number } | null
  /** True when the server acks each message with its `ref`. */
  acks: boolean
}

// Payload stamps: `~` opens the content, `^` the ref; neither occurs anywhere else in a frame.
export const contentMark = 0x7e
export const refMark = 0x5e
export const indexDigits = 8
export const timeDigits = 13

/** A masked frame to send again and again, with the places of what changes. */
export interface SendFrame {
  frame: ClientFrame
  indexAt: number
  timeAt: number
  refAt: number
}

/** Builds the frame a room's members send, content of exactly `contentBytes` bytes. */
export function buildSend(wire: Wire, room: string, contentBytes: number): SendFrame {
  const stamp = `~${"0".repeat(indexDigits + timeDigits)}`
  const content =
    stamp + " the quick brown fox".repeat(Math.ceil(contentBytes / 20)).slice(0, contentBytes - stamp.length)
  const text = wire.send
    .replaceAll("{room}", room)
    .replace("{content}", content)
    .replace("{ref}", `^${"0".repeat(indexDigits)}`)
  const indexAt = text.indexOf("~") + 1
  const refAt = text.indexOf("^")
  return {
    frame: encodeFrame(opcodes.text, new TextEncoder().encode(text)),
    indexAt,
    timeAt: indexAt + indexDigits,
    refAt: refAt < 0 ? -1 : refAt + 1,
  }
}
