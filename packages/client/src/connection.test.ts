import { describe, expect, test } from "bun:test"
import { closeTable } from "@klatch/protocol"
import fc from "fast-check"
import {
  type Effect,
  firstState,
  type Input,
  type InputType,
  type LinkState,
  type Moment,
  type Phase,
  published,
  step,
} from "./connection.ts"
import { KlatchError } from "./error.ts"

const user = { id: "u", username: "ann", display_name: "Ann" }
const at: Moment = { nowMs: 1_000_000, random: () => 0.5 }
const inputs: { [T in InputType]: Extract<Input, { type: T }> } = {
  connect: { type: "connect" },
  close: { type: "close" },
  opened: { type: "opened" },
  hello: { type: "hello", user },
  lost: { type: "lost", code: 1006, reason: "" },
  refused: { type: "refused", error: new KlatchError("unauthorized", "no") },
  silent: { type: "silent" },
  drain: { type: "drain", afterMs: 700 },
  due: { type: "due" },
  online: { type: "online" },
  steady: { type: "steady" },
}
const phases: readonly Phase[] = ["idle", "dialing", "greeting", "open", "waiting", "closed"]

/** The state after some inputs, and the effects of the last. */
function after(...path: (InputType | Input)[]): [LinkState, readonly Effect[]] {
  let state = firstState
  let effects: readonly Effect[] = []
  for (const input of path)
    [state, effects] = step(state, typeof input === "string" ? inputs[input] : input, at)
  return [state, effects]
}

const did = (effects: readonly Effect[]) => effects.map((effect) => effect.do)
const upTo = ["connect", "opened", "hello"] as const

describe("the state table", () => {
  test("[K1] answers every input in every phase", () => {
    for (const phase of phases) {
      for (const input of Object.values(inputs)) {
        const [next, effects] = step({ phase, attempt: 3 }, input, at)
        expect(phases).toContain(next.phase)
        expect(Array.isArray(effects)).toBe(true)
      }
    }
  })

  test("[K1] from any run of inputs, a connection that should be there is on its way", () => {
    const run = fc.array(fc.constantFrom(...(Object.keys(inputs) as InputType[])), { maxLength: 40 })
    fc.assert(
      fc.property(run, (types) => {
        let state = firstState
        let hasSocket = false
        let hasTimer = false
        let isUp = false
        for (const type of types) {
          const before = state.phase
          const [next, effects] = step(state, inputs[type], at)
          if (next.phase !== before) hasTimer = false
          for (const effect of effects) {
            if (effect.do === "dial") {
              expect(hasSocket).toBe(false)
              hasSocket = true
            }
            if (effect.do === "hang_up") hasSocket = false
            if (effect.do === "schedule") hasTimer = true
            if (effect.do === "tell_up") isUp = true
            if (effect.do === "tell_down") isUp = false
          }
          state = next
          if (state.phase === "closed") hasSocket = false
          expect(hasSocket).toBe(["dialing", "greeting", "open"].includes(state.phase))
          expect(isUp).toBe(state.phase === "open")
          if (state.phase === "waiting") expect(hasTimer).toBe(true)
        }
      }),
      { numRuns: 1_000 },
    )
  })
})

describe("coming back", () => {
  test("[K2] a lost connection waits with full jitter: base 250 ms, doubled by each failed try, at most 15 s", () => {
    let [state] = after(...upTo)
    const waits: number[] = []
    for (let tries = 0; tries < 9; tries++) {
      let effects: readonly Effect[]
      ;[state, effects] = step(state, inputs.lost, { nowMs: 0, random: () => 0.999_999 })
      const schedule = effects.find((effect) => effect.do === "schedule")
      waits.push(Math.round(schedule?.delayMs ?? -1))
      ;[state] = step(state, inputs.due, at)
    }
    expect(waits).toEqual([250, 500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000, 15_000])
    const [, effects] = step(state, inputs.lost, { nowMs: 0, random: () => 0 })
    expect(effects).toContainEqual({ do: "schedule", delayMs: 0 })
  })

  test("[K2] the count of tries starts again only once a connection has held", () => {
    const [open] = after("connect", "lost", "due", "lost", "due", "opened", "hello")
    expect(open.attempt).toBe(2)
    expect(step(open, inputs.steady, at)[0].attempt).toBe(0)
  })

  test("[K2] when the network comes back, a waiting connection tries at once, an open one asks if it still is", () => {
    expect(did(after("connect", "lost", "online")[1])).toEqual(["dial"])
    expect(did(after(...upTo, "online")[1])).toEqual(["probe"])
  })

  test("[K3] each close code is followed as the contract says", () => {
    const told: Record<number, string> = { 4401: "unauthorized", 4503: "forbidden" }
    for (const { code, comeBack } of Object.values(closeTable)) {
      const [state] = after(...upTo, { type: "lost", code, reason: "because" })
      expect([code, state.phase]).toEqual([code, comeBack ? "waiting" : "closed"])
      expect(state.lastError).toMatchObject({ code: told[code] ?? "closed", message: "because" })
    }
    expect(after(...upTo, { type: "lost", code: 4777, reason: "" })[0].phase).toBe("closed")
    expect(after(...upTo, { type: "lost", code: 4321, reason: "" })[0].phase).toBe("waiting")
    expect(after(...upTo, { type: "lost", code: 1011, reason: "" })[0].phase).toBe("waiting")
  })

  test("[K3] too fast is followed by a wait of at least a second", () => {
    const [, effects] = after(...upTo, { type: "lost", code: 4429, reason: "" })
    expect(effects).toContainEqual({ do: "schedule", delayMs: 1_000 })
  })

  test("[K3] a refusal ends in closed with the reason, until the application connects again", () => {
    const [state, effects] = after("connect", "refused")
    expect(published(state)).toMatchObject({ phase: "closed", lastError: { code: "unauthorized" } })
    expect(did(effects)).toEqual(["hang_up", "tell_end"])
    for (const type of ["due", "online", "silent", "lost"] as const)
      expect(step(state, inputs[type], at)).toEqual([state, []])
    expect(did(step(state, inputs.connect, at)[1])).toEqual(["dial"])
  })

  test("[K4] a drain is followed at the hinted time: by moving, or by waiting when the server went first", () => {
    const [draining, scheduled] = after(...upTo, "drain")
    expect(draining.phase).toBe("open")
    expect(scheduled).toEqual([{ do: "schedule", delayMs: 700 }])
    expect(did(step(draining, inputs.due, at)[1])).toEqual(["hang_up", "tell_down", "dial"])
    const [, effects] = step(
      draining,
      { type: "lost", code: 1012, reason: "" },
      { ...at, nowMs: at.nowMs + 200 },
    )
    expect(effects).toContainEqual({ do: "schedule", delayMs: 500 })
  })
})
