import { describe, expect, test } from "bun:test"
import { errors, exportJWK, generateKeyPair, type JWTPayload, SignJWT } from "jose"
import { ManualClock } from "../lib/clock.ts"
import { Issuers } from "./issuers.ts"
import { readToken, type UnverifiedToken } from "./token-reader.ts"

const secret = "a secret of more than enough letters"
const atS = Date.UTC(2030, 0, 1) / 1_000
const key = new TextEncoder().encode(secret)

const signed = (claims: JWTPayload) =>
  new SignJWT({ sub: "ann", ...claims }).setProtectedHeader({ alg: "HS256" }).sign(key)

async function accepts(issuers: Issuers, token: string): Promise<boolean> {
  try {
    await issuers.verify(token, readToken(token) as UnverifiedToken)
    return true
  } catch (error) {
    if (!(error instanceof errors.JOSEError)) throw error
    return false
  }
}

describe("a token of the application's issuer", () => {
  test.each([0, 5, 60])("is good to the second, with a tolerance of %d s", async (toleranceS) => {
    const issuers = new Issuers({ secret, toleranceS, clock: new ManualClock(atS * 1_000 + 400) })
    const good: Record<string, boolean> = {}
    for (const [name, edge] of [
      ["exp", -toleranceS],
      ["nbf", toleranceS],
      ["iat", toleranceS],
    ] as const)
      for (const off of [-1, 0, 1])
        good[`${name} ${off}`] = await accepts(issuers, await signed({ [name]: atS + edge + off }))
    expect(good).toEqual({
      "exp -1": false,
      "exp 0": false,
      "exp 1": true,
      "nbf -1": true,
      "nbf 0": true,
      "nbf 1": false,
      "iat -1": true,
      "iat 0": true,
      "iat 1": false,
    })
  })

  test("says until when it is good by the same tolerance, and in a year that can be told", async () => {
    const clock = new ManualClock(atS * 1_000)
    const issuers = new Issuers({ secret, toleranceS: 7, clock })
    const untilMs = async (exp: number | undefined) => {
      const token = await signed(exp === undefined ? {} : { exp })
      return (await issuers.verify(token, readToken(token) as UnverifiedToken)).untilMs
    }
    expect(await untilMs(atS + 60)).toBe((atS + 67) * 1_000)
    expect(await untilMs(undefined)).toBe(Number.POSITIVE_INFINITY)
    for (const exp of [atS * 1_000, 1e15, 1e300])
      expect(new Date(await untilMs(exp)).toISOString()).toStartWith("9999-12-31")
  })

  test("must end, when a public key signs it; and keys are fetched once for all who come at once", async () => {
    const { publicKey, privateKey } = await generateKeyPair("ES256")
    let fetched = 0
    const issuers = new Issuers({
      jwksUrl: "https://id.example/keys.json",
      toleranceS: 0,
      clock: new ManualClock(atS * 1_000),
      fetch: async () => {
        fetched++
        return Response.json({ keys: [{ ...(await exportJWK(publicKey)), kid: "k" }] })
      },
    })
    const sign = (claims: JWTPayload) =>
      new SignJWT({ sub: "ann", ...claims }).setProtectedHeader({ alg: "ES256", kid: "k" }).sign(privateKey)
    const tokens = await Promise.all([sign({ exp: atS + 1 }), sign({}), sign({ exp: atS })])
    expect(await Promise.all(tokens.map((token) => accepts(issuers, token)))).toEqual([true, false, false])
    expect(fetched).toBe(1)
    expect(await accepts(issuers, await signed({ exp: atS + 60 }))).toBe(false)
  })

  test("[A5] is refused within a minute of its key's end while the provider answers, else later", async () => {
    const keys = await Promise.all(
      ["old", "new"].map(async (kid) => ({ kid, ...(await generateKeyPair("ES256")) })),
    )
    let told = keys
    let provider: "well" | "failing" | "silent" = "well"
    let fetched = 0
    const clock = new ManualClock(atS * 1_000)
    const issuers = new Issuers({
      jwksUrl: "https://id.example/keys.json",
      clock,
      async fetch() {
        fetched++
        if (provider === "failing") throw new TypeError("fetch failed")
        if (provider === "silent") return new Promise(() => {})
        return Response.json({
          keys: await Promise.all(
            told.map(async ({ kid, publicKey }) => ({ ...(await exportJWK(publicKey)), kid })),
          ),
        })
      },
    })
    const [old, next] = await Promise.all(
      keys.map(({ kid, privateKey }) =>
        new SignJWT({ sub: "ann", exp: atS + 9_000 })
          .setProtectedHeader({ alg: "ES256", kid })
          .sign(privateKey),
      ),
    )
    const both = async () => [await accepts(issuers, old as string), await accepts(issuers, next as string)]
    for (let s = 0; s < 60; s += 5, clock.step(5_000)) expect(await both()).toEqual([true, true])
    expect(fetched).toBeLessThanOrEqual(5)
    provider = "failing"
    told = keys.slice(1)
    for (let s = 0; s < 120; s += 5, clock.step(5_000)) expect(await both()).toEqual([true, true])
    provider = "well"
    for (let s = 0; s < 50; s += 5, clock.step(5_000)) await both()
    expect(await both()).toEqual([false, true])
    // Nobody came for long: the first who does is not let in by a key that is gone, and nobody waits for ever.
    told = keys
    clock.step(3_600_000)
    expect(await both()).toEqual([true, true])
    told = keys.slice(1)
    clock.step(60_000)
    expect(await both()).toEqual([false, true])
    provider = "silent"
    clock.step(20_000)
    expect(await both()).toEqual([false, true])
  })
})
