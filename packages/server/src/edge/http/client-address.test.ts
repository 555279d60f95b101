import { expect, test } from "bun:test"
import { clientAddress } from "./client-address.ts"

const peer = "10.0.0.9"
const from = (told: string | null, hops: number) =>
  clientAddress(new Headers(told === null ? {} : { "x-forwarded-for": told }), peer, hops)

test("without a proxy nothing that a client says changes where it comes from", () => {
  for (const told of [null, "1.2.3.4", "1.2.3.4, 5.6.7.8", "", ",,,", "10.0.0.9"])
    expect(from(told, 0)).toBe(peer)
})

test("behind proxies it is whom the outermost of ours was asked by, whatever stands left of it", () => {
  expect(from("1.2.3.4", 1)).toBe("1.2.3.4")
  for (const forged of ["9.9.9.9", "9.9.9.9, 8.8.8.8", "unknown", "::1", ""])
    expect(from(`${forged}, 1.2.3.4`, 1)).toBe("1.2.3.4")
  expect(from("9.9.9.9, 1.2.3.4, 10.0.0.1", 2)).toBe("1.2.3.4")
  expect(from("2001:db8::1", 1)).toBe("2001:db8::1")
})

test("what is no address, or missing, is the peer's", () => {
  for (const told of [null, "", "unknown", "1.2.3.4.5", "1.2.3.4:80", "_hidden"])
    expect(from(told, 1)).toBe(peer)
  expect(from("1.2.3.4", 2)).toBe(peer)
})
