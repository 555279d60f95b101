import { afterEach, describe, expect, spyOn, test } from "bun:test"
import { AppError } from "../lib/app-error.ts"
import { Passwords } from "./passwords.ts"

const verify = spyOn(Bun.password, "verify")
afterEach(() => void verify.mockClear())

describe("passwords", () => {
  test("are right, wrong, or of nobody; each time one hash is checked that cost the same", async () => {
    const passwords = new Passwords()
    const hash = await passwords.hash("a sentence of one's own")
    const cases: [string, string | undefined, boolean][] = [
      ["a sentence of one's own", hash, true],
      ["another sentence", hash, false],
      ["a sentence of one's own", undefined, false],
      ["", undefined, false],
    ]
    for (const [password, known, isRight] of cases)
      expect(await passwords.isRight(password, known)).toBe(isRight)
    const costs = verify.mock.calls.map(
      ([, checked]) => /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/.exec(String(checked))?.[0],
    )
    expect(costs).toEqual(Array(cases.length).fill("$argon2id$v=19$m=19456,t=2,p=1$"))
    for (const [, checked] of verify.mock.calls) expect(String(checked).length).toBe(hash.length)
  })

  test("are the same however a keyboard composes them, and never alike in their hashes", async () => {
    const passwords = new Passwords()
    const [first, second] = [await passwords.hash("Zo\u00eb's cat"), await passwords.hash("Zo\u00eb's cat")]
    expect(first).not.toBe(second)
    expect(await passwords.isRight("Zoe\u0308's cat", first)).toBe(true)
    expect(await passwords.isRight("zo\u00eb's cat", first)).toBe(false)
  })

  test("are checked two at a time, wait in a queue of 64, and beyond that are told to come back", async () => {
    const passwords = new Passwords()
    const hash = await passwords.hash("a sentence of one's own")
    let running = 0
    let most = 0
    const gates: (() => void)[] = []
    verify.mockImplementation(async () => {
      running++
      most = Math.max(most, running)
      await new Promise<void>((resolve) => gates.push(resolve))
      running--
      return true
    })
    const all = Array.from({ length: 67 }, () =>
      passwords.isRight("x", hash).catch((error: unknown) => error),
    )
    const refused = (await Promise.race(all)) as AppError
    expect(refused).toBeInstanceOf(AppError)
    expect([refused.code, refused.retryAfterMs]).toEqual(["unavailable", 1_000])
    for (let done = 0; done < 66; ) {
      const gate = gates.shift()
      if (gate) done++
      gate?.()
      await Promise.resolve()
    }
    const answers = await Promise.all(all)
    verify.mockRestore()
    expect(answers.filter((answer) => answer === true).length).toBe(66)
    expect(most).toBe(2)
    expect(await passwords.isRight("a sentence of one's own", hash)).toBe(true)
  })
})
