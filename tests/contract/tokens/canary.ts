import { randomBytes } from "node:crypto"

/** All canaries begin so. Hexadecimal, so that they fit where only that is read. */
const mark = "cafe5eed0ff1ce"

/** Strings that are nowhere but in the tokens they were put into. */
export class Canaries {
  count = 0

  /** A new one, of `chars` characters. */
  next(chars = 40): string {
    this.count++
    return (mark + this.count.toString(16).padStart(4, "0") + randomBytes(128).toString("hex")).slice(
      0,
      chars,
    )
  }
}

/** The mark as it is, in capitals, and as it stands inside of Base64, which depends on what stands before it. */
const forms = [
  Buffer.from(mark),
  Buffer.from(mark.toUpperCase()),
  Buffer.from(mark, "hex"),
  ...[0, 1, 2].flatMap((offset) => {
    const text = Buffer.from(`${"x".repeat(offset)}${mark}`).toString("base64url")
    // The letters on either edge also hold bits of what stands beside it.
    const inner = Buffer.from(
      text.slice(offset === 0 ? 0 : offset + 1, -1 - ((mark.length + offset) % 3 ? 1 : 0)),
    )
    return [inner]
  }),
]

/** Where canaries are in `bytes`, with a little of what is around; at most ten. */
export function canariesIn(bytes: Buffer | string): string[] {
  const all = Buffer.from(bytes as Buffer)
  const found: string[] = []
  for (const form of forms)
    for (let at = all.indexOf(form); at >= 0 && found.length < 10; at = all.indexOf(form, at + 1))
      found.push(all.toString("latin1", Math.max(0, at - 80), at + 60))
  return found
}
