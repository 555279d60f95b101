import { expect, test } from "bun:test"
import { KlatchError, type KlatchErrorCode } from "@klatch/client"
import { lasting, refusalOf, rights } from "./words-rights.ts"

test("a time is said in its largest whole unit", () => {
  const said = [1, 45, 60, 90, 600, 3_600, 5_400, 86_400, 7 * 86_400].map(lasting)
  expect(said).toEqual([
    "1 second",
    "45 seconds",
    "1 minute",
    "90 seconds",
    "10 minutes",
    "1 hour",
    "90 minutes",
    "1 day",
    "7 days",
  ])
})

test("a refusal is told in a sentence of the page's own; what it has none for, in the server's", () => {
  const told = (code: KlatchErrorCode) => refusalOf(new KlatchError(code, "as the server says it"))
  expect(told("forbidden")).toBe(rights.refused)
  expect(told("not_found")).toBe(rights.missing)
  expect(refusalOf(new KlatchError("not_found", "x"), "elsewhere")).toBe("elsewhere")
  for (const code of ["closed", "timeout", "unavailable"] as const) expect(told(code)).toBe(rights.offline)
  expect(told("rate_limited")).toBe(rights.tooFast)
  expect(told("invalid_field")).toBe("as the server says it")
})
