import { expect, test } from "bun:test"
import { AppError } from "../../lib/app-error.ts"
import { ManualClock } from "../../lib/clock.ts"
import type { RoomInfo } from "../members/members.ts"
import { Messages } from "./messages.ts"

const someone = { user: { id: "ann", username: "ann", display_name: "Ann" } }
const room = (id: string) => ({ id, kind: "public", label: id, slug: id, name: id }) as RoomInfo

/** How many of so many messages pass, and how long the next must wait. */
function passing(messages: Messages, roomId: string, count: number): { passed: number; waitMs: number } {
  let [passed, waitMs] = [0, 0]
  for (let i = 0; i < count; i++)
    try {
      messages.pace(someone, room(roomId))
      passed++
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== "rate_limited") throw error
      waitMs = error.retryAfterMs ?? Number.NaN
    }
  return { passed, waitMs }
}

test("[A20] a room takes so many messages, whoever writes them, and any number where limits are off", () => {
  const clock = new ManualClock()
  const make = (limitsOn: boolean) =>
    new Messages({ clock, limitsOn } as unknown as ConstructorParameters<typeof Messages>[0])
  const messages = make(true)
  expect(passing(messages, "hall", 2_100)).toEqual({ passed: 2_000, waitMs: 2 })
  expect(passing(messages, "den", 1).passed).toBe(1)
  clock.step(1_000)
  expect(passing(messages, "hall", 1_000).passed).toBe(500)
  expect(passing(make(false), "hall", 9_000).passed).toBe(9_000)
})
