import type { Machine } from "./machine.ts"
import type { Settings } from "./settings.ts"

/** The measures, in the order they are run and told. */
export const measureNames = [
  "fan-out",
  "last-receiver",
  "idle-memory",
  "acks",
  "cold-start",
  "reset",
] as const
export type MeasureName = (typeof measureNames)[number]

/** A number, a list of them, or points; infinite is written as "infinite". */
export type Figure = number | string | number[] | number[][] | string[]
export type Figures = Record<string, Figure>

/** One try of one case of one measure on one target. */
export interface Run {
  measure: MeasureName
  target: string
  round: number
  case: string
  attempt: number
  /** Why this try says nothing about the target; null when it does. */
  void: string | null
  figures: Figures
}

/** A whole run of the benchmark, as kept in `results/`. */
export interface Results {
  at: string
  commit: string
  quick: boolean
  machine: Machine
  targets: { name: string; note: string; missing: string | null; versions: Record<string, string> }[]
  settings: Settings
  runs: Run[]
}

/** JSON text of results; what is infinite becomes the text "infinite", which JSON can hold. */
export function writeJson(results: Results): string {
  return JSON.stringify(results, (_, value) => (value === Number.POSITIVE_INFINITY ? "infinite" : value), 1)
}

/** Reads such text back. Throws SyntaxError when it is not JSON. */
export function readJson(text: string): Results {
  return JSON.parse(text, (_, value) => (value === "infinite" ? Number.POSITIVE_INFINITY : value)) as Results
}
