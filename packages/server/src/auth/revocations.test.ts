import { describe, expect, test } from "bun:test"
import fc from "fast-check"
import { AppError } from "../lib/app-error.ts"
import { type Revocation, Revocations } from "./revocations.ts"

const userId = fc.constantFrom("ann", "bob", "eve")
const familyId = fc.constantFrom(undefined, "f1", "f2")
const revocation: fc.Arbitrary<Revocation> = fc.record({
  userId,
  familyId,
  why: fc.constantFrom("signed_out", "banned"),
})
const principalOf = (id: string, family: string | undefined) => ({
  user: { id, username: id, display_name: id },
  grant: { via: "account" as const, familyId: family, untilMs: 0, isAdmin: false },
})

describe("revocations", () => {
  test("end what they name since the mark, and nothing else", () => {
    fc.assert(
      fc.property(
        fc.array(revocation),
        fc.array(revocation),
        userId,
        familyId,
        (before, after, user, family) => {
          const revocations = new Revocations()
          for (const one of before) revocations.tell(one)
          const { mark } = revocations
          expect(revocations.hasEnded(mark, user, family)).toBe(false)
          for (const one of after) revocations.tell(one)
          const named = after.some(
            (one) => one.userId === user && (one.familyId === undefined || one.familyId === family),
          )
          expect(revocations.hasEnded(mark, user, family)).toBe(named)
          const enter = () => revocations.require(principalOf(user, family), mark)
          if (named) expect(enter).toThrow(AppError)
          else enter()
        },
      ),
    )
  })

  test("are told to everyone who listens, in order", () => {
    const revocations = new Revocations()
    const heard: string[] = []
    for (const name of ["a", "b"]) revocations.onRevoked((one) => heard.push(`${name} ${one.userId}`))
    revocations.tell({ userId: "ann", why: "banned" })
    revocations.tell({ userId: "bob", why: "signed_out" })
    expect(heard).toEqual(["a ann", "b ann", "a bob", "b bob"])
  })

  test("that are too many to remember let nobody in who came before them", () => {
    const revocations = new Revocations()
    const { mark } = revocations
    for (let i = 0; i < 10_000; i++) revocations.tell({ userId: "eve", why: "banned" })
    expect(revocations.hasEnded(mark, "ann", undefined)).toBe(false)
    revocations.tell({ userId: "eve", why: "banned" })
    expect(revocations.hasEnded(mark, "ann", undefined)).toBe(true)
    expect(revocations.hasEnded(mark + 1, "ann", undefined)).toBe(false)
    expect(revocations.hasEnded(revocations.mark, "eve", undefined)).toBe(false)
  })
})
