import { expect, test } from "bun:test"
import { faultNames } from "./checker.ts"
import { run } from "./run.ts"

/** Random on purpose: every run of the tests looks elsewhere. A failure prints it, and the program replays it. */
const seed = Math.floor(Math.random() * 1_000_000)

test(`[L1] [D1] nothing acked is lost, doubled or untold through kill -9 (seed ${seed})`, async () => {
  const { verdict, figures, settled, complaints } = await run({
    seed,
    perSecond: 300,
    kills: 8,
    withPostgres: 2,
    postgresOnly: 1,
    lifeMs: [300, 2_000],
    sleepMs: [5_000, 9_000],
    settleMs: 40_000,
  })
  console.log(
    `n=${figures.acks} acks, ${figures.kills} kills (${figures.killsWithUnacked} with a send un-acked), ` +
      `${figures.reconnects} reconnects, ${figures.replayed} replayed, ${figures.gaps} gaps, ` +
      `${figures.seconds.toFixed(0)} s`,
  )
  expect(verdict.samples).toEqual([])
  expect(complaints).toEqual([])
  expect(settled).toBe(true)
  for (const name of faultNames) expect(verdict.faults[name]).toBe(0)
  expect(figures.kills).toBe(8)
  expect(figures.killsWithPostgres).toBe(2)
  expect(figures.acks).toBeGreaterThan(1_000)
  expect(figures.reconnects).toBeGreaterThan(8)
}, 180_000)
