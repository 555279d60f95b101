import { describe, expect, test } from "bun:test"
import fc from "fast-check"
import type { Batch } from "./bus.ts"
import { headOf, PacketWriter, readPacket } from "./wire.ts"

type Said =
  | { kind: "batch"; batch: Batch }
  | { kind: "passing"; channel: string; frame: string }
  | { kind: "nudge" }

const channel = fc.uuid()
const frame = fc.string({ unit: "binary" }).map((text) => JSON.stringify(text))
const said: fc.Arbitrary<Said> = fc.oneof(
  fc
    .tuple(channel, fc.nat(1e9), fc.array(frame, { minLength: 1, maxLength: 5 }))
    .map(([roomId, firstSeq, frames]): Said => {
      return { kind: "batch", batch: { roomId, firstSeq, lastSeq: firstSeq + frames.length - 1, frames } }
    }),
  fc.tuple(channel, frame).map(([channel, frame]): Said => ({ kind: "passing", channel, frame })),
  fc.constant<Said>({ kind: "nudge" }),
)

function written(all: readonly Said[]): Buffer {
  const writer = new PacketWriter()
  for (const one of all)
    if (one.kind === "batch") writer.batch(one.batch)
    else if (one.kind === "passing") writer.passing(one.channel, one.frame)
    else writer.nudge()
  return Buffer.from(writer.take("node-1", 7))
}

function read(packet: Buffer, wants: (channel: string) => boolean = () => true) {
  const heard: Said[] = []
  const isWhole = readPacket(packet, wants, {
    onBatch: (batch) => heard.push({ kind: "batch", batch }),
    onPassing: (channel, frame) => heard.push({ kind: "passing", channel, frame }),
    onNudge: () => heard.push({ kind: "nudge" }),
  })
  return { heard, isWhole }
}

/** One nudge says as much as many. */
const onceNudged = (all: readonly Said[]) =>
  all.filter((one, i) => one.kind !== "nudge" || all.findIndex(({ kind }) => kind === "nudge") === i)

describe("a packet between nodes", () => {
  test("says what was written into it, in order, of the channels that are wanted", () => {
    fc.assert(
      fc.property(
        fc.array(said, { maxLength: 20 }),
        fc.array(fc.boolean(), { minLength: 20 }),
        (all, odds) => {
          const packet = written(all)
          expect(headOf(packet)).toEqual({ node: "node-1", count: 7 })
          expect(read(packet)).toEqual({ heard: onceNudged(all), isWhole: true })
          const channels = new Set(all.flatMap((one, i) => (odds[i] ? [channelOf(one)] : [])))
          const wanted = onceNudged(all).filter((one) => one.kind === "nudge" || channels.has(channelOf(one)))
          expect(read(packet, (name) => channels.has(name))).toEqual({ heard: wanted, isWhole: true })
        },
      ),
    )
  })

  test("that was cut or made by someone else is not whole, and never throws", () => {
    fc.assert(
      fc.property(fc.array(said, { minLength: 1, maxLength: 5 }), fc.nat(), (all, at) => {
        const packet = written(all)
        const cut = packet.subarray(0, at % packet.length)
        const { heard } = read(cut)
        // Whatever was read of it before the cut was said.
        expect(onceNudged(all).slice(0, heard.length)).toEqual(heard)
      }),
    )
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => void [headOf(Buffer.from(bytes)), read(Buffer.from(bytes))]),
    )
    for (const text of ["", "node", "node x\n", "no de 1\n", " 1\n"])
      expect(headOf(Buffer.from(text))).toBeUndefined()
  })
})

const channelOf = (one: Said): string =>
  one.kind === "batch" ? one.batch.roomId : one.kind === "passing" ? one.channel : ""
