import { expect, test } from "bun:test"
import { closeTable, defaultRights as defaults, errorTable, limits } from "@klatch/protocol"
import { contract, isForLater, shouldComeBack, tooFastCode } from "./contract.ts"
import { defaultRights } from "./moderation-policy.ts"

test("what is written again of the contract equals the original", () => {
  expect(contract).toMatchObject({
    contentCharsMax: limits.contentCharsMax,
    frameBytesMax: limits.frameBytesMax,
    resumeRoomsMax: limits.resumeRoomsMax,
    pageDefault: limits.pageDefault,
  })
  for (const [code, { retry }] of Object.entries(errorTable))
    expect([code, isForLater(code)]).toEqual([code, retry === "later"])
  for (const { code, comeBack } of Object.values(closeTable))
    expect([code, shouldComeBack(code)]).toEqual([code, comeBack])
  expect(defaultRights).toEqual(defaults)
  expect(tooFastCode).toBe(closeTable.too_fast.code)
})
