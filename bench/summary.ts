import { median } from "./quantile.ts"
import type { MeasureName, Results, Run } from "./results.ts"

/** A figure over the rounds: its median, how many it is the median of, and the least and greatest. */
export interface Summary {
  median: number
  n: number
  min: number
  max: number
  /** True when every try was void; the figures are then those of the last tries, and say little. */
  void: boolean
}

/** The runs of a case that count: of each round its last try, the void ones only when there are no others. */
export function countedRuns(results: Results, measure: MeasureName, target: string, name: string): Run[] {
  const runs = results.runs.filter(
    (run) => run.measure === measure && run.target === target && run.case === name,
  )
  const rounds = [...new Set(runs.map((run) => run.round))]
  const last = rounds.map((round) => runs.findLast((run) => run.round === round)!)
  const valid = last.filter((run) => run.void === null)
  return valid.length > 0 ? valid : last
}

/** Sums up one figure of a case; null when it was never taken. */
export function summarize(
  results: Results,
  measure: MeasureName,
  target: string,
  name: string,
  figure: string,
): Summary | null {
  const runs = countedRuns(results, measure, target, name)
  const values = runs.map((run) => run.figures[figure]).filter((value) => typeof value === "number")
  if (values.length === 0) return null
  return {
    median: median(values),
    n: values.length,
    min: Math.min(...values),
    max: Math.max(...values),
    void: runs.every((run) => run.void !== null),
  }
}

/** The cases of a measure, in the order they were taken. */
export function listCases(results: Results, measure: MeasureName): string[] {
  return [...new Set(results.runs.filter((run) => run.measure === measure).map((run) => run.case))].filter(
    (name) => name !== failedCase,
  )
}

/** The case under which a target that could not be measured is kept; its `void` tells why. */
export const failedCase = "failed"

/** Why a measure has nothing of a target; null when nothing went wrong. */
export function findFailure(results: Results, measure: MeasureName, target: string): string | null {
  const missing = results.targets.find((one) => one.name === target)?.missing ?? null
  if (missing !== null) return missing
  const failed = results.runs.find(
    (run) => run.measure === measure && run.target === target && run.case === failedCase,
  )
  return failed?.void ?? null
}
