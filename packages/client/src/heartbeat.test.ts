import { expect, test } from "bun:test"
import { VirtualClock } from "@klatch/testing"
import { Heartbeat } from "./heartbeat.ts"

function start() {
  const clock = new VirtualClock()
  const told = { pings: 0, silences: 0 }
  const heartbeat = new Heartbeat(
    clock,
    () => {
      told.pings++
      heartbeat.sent()
    },
    () => told.silences++,
  )
  heartbeat.start(1_000)
  return { clock, heartbeat, told }
}

test("[K5] a connection on which nothing was sent for one period is pinged, once a period", async () => {
  const { clock, heartbeat, told } = start()
  for (let seconds = 0; seconds < 5; seconds++) {
    await clock.run(1_000)
    heartbeat.heard()
  }
  expect(told).toEqual({ pings: 5, silences: 0 })
})

test("[K5] sending keeps a connection heard, but not known to be alive: a silent peer is pinged anyway", async () => {
  const { clock, heartbeat, told } = start()
  for (let tenths = 0; tenths < 19; tenths++) {
    await clock.run(100)
    heartbeat.sent()
  }
  expect(told).toEqual({ pings: 1, silences: 0 })
})

test("[K5] nothing heard for two periods is told once, however much was sent", async () => {
  const { clock, heartbeat, told } = start()
  for (let tenths = 0; tenths < 60; tenths++) {
    await clock.run(100)
    heartbeat.sent()
  }
  expect(told.silences).toBe(1)
})

test("[K5] a busy connection is not pinged", async () => {
  const { clock, heartbeat, told } = start()
  for (let tenths = 0; tenths < 60; tenths++) {
    await clock.run(100)
    heartbeat.sent()
    heartbeat.heard()
  }
  expect(told).toEqual({ pings: 0, silences: 0 })
})

test("[K5] a probe that is not answered within five seconds is told; one that is, is not", async () => {
  const { clock, heartbeat, told } = start()
  heartbeat.start(60_000)
  heartbeat.probe()
  await clock.run(4_000)
  heartbeat.heard()
  await clock.run(2_000)
  expect(told.silences).toBe(0)
  heartbeat.probe()
  await clock.run(5_000)
  expect(told).toEqual({ pings: 2, silences: 1 })
})
