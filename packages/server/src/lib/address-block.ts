import { isIP } from "node:net"

/**
 * Whom an address stands for when someone's tries are counted: an IPv4 address itself, and of IPv6 the first 64 bits,
 * since whoever has one address there has all of its network (RFC 6177). Text that is no address is left as it is.
 */
export function addressBlock(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1]
  if (mapped !== undefined) return mapped
  if (isIP(address) !== 6) return address
  const [head = "", tail] = address.replace(/%.*$/, "").toLowerCase().split("::")
  const before = head === "" ? [] : head.split(":")
  const after = tail === undefined || tail === "" ? [] : tail.split(":")
  // The last 32 bits may be written as IPv4: they count as two groups, and are not of the network.
  const given = before.length + after.length + (address.includes(".") ? 1 : 0)
  const groups = [...before, ...Array<string>(Math.max(0, 8 - given)).fill("0"), ...after]
  return `${groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(":")}::/64`
}
