import { expect, test } from "bun:test"
import { ManualClock } from "../../lib/clock.ts"
import type { Members, RoomInfo } from "../members/members.ts"
import { SlowMode } from "./slow-mode.ts"

const ann = { user: { id: "ann", username: "ann", display_name: "Ann" } }
const room = { id: "hall", kind: "public", label: "hall", slug: "hall", name: "hall" } as RoomInfo

test("[A12] a message that is sent again takes no turn, whether its own would have come or not", () => {
  const clock = new ManualClock()
  const slow = new SlowMode({ isModerator: () => false } as unknown as Members, clock)
  const waitMs = () => slow.spend(ann, room, 30)?.retryAfterMs
  expect([waitMs(), waitMs()]).toEqual([undefined, 30_000])
  // Let through though refused: nothing was counted, and nothing is to be given back.
  slow.keep(ann, room)
  slow.giveBack(ann, room)
  expect(waitMs()).toBe(30_000)
  clock.step(30_000)
  // Counted, and then found to be known.
  expect(waitMs()).toBeUndefined()
  slow.giveBack(ann, room)
  slow.giveBack(ann, room)
  expect([waitMs(), waitMs()]).toEqual([undefined, 30_000])
})
