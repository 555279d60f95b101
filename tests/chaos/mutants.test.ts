import { expect, test } from "bun:test"
import { join } from "node:path"
import { type FaultName, faultNames } from "./checker.ts"
import { type Outcome, run } from "./run.ts"

const entry = (name: string) => join(import.meta.dirname, `mutants/${name}.ts`)

/** The load of the honest run, for some seconds. */
const runOn = (name: string, settleMs: number): Promise<Outcome> =>
  run({
    seed: 7,
    perSecond: 300,
    kills: 4,
    withPostgres: 0,
    postgresOnly: 0,
    lifeMs: [500, 1_200],
    sleeperCount: 1,
    sleepMs: [1_000, 2_000],
    entry: entry(name),
    settleMs,
  })

const tell = (name: string, { verdict, figures }: Outcome) =>
  console.log(`${name}: n=${figures.acks} acks, ${figures.kills} kills, ${JSON.stringify(verdict.faults)}`)

const mutants: [name: string, what: string, fault: FaultName][] = [
  ["early-ack", "ack before commit", "lost"],
  ["no-dedupe", "client_id not deduplicated", "duplicate"],
  ["no-gap-check", "gap detection off, on a path that loses batches", "receiverGap"],
]

for (const [name, what, fault] of mutants)
  test(`the checker catches: ${what} (${fault})`, async () => {
    const outcome = await runOn(name, 1_000)
    tell(name, outcome)
    expect(outcome.figures.acks).toBeGreaterThan(300)
    expect(outcome.verdict.faults[fault]).toBeGreaterThan(0)
  }, 90_000)

test("a path that loses batches harms nobody while gaps are detected", async () => {
  const outcome = await runOn("lossy", 30_000)
  tell("lossy", outcome)
  expect(outcome.verdict.samples).toEqual([])
  expect(outcome.settled).toBe(true)
  for (const name of faultNames) expect(outcome.verdict.faults[name]).toBe(0)
}, 90_000)
