import { createHmac, timingSafeEqual } from "node:crypto"
import type { Batch, BusListener } from "./bus.ts"

/**
 * What nodes say to one another in one tick, as one text. The first line is `<node> <count>`, where `count` goes up by
 * one with everything this node says on the same line, so that whoever listens knows what was lost. Then records:
 *
 *     b <channel> <first seq> <last seq> <bytes>     entries: the frames, a line each
 *     p <channel> <bytes>                            passing: one frame
 *     n                                              a nudge
 *
 * Frames are JSON, and so without line breaks of their own; `<bytes>` lets a node step over what it does not need.
 */
export class PacketWriter {
  #records: string[] = []

  get isEmpty(): boolean {
    return this.#records.length === 0
  }

  batch({ roomId, firstSeq, lastSeq, frames }: Batch): void {
    const body = frames.join("\n")
    this.#records.push(`b ${roomId} ${firstSeq} ${lastSeq} ${Buffer.byteLength(body)}\n${body}\n`)
  }

  passing(channel: string, frame: string): void {
    this.#records.push(`p ${channel} ${Buffer.byteLength(frame)}\n${frame}\n`)
  }

  nudge(): void {
    if (!this.#records.includes(NUDGE)) this.#records.push(NUDGE)
  }

  /** The packet; what comes next begins another. */
  take(node: string, count: number): string {
    const packet = `${node} ${count}\n${this.#records.join("")}`
    this.#records = []
    return packet
  }
}

const NUDGE = "n\n"
const NEWLINE = 10

/** Who says a packet, and which of theirs it is. */
export interface PacketHead {
  readonly node: string
  readonly count: number
}

/** Undefined for what is no packet of ours. */
export function headOf(packet: Buffer): PacketHead | undefined {
  const end = packet.indexOf(NEWLINE)
  const [node, count, ...rest] = packet.toString("latin1", 0, Math.max(0, end)).split(" ")
  return node && isCount(count) && rest.length === 0 ? { node, count: Number(count) } : undefined
}

/** Tells `listener` what a packet says of channels it wants; false when the packet is not whole. */
export function readPacket(
  packet: Buffer,
  wants: (channel: string) => boolean,
  listener: Pick<BusListener, "onBatch" | "onPassing" | "onNudge">,
): boolean {
  for (let at = packet.indexOf(NEWLINE) + 1; at < packet.length; ) {
    const end = packet.indexOf(NEWLINE, at)
    if (end < 0) return false
    const [kind, channel = "", ...numbers] = packet.toString("latin1", at, end).split(" ")
    at = end + 1
    if (kind === "n") {
      listener.onNudge()
      continue
    }
    const size = numbers.at(-1)
    if (!numbers.every(isCount) || numbers.length !== numbersOf[kind ?? ""]) return false
    const bodyEnd = at + Number(size)
    if (packet[bodyEnd] !== NEWLINE) return false
    if (wants(channel)) {
      const body = packet.toString("utf8", at, bodyEnd)
      if (kind === "p") listener.onPassing(channel, body)
      else {
        const [firstSeq, lastSeq] = numbers.map(Number) as [number, number]
        const frames = body.split("\n")
        if (frames.length !== lastSeq - firstSeq + 1) return false
        listener.onBatch({ roomId: channel, firstSeq, lastSeq, frames })
      }
    }
    at = bodyEnd + 1
  }
  return true
}

/** Numbers that follow the channel. */
const numbersOf: Readonly<Record<string, number>> = { b: 3, p: 1 }
const isCount = (text: string | undefined): boolean => text !== undefined && /^\d{1,15}$/.test(text)

const SEAL_HEX = 32

/** A packet with a proof, in front, that whoever says it knows the nodes' common key. */
export const sealed = (packet: string, key: Uint8Array): string =>
  createHmac("sha256", key).update(packet).digest("hex").slice(0, SEAL_HEX) + packet

/** The packet, when its proof is right; undefined for what anyone else may have said. */
export function unsealed(bytes: Buffer, key: Uint8Array): Buffer | undefined {
  const packet = bytes.subarray(SEAL_HEX)
  const proof = Buffer.from(createHmac("sha256", key).update(packet).digest("hex").slice(0, SEAL_HEX))
  const given = bytes.subarray(0, SEAL_HEX)
  return given.length === SEAL_HEX && timingSafeEqual(given, proof) ? packet : undefined
}
