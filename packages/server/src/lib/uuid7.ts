import type { Clock } from "./clock.ts"
import type { Random } from "./random.ts"

const hex = Array.from({ length: 256 }, (_, i) => i.toString(16).padStart(2, "0"))

/** Makes UUIDv7 strings (RFC 9562 section 5.7): ms since the epoch, then 74 random bits. */
export function uuid7Maker(clock: Clock, random: Random): () => string {
  const bytes = new Uint8Array(16)
  return () => {
    random.fill(bytes)
    let ms = clock.now()
    for (let i = 5; i >= 0; i--) {
      bytes[i] = ms % 256
      ms = Math.floor(ms / 256)
    }
    bytes[6] = 0x70 | (bytes[6]! & 0x0f)
    bytes[8] = 0x80 | (bytes[8]! & 0x3f)
    let text = ""
    for (let i = 0; i < 16; i++) {
      text += hex[bytes[i]!]
      if (i === 3 || i === 5 || i === 7 || i === 9) text += "-"
    }
    return text
  }
}
