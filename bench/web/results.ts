import type { Machine } from "../machine.ts"
import { median } from "../quantile.ts"
import type { Figures } from "../results.ts"
import type { Summary } from "../summary.ts"
import type { Settings } from "./settings.ts"

/** The measures, in the order they are run and told. */
export const measureNames = ["bundles", "first-paint", "open-room", "scroll-back", "typing"] as const
export type MeasureName = (typeof measureNames)[number]

/** What one try of one case showed. */
export interface Outcome {
  case: string
  figures: Figures
}

/** One round of one case of one measure. */
export interface Run extends Outcome {
  measure: MeasureName
  round: number
  /** Why this round has no figures; null when it has. */
  failure: string | null
  /** Of all cores together, while the round ran; a quiet machine has some left. */
  machineIdleShare: number
}

/** A whole run in the browser, as kept in `bench/results/`. */
export interface Results {
  at: string
  commit: string
  quick: boolean
  machine: Machine
  versions: Record<string, string>
  settings: Settings
  runs: Run[]
}

/** The cases of a measure that have figures, in the order they were taken. */
export function listCases(results: Results, measure: MeasureName): string[] {
  const runs = results.runs.filter((run) => run.measure === measure && run.failure === null)
  return [...new Set(runs.map((run) => run.case))]
}

/** Sums up one figure of a case over the rounds; null when it was never taken. */
export function summarize(
  results: Results,
  measure: MeasureName,
  name: string,
  figure: string,
): Summary | null {
  const values = results.runs
    .filter((run) => run.measure === measure && run.case === name && run.failure === null)
    .map((run) => run.figures[figure])
    .filter((value) => typeof value === "number")
  if (values.length === 0) return null
  return {
    median: median(values),
    n: values.length,
    min: Math.min(...values),
    max: Math.max(...values),
    void: false,
  }
}
