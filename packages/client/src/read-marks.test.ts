import { expect, test } from "bun:test"
import { VirtualClock } from "@klatch/testing"
import { ReadMarks, tellMs } from "./read-marks.ts"

test("[K18] a mark never moves back, is told at most every second, and what cannot be told is told later", async () => {
  const clock = new VirtualClock()
  const told: number[] = []
  const moved: number[] = []
  let isUp = false
  const marks = new ReadMarks({
    clock,
    tell: (_room, id) => isUp && told.push(id) > 0,
    onMoved: (_room, id) => moved.push(id),
  })
  marks.move("den", 3)
  marks.move("den", 2)
  await clock.run(5_000)
  expect([moved, told]).toEqual([[3], []])
  isUp = true
  marks.up()
  for (const id of [4, 5, 6]) marks.move("den", id)
  expect(told).toEqual([])
  await clock.run(tellMs)
  expect(told).toEqual([6])
  marks.up()
  await clock.run(tellMs * 3)
  expect(told).toEqual([6])
  marks.down()
  marks.up()
  await clock.run(tellMs)
  expect([moved, told]).toEqual([
    [3, 4, 5, 6],
    [6, 6],
  ])
  marks.move("den", 7)
  marks.flush()
  await clock.run(tellMs * 3)
  expect(told).toEqual([6, 6, 7])
})
