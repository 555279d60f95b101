import { isIP } from "node:net"

/**
 * Where a request comes from. `hops` is how many proxies of ours stand in front (TRUST_PROXY): each adds to the right
 * of X-Forwarded-For whom it was asked by, so that what a client writes there itself is never looked at.
 */
export function clientAddress(headers: Headers, peer: string, hops: number): string {
  if (hops === 0) return peer
  const told = (headers.get("x-forwarded-for") ?? "").split(",").map((item) => item.trim())
  const found = told.at(-hops)
  return found !== undefined && isIP(found) !== 0 ? found : peer
}
