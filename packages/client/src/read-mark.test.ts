import { expect, test } from "bun:test"
import { ReadMark, tellMs } from "./read-mark.ts"
import { VirtualClock } from "./testing/virtual-clock.ts"

test("[K18] a mark never moves back, is told at most every second, and what cannot be told is told later", async () => {
  const clock = new VirtualClock()
  const told: number[] = []
  const moved: number[] = []
  let isUp = false
  const mark = new ReadMark({
    clock,
    tell: (id) => isUp && told.push(id) > 0,
    onMoved: (id) => moved.push(id),
  })
  mark.move(3)
  mark.move(2)
  await clock.run(5_000)
  expect([moved, told]).toEqual([[3], []])
  isUp = true
  mark.flush()
  for (const id of [4, 5, 6]) mark.move(id)
  expect(told).toEqual([3])
  await clock.run(tellMs)
  expect(told).toEqual([3, 6])
  await clock.run(tellMs * 3)
  mark.flush()
  expect(told).toEqual([3, 6])
  mark.down()
  await clock.run(tellMs)
  mark.flush()
  expect([moved, told]).toEqual([
    [3, 4, 5, 6],
    [3, 6, 6],
  ])
})
