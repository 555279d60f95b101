import { describe, expect, test } from "bun:test"
import { redisAddressOf } from "./redis-address.ts"

const plain = { master: undefined, username: undefined, password: undefined, db: 0, tls: false }
const at = (host: string, port: number) => ({ host, port })

describe("where Redis is", () => {
  test("is read in every form", () => {
    const one = { ...plain, kind: "one" as const }
    const cases: [string, ReturnType<typeof redisAddressOf>][] = [
      ["cache:6380", { ...one, hosts: [at("cache", 6380)] }],
      ["redis://10.0.0.1", { ...one, hosts: [at("10.0.0.1", 6379)] }],
      ["redis://[::1]:7000/3", { ...one, hosts: [at("::1", 7000)], db: 3 }],
      ["rediss://:s%2Fe@cache", { ...one, hosts: [at("cache", 6379)], password: "s/e", tls: true }],
      [
        "redis+sentinel://ann:pw@s1,s2:26380/main/2",
        {
          ...plain,
          ...{ kind: "sentinel", hosts: [at("s1", 26379), at("s2", 26380)], master: "main" },
          ...{ username: "ann", password: "pw", db: 2 },
        },
      ],
      [
        "rediss+cluster://a:1,b",
        { ...plain, kind: "cluster", hosts: [at("a", 1), at("b", 6379)], tls: true },
      ],
    ]
    for (const [text, address] of cases) expect([text, redisAddressOf(text)]).toEqual([text, address])
  })

  test("is not guessed", () => {
    const wrong = [
      ...["", "http://cache", "redis://", "redis://a,b", "redis://a:0", "redis://a:65536", "redis://a/x"],
      ...[
        "redis+sentinel://a",
        "redis+cluster://a,b/1",
        "redis://a b",
        "redis://a/1/2",
        "redis://a?b=c",
        "redis://:100%x@a",
      ],
    ]
    for (const text of wrong) expect([text, redisAddressOf(text)]).toEqual([text, undefined])
  })
})
