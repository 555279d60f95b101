import { describe, expect, test } from "bun:test"
import { encodeFrame, encodeText, mask, opcodes, readDigits, readFrames, stampDigits } from "./frame.ts"

function unmask(bytes: Uint8Array, payloadAt: number): string {
  return new TextDecoder().decode(bytes.slice(payloadAt).map((byte, i) => byte ^ mask[i & 3]!))
}

function serverFrame(payload: string, opcode: number = opcodes.text): Buffer {
  const body = Buffer.from(payload)
  if (body.length < 126) return Buffer.concat([Buffer.from([0x80 | opcode, body.length]), body])
  if (body.length <= 0xffff) {
    return Buffer.concat([Buffer.from([0x80 | opcode, 126, body.length >> 8, body.length & 0xff]), body])
  }
  const head = Buffer.alloc(10)
  head[0] = 0x80 | opcode
  head[1] = 127
  head.writeBigUInt64BE(BigInt(body.length), 2)
  return Buffer.concat([head, body])
}

function collect(chunks: Buffer[]): [number, string][] {
  const seen: [number, string][] = []
  const to = { carry: null }
  for (const chunk of chunks) {
    readFrames(to, chunk, (_, opcode, bytes, start, end) => {
      seen.push([opcode, bytes.toString("utf8", start, end)])
    })
  }
  expect(to.carry).toBeNull()
  return seen
}

describe("client frames", () => {
  test("a short and a long text come back unchanged when unmasked", () => {
    const short = encodeText("hello")
    expect([...short.slice(0, 2)]).toEqual([0x81, 0x85])
    expect(unmask(short, 6)).toBe("hello")
    const long = encodeText("x".repeat(300))
    expect([...long.slice(0, 4)]).toEqual([0x81, 0xfe, 1, 44])
    expect(unmask(long, 8)).toBe("x".repeat(300))
  })

  test("no mask byte is zero", () => {
    expect(mask.every((byte) => byte !== 0)).toBe(true)
  })

  test("digits stamped into a masked frame read back from its payload", () => {
    const frame = encodeFrame(opcodes.text, new TextEncoder().encode('{"a":"~00000000"}'))
    stampDigits(frame, 7, 8, 1_234_567)
    expect(unmask(frame.bytes, frame.payloadAt)).toBe('{"a":"~01234567"}')
    stampDigits(frame, 7, 8, 0)
    expect(unmask(frame.bytes, frame.payloadAt)).toBe('{"a":"~00000000"}')
    expect(readDigits(Buffer.from("ab0001234567890"), 2, 13)).toBe(1_234_567_890)
  })

  test("a payload the two-byte length cannot hold is refused", () => {
    expect(() => encodeFrame(opcodes.text, new Uint8Array(65_536))).toThrow(RangeError)
  })
})

describe("server frames", () => {
  const texts = ["", "one", "x".repeat(125), "y".repeat(126), "z".repeat(70_000), "last"]
  const stream = Buffer.concat(texts.map((text) => serverFrame(text)))

  test("every length form is read from one chunk", () => {
    expect(collect([stream])).toEqual(texts.map((text) => [1, text]))
  })

  test("any cut of the stream gives the same frames", () => {
    const small = Buffer.concat([
      serverFrame("a".repeat(130)),
      serverFrame("", opcodes.ping),
      serverFrame("b"),
    ])
    const expected = [
      [1, "a".repeat(130)],
      [9, ""],
      [1, "b"],
    ]
    for (let cut = 1; cut < small.length; cut++) {
      expect(collect([small.subarray(0, cut), small.subarray(cut)])).toEqual(expected as [number, string][])
    }
    expect(collect([...small].map((byte) => Buffer.from([byte])))).toEqual(expected as [number, string][])
  })

  test("a masked frame is an error", () => {
    expect(() => collect([Buffer.from(encodeText("no"))])).toThrow(RangeError)
  })
})
