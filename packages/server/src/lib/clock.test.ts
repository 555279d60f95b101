import { describe, expect, test } from "bun:test"
import fc from "fast-check"
import { delay, ManualClock } from "./clock.ts"

describe("a manual clock", () => {
  test("stands still until it is stepped, and then by exactly so much", () => {
    const clock = new ManualClock(1_000)
    expect([clock.now(), clock.monotonicMs()]).toEqual([1_000, 1_000])
    clock.step(0.5)
    clock.step(41.5)
    expect([clock.now(), clock.monotonicMs()]).toEqual([1_042, 1_042])
  })

  test("fires timers at their time, in the order of due time, those of one time in the order they were set", () => {
    const delays = fc.array(fc.nat(50), { maxLength: 30 })
    const steps = fc.array(fc.nat(20), { minLength: 1, maxLength: 10 })
    fc.assert(
      fc.property(delays, steps, (delays, steps) => {
        const clock = new ManualClock(0)
        const fired: { atMs: number; n: number }[] = []
        for (const [n, ms] of delays.entries()) clock.after(ms, () => fired.push({ atMs: clock.now(), n }))
        for (const ms of steps) clock.step(ms)
        const expected = delays
          .map((atMs, n) => ({ atMs, n }))
          .filter(({ atMs }) => atMs <= clock.now())
          .sort((a, b) => a.atMs - b.atMs || a.n - b.n)
        expect(fired).toEqual(expected)
      }),
    )
  })

  test("fires what a timer sets for within the same step, at once what is due at once or was due before", () => {
    const clock = new ManualClock(0)
    const fired: [string, number][] = []
    const note = (name: string) => () => void fired.push([name, clock.now()])
    clock.after(10, () => {
      note("first")()
      clock.after(0, note("at once"))
      clock.after(-5, note("before"))
      clock.after(5, note("within"))
      clock.after(50, note("later"))
    })
    clock.step(20)
    expect(fired).toEqual([
      ["first", 10],
      ["at once", 10],
      ["before", 10],
      ["within", 15],
    ])
  })

  test("repeats until it is cancelled, also by the timer itself, and catches up over a long step", () => {
    const clock = new ManualClock(0)
    const at: number[] = []
    const cancel = clock.every(10, () => {
      at.push(clock.now())
      if (at.length === 4) cancel()
    })
    clock.step(9)
    expect(at).toEqual([])
    clock.step(26)
    expect(at).toEqual([10, 20, 30])
    clock.step(1_000)
    expect(at).toEqual([10, 20, 30, 40])
  })

  test("never fires what was cancelled, and cancelling twice or too late does nothing", () => {
    const clock = new ManualClock(0)
    const fired: string[] = []
    const cancel = clock.after(10, () => fired.push("cancelled"))
    const done = clock.after(5, () => fired.push("done"))
    clock.after(10, () => fired.push("kept"))
    cancel()
    cancel()
    clock.step(10)
    done()
    clock.step(10)
    expect(fired).toEqual(["done", "kept"])
  })

  test("lets a delay end when its time has come, not before", async () => {
    const clock = new ManualClock(0)
    let isOver = false
    const waiting = delay(clock, 100).then(() => {
      isOver = true
    })
    clock.step(99)
    await Promise.resolve()
    expect(isOver).toBe(false)
    clock.step(1)
    await waiting
    expect(isOver).toBe(true)
  })
})
