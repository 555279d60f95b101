import type { Figures, MeasureName } from "../results.ts"
import type { Settings } from "../settings.ts"
import type { Target } from "../targets/target.ts"

/** One try's figures, and why they are void, if they are. */
export interface Outcome {
  case: string
  attempt: number
  void: string | null
  figures: Figures
}

/** One thing to measure on one target, once; the runner repeats it in rounds, the targets taking turns. */
export interface Measure {
  name: MeasureName
  rounds(settings: Settings): number
  /** True when it makes sense on this target. */
  fits(target: Target): boolean
  /** Starts the target, measures, stops it. Throws when the target cannot be measured at all. */
  take(target: Target, settings: Settings): Promise<Outcome[]>
}
