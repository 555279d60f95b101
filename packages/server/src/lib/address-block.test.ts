import { expect, test } from "bun:test"
import { addressBlock } from "./address-block.ts"

test("an address stands for itself, and an IPv6 one for its network, however it is written", () => {
  const told: Record<string, string> = {
    "203.0.113.7": "203.0.113.7",
    "::ffff:203.0.113.7": "203.0.113.7",
    "2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64",
    "2001:DB8:1:2::": "2001:db8:1:2::/64",
    "2001:0db8:0001:0002::9": "2001:db8:1:2::/64",
    "2001:db8::1": "2001:db8:0:0::/64",
    "2001:db8:1:2::203.0.113.7": "2001:db8:1:2::/64",
    "fe80::1%eth0": "fe80:0:0:0::/64",
    "::1": "0:0:0:0::/64",
    "": "",
    unknown: "unknown",
  }
  for (const [address, block] of Object.entries(told))
    expect([address, addressBlock(address)]).toEqual([address, block])
})
