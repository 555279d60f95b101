import { expect, test } from "bun:test"
import { faultNames } from "./checker.ts"
import { slowReader } from "./slow-reader.ts"

/** What one slow reader may cost the server: its socket's buffers, and some garbage of a busy room. */
const RSS_GROWTH_MAX_KB = 100 * 1024

test("[C32] a reader that stops reading is closed, costs no one a message, and finds everything again", async () => {
  // Long messages: the kernel's own buffers are full in seconds.
  const outcome = await slowReader({ seconds: 10, perSecond: 1_000, contentChars: 3_000, isSlow: true })
  const { rssKb, deliveries, p99Ms, closeCodes, gaps, paged } = outcome
  console.log(
    `n=${deliveries} deliveries, p99 ${p99Ms.toFixed(1)} ms; RSS ${rssKb.before}, peak ${rssKb.peak}, ` +
      `after ${rssKb.after} KB; closed with ${closeCodes.join()}; ${gaps} gaps, ${paged} messages paged`,
  )
  expect(outcome.troubles).toEqual([])
  expect(outcome.verdict.samples).toEqual([])
  for (const name of faultNames) expect(outcome.verdict.faults[name]).toBe(0)
  expect(closeCodes.length).toBeGreaterThan(0)
  expect(outcome.caughtUp).toBe(true)
  expect(rssKb.peak - rssKb.before).toBeLessThan(RSS_GROWTH_MAX_KB)
}, 120_000)
