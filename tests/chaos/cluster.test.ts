import { expect, test } from "bun:test"
import { faultNames } from "./checker.ts"
import { faultKinds } from "./cluster-faults.ts"
import { runCluster } from "./cluster-run.ts"

/** Random on purpose: every run of the tests looks elsewhere. A failure prints it, and the program replays it. */
const seed = Math.floor(Math.random() * 1_000_000)

test(`[N1] [L1] [D1] three nodes, every kind of fault: nothing lost, doubled or untold (seed ${seed})`, async () => {
  const outcome = await runCluster({
    seed,
    nodes: 3,
    perSecond: 150,
    plainCount: 8,
    sdkCount: 3,
    roomCount: 5,
    faultsMax: faultKinds.length,
    forMs: 90_000,
    restMs: [100, 400],
    settleMs: 40_000,
    onLate: (laggards) => console.log(`late: ${laggards.join("; ")}`),
  })
  const { verdict, settled, complaints, faultCount, withUnacked, acks } = outcome
  console.log(
    `n=${acks} acks, ${faultCount} faults of ${faultKinds.length} kinds (${withUnacked} with a send un-acked), ` +
      `${outcome.reconnects} reconnects, ${outcome.replayed} replayed, ${outcome.gaps} gaps, ` +
      `whole ${(outcome.settledMs / 1_000).toFixed(1)} s after the last, ${outcome.seconds.toFixed(0)} s`,
  )
  expect(verdict.samples).toEqual([])
  expect(complaints).toEqual([])
  expect(settled).toBe(true)
  for (const name of faultNames) expect(verdict.faults[name]).toBe(0)
  expect(faultCount).toBe(faultKinds.length)
  expect(acks).toBeGreaterThan(500)
}, 180_000)
