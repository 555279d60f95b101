import { expect, test } from "bun:test"
import { countAck, countDelivery, countSend, emptyTally, takeSamples } from "./tally.ts"

function stamp(index: number, timeUs: number): Buffer {
  return Buffer.from(`${String(index).padStart(8, "0")}${String(timeUs).padStart(13, "0")}`)
}

test("the last of a message's receivers sets its time, counted from the intended send", () => {
  const tally = emptyTally(100)
  expect(countSend(tally, 5_000, 6_000, 2)).toBe(100)
  countDelivery(tally, stamp(100, 5_000), 0, 9_000)
  countDelivery(tally, stamp(100, 5_000), 0, 15_000)
  const samples = takeSamples(tally, 0, 1)
  expect(samples.lastMs[0]).toBe(10)
  expect(samples.lateMs[0]).toBe(1)
  expect(samples.undelivered).toBe(0)
})

test("a message one receiver missed, or saw twice, took for ever", () => {
  const tally = emptyTally(0)
  countSend(tally, 1, 1, 2)
  countSend(tally, 1, 1, 1)
  countDelivery(tally, stamp(0, 1), 0, 2)
  countDelivery(tally, stamp(1, 1), 0, 2)
  countDelivery(tally, stamp(1, 1), 0, 3)
  const samples = takeSamples(tally, 0, 2)
  expect([...samples.lastMs]).toEqual([Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY])
  expect(samples.undelivered).toBe(2)
})

test("stragglers of an earlier load are work of the server, but neither they nor second acks are of this load", () => {
  const tally = emptyTally(50)
  countSend(tally, 1_000, 1_000, 1)
  countDelivery(tally, stamp(49, 900), 0, 2_000)
  expect([tally.deliveries, tally.ownDeliveries]).toEqual([1, 0])
  expect(countAck(tally, stamp(49, 0), 0, 2_000)).toBe(false)
  expect(countAck(tally, stamp(50, 0), 0, 3_000)).toBe(true)
  expect(countAck(tally, stamp(50, 0), 0, 4_000)).toBe(false)
  const samples = takeSamples(tally, 0, 1)
  expect(samples.ackMs[0]).toBe(2)
  expect(tally.acks).toBe(1)
})
