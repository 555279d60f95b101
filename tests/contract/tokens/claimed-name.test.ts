import { describe, expect, setDefaultTimeout, test } from "bun:test"
import { ask, expectError } from "../../conformance/answer.ts"
import { type Target, target, unique } from "../../conformance/target.ts"
import { knock } from "./door.ts"
import { Line } from "./line.ts"

setDefaultTimeout(60_000)

const signUp = (at: Target, username: string, query = "") =>
  ask(`POST /auth/signup${query}`, { at, body: { username, password: "a sentence of one's own" } })

describe("in open mode a name that is signed up", () => {
  test("is not to be had by claiming it, at any door", async () => {
    const [at, name] = [await target(), unique("owned")]
    expect((await signUp(at, name)).status).toBe(201)
    for (const claimed of [name, name.toUpperCase(), encodeURIComponent(name)]) {
      expect(await knock(at, `user=${claimed}`)).toEqual({ refused: "401" })
      expect(await knock(at, `u=${claimed}`)).toEqual({ refused: "401" })
      expectError(await ask(`GET /rooms?user=${claimed}`, { at }), "unauthorized")
      expectError(await ask(`POST /auth/ticket?user=${claimed}`, { at }), "unauthorized")
    }
  })

  test("ends the sockets of those who only claimed it", async () => {
    const [at, name] = [await target(), unique("late")]
    await using claimed = await Line.of(at, `user=${name}`)
    await using other = await Line.of(at, `user=${unique("other")}`)
    expect((await signUp(at, name)).status).toBe(201)
    expect((await claimed.ends(2_000)).code).toBe(4401)
    expect(other.isOpen).toBe(true)
  })

  test("voids the tickets of those who only claimed it", async () => {
    const [at, name] = [await target(), unique("ticket")]
    const bought = await ask(`POST /auth/ticket?user=${name}`, { at })
    expect(bought.status).toBe(201)
    const { ticket } = bought.body as { ticket: string }
    expect((await signUp(at, name)).status).toBe(201)
    expect(await knock(at, `ticket=${ticket}`)).toEqual({ refused: "401" })
  })

  test("is one person's, however many want it at once", async () => {
    const at = await target()
    const claimed = unique("both")
    await (await Line.of(at, `user=${claimed}`))[Symbol.asyncDispose]()
    const forClaimed = await Promise.all(Array.from({ length: 6 }, () => signUp(at, claimed)))
    expect(forClaimed.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409, 409, 409])
    const guests = Array.from({ length: 6 }, () => unique("guest"))
    for (const guest of guests) await (await Line.of(at, `user=${guest}`))[Symbol.asyncDispose]()
    const wanted = unique("want")
    const forNew = await Promise.all(guests.map((guest) => signUp(at, wanted, `?user=${guest}`)))
    expect(forNew.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409, 409, 409])
  })
})
