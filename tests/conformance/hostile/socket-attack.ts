import { closeTable, errorEvent, eventSchemas, type FrameType, frameSchemas, limits } from "@klatch/protocol"
import { type RawFrameOptions, RawSocket, rawFrame } from "../raw-socket.ts"
import type { Target } from "../target.ts"
import type { Chance } from "./chance.ts"
import { hostileObject, letters } from "./value.ts"

/** What one attack did and what was wrong with the answer. */
export interface Outcome {
  readonly inputs: number
  readonly faults: readonly string[]
}

const answerMs = 20_000
const frameTypes = Object.keys(frameSchemas) as FrameType[]
const contractCodes = new Set<number>(Object.values(closeTable).map(({ code }) => code))
const names = ["mallory", "trudy", "oscar", "sybil"]
const rooms = ["lobby", "den", "attic"]

const fieldsOf = (type: FrameType): string[] =>
  Object.keys((frameSchemas[type] as unknown as { shape: Record<string, unknown> }).shape).filter(
    (field) => field !== "type",
  )

/** The payload of a text frame: mostly a frame of the contract with something wrong. */
function hostilePayload(chance: Chance): string {
  const type = chance.pick(frameTypes)
  const told = chance.once(20) ? JSON.stringify(letters(chance, 5)) : `"${type}"`
  const text = hostileObject(chance, fieldsOf(type), [`"type":${told}`])
  if (chance.once(100)) return text + " ".repeat(chance.pick([65_536, 131_072, 200_000]))
  return text
}

function pathOf(chance: Chance): string {
  const user = `user=${chance.pick(names)}`
  const room = chance.pick(rooms)
  return chance.pick([
    `/ws?${user}`,
    `/ws?${user}&room_id=${room}`,
    `/chat?r=${room}&u=${chance.pick(names)}`,
    "/ws",
    `/ws?${user}&subscribe=none`,
  ])
}

/** Frames that keep the rules of WebSocket, whatever they say: each gets an answer, or an end that has a reason. */
export async function wellFormed(chance: Chance, at: Target): Promise<Outcome> {
  const raw = await RawSocket.upgrade(at, pathOf(chance))
  const way = chance.pick(["whole", "whole", "fragments", "bytes"] as const)
  const inputs = way === "whole" ? chance.int(10, 40) : chance.int(2, 6)
  const sent: string[] = []
  for (let i = 0; i < inputs && !raw.isEnded; i++) {
    const payload = way === "whole" ? hostilePayload(chance) : short(chance)
    sent.push(payload)
    if (way === "whole") raw.write(rawFrame(payload, { opcode: chance.once(15) ? 2 : 1 }))
    else if (way === "fragments") for (const part of fragments(payload)) raw.write(part)
    else for (const byte of rawFrame(payload)) raw.write(Uint8Array.of(byte))
    if (chance.once(10))
      raw.write(rawFrame(chance.bytes(chance.int(0, 125)), { opcode: chance.pick([9, 10]) }))
  }
  raw.write(rawFrame('{"type":"ping","ref":"the-end"}'))
  await raw.waits(() => raw.isEnded || raw.closeCode() !== undefined || hasEnd(raw), answerMs)
  const faults = answerFaults(raw, sent)
  raw.end()
  return { inputs, faults }
}

const hasEnd = (raw: RawSocket) => raw.texts().some((text) => text.includes('"the-end"'))

function short(chance: Chance): string {
  const text = hostilePayload(chance)
  return text.length <= 300 ? text : text.slice(0, 300)
}

/** One message in fragments of one byte each, now and then with an empty one or a ping between. */
function fragments(payload: string): Buffer[] {
  const bytes = Buffer.from(payload)
  if (bytes.length < 2) return [rawFrame(bytes)]
  return [...bytes].map((byte, i) =>
    rawFrame(Uint8Array.of(byte), { opcode: i === 0 ? 1 : 0, isFinal: i === bytes.length - 1 }),
  )
}

function answerFaults(raw: RawSocket, sent: readonly string[]): string[] {
  const code = raw.closeCode()
  const faults = raw.texts().flatMap((text) => eventFault(text))
  if (code !== undefined && !contractCodes.has(code)) faults.push(`closed with ${code}`)
  // Past twice the limit the server reads no further: TCP then resets, and the close frame may be lost with it.
  const mayBeCut = sent.some((text) => Buffer.byteLength(text) > limits.frameBytesMax * 2)
  if (code === undefined && !hasEnd(raw) && !(raw.isEnded && mayBeCut)) {
    const why = raw.isEnded ? "the connection broke without a close frame" : `no answer in ${answerMs} ms`
    const sizes = sent.map((text) => Buffer.byteLength(text)).join(" ")
    const heard = raw.texts().map((text) => text.slice(0, 100))
    const said = sent.map((text) => text.slice(0, 50))
    faults.push(`${why} after ${sizes} bytes of ${said}; heard ${heard.length}, last ${heard.slice(-3)}`)
  }
  if (
    code === closeTable.frame_too_big.code &&
    !sent.some((text) => Buffer.byteLength(text) > limits.frameBytesMax)
  )
    faults.push("closed as too big without a frame that was")
  return faults
}

/** What is wrong with an event: its shape, or that it says the server failed. */
function eventFault(text: string): string[] {
  const event = JSON.parse(text) as { type: string; code?: string }
  if (event.code === "internal" || event.code === "unavailable") return [text]
  if (event.type === "error" && !errorEvent.safeParse(event).success) return [`not of the contract: ${text}`]
  if (!Object.hasOwn(eventSchemas, event.type)) return [`unknown event: ${text}`]
  const checked = eventSchemas[event.type as keyof typeof eventSchemas].safeParse(event)
  return checked.success ? [] : [`not of the contract: ${text.slice(0, 500)}`]
}

/** Bytes that break the rules of WebSocket: the connection may end at once, and nothing else may. */
export async function violation(chance: Chance, at: Target): Promise<Outcome> {
  const raw = await RawSocket.upgrade(at, pathOf(chance))
  const inputs = chance.int(1, 4)
  for (let i = 0; i < inputs && !raw.isEnded; i++) raw.write(brokenBytes(chance))
  raw.write(rawFrame('{"type":"ping","ref":"the-end"}'))
  // Whether these bytes leave the stream readable is chance: the server may answer, close, or wait for more.
  await raw.waits(() => raw.isEnded || raw.closeCode() !== undefined || hasEnd(raw), 100)
  const faults = raw.texts().flatMap((text) => eventFault(text))
  raw.end()
  return { inputs, faults }
}

function brokenBytes(chance: Chance): Uint8Array {
  const payload = chance.bytes(chance.int(0, 200))
  const options: RawFrameOptions[] = [
    { opcode: chance.int(3, 7) },
    { opcode: chance.int(11, 15) },
    { isMasked: false },
    { reserved: chance.int(1, 7) },
    { opcode: 0 },
    { opcode: 9, isFinal: false },
    { opcode: 8 },
    { opcode: 1 },
    { opcode: 1, isFinal: false },
    { opcode: 2, isFinal: false },
    { length: BigInt(chance.int(0, 2 ** 32)) },
    { length: 2n ** 63n - 1n },
    { length: 2n ** 64n - 1n },
    { opcode: 9, length: 126n },
  ]
  if (chance.once(6)) return chance.bytes(chance.int(1, 2_000))
  const frame = rawFrame(
    chance.once(4) ? Uint8Array.of(0xc3, 0x28, 0xff, 0xed, 0xa0, 0x80) : payload,
    chance.pick(options),
  )
  return chance.once(6) ? frame.subarray(0, chance.int(1, frame.length)) : frame
}
