import { type KeyObject, sign } from "node:crypto"

/** A certificate that `privateKey` signs for itself (RFC 5280), in DER: what an `x5c` header brings along. */
export function selfSigned({
  privateKey,
  publicKey,
}: {
  privateKey: KeyObject
  publicKey: KeyObject
}): Buffer {
  const sha256WithRsa = sequence(
    tagged(6, Buffer.from("2a864886f70d01010b", "hex")),
    tagged(5, Buffer.alloc(0)),
  )
  const commonName = sequence(tagged(6, Buffer.from("550403", "hex")), tagged(12, Buffer.from("issuer")))
  const name = sequence(tagged(0x31, commonName))
  const time = (text: string) => tagged(23, Buffer.from(text))
  const body = sequence(
    tagged(0xa0, tagged(2, Buffer.from([2]))),
    tagged(2, Buffer.from([1])),
    sha256WithRsa,
    name,
    sequence(time("200101000000Z"), time("491231235959Z")),
    name,
    publicKey.export({ format: "der", type: "spki" }),
  )
  const signature = Buffer.concat([Buffer.from([0]), sign("sha256", body, privateKey)])
  return sequence(body, sha256WithRsa, tagged(3, signature))
}

const sequence = (...parts: Buffer[]) => tagged(0x30, Buffer.concat(parts))

function tagged(tag: number, content: Buffer): Buffer {
  const { length } = content
  const head =
    length < 128
      ? [tag, length]
      : length < 256
        ? [tag, 0x81, length]
        : [tag, 0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from(head), content])
}
