import { expect, test } from "bun:test"
import { VirtualClock } from "@klatch/testing"
import { RoomTyping, typersMax, typingMs, typingRepeatMs } from "./typing.ts"

function start() {
  const clock = new VirtualClock()
  const told: boolean[] = []
  const typing = new RoomTyping(clock, (active) => told.push(active) > 0)
  return { clock, typing, told, names: () => typing.get().map((user) => user.from) }
}

const ann = { user_id: "1", from: "ann" }
const bob = { user_id: "2", from: "bob" }

test("[K14] who was not heard typing for five seconds has stopped; each expires alone", async () => {
  const { clock, typing, names } = start()
  typing.heard(ann, true)
  await clock.run(typingMs / 2)
  typing.heard(bob, true)
  expect(names()).toEqual(["ann", "bob"])
  await clock.run(typingMs / 2)
  expect(names()).toEqual(["bob"])
  typing.heard(bob, true)
  await clock.run(typingMs - 1)
  expect(names()).toEqual(["bob"])
  await clock.run(1)
  expect(names()).toEqual([])
})

test("[K14] someone who stops, or whose message came, is not shown any more", () => {
  const { typing, names } = start()
  typing.heard(ann, true)
  typing.heard(bob, true)
  typing.heard(ann, false)
  typing.cleared(bob.user_id)
  expect(names()).toEqual([])
})

test("[K14] hearing the same person again changes no snapshot, and a crowd is bounded", () => {
  const { typing } = start()
  typing.heard(ann, true)
  const before = typing.get()
  typing.heard(ann, true)
  expect(typing.get()).toBe(before)
  for (let id = 10; id < 300; id++) typing.heard({ user_id: `${id}`, from: `${id}` }, true)
  expect(typing.get().length).toBe(typersMax)
})

test("[K14] typing is told at once, then throttled; its end is told once", async () => {
  const { clock, typing, told } = start()
  for (let tenths = 0; tenths < 30; tenths++) {
    typing.set(true)
    await clock.run(100)
  }
  expect(told).toEqual([true, true])
  expect(typingRepeatMs).toBeLessThan(typingMs / 2)
  typing.set(false)
  typing.set(false)
  expect(told).toEqual([true, true, false])
})
