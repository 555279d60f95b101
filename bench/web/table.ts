import { writeSummary } from "../budgets.ts"
import type { Summary } from "../summary.ts"
import { listCases, type MeasureName, type Results, summarize } from "./results.ts"

const beginMark = "<!-- web: begin -->"
const endMark = "<!-- web: end -->"

interface Section {
  measure: MeasureName
  title: string
  figures: { figure: string; label: string }[]
}

const tasks = [
  { figure: "longTasks", label: "tasks over 50 ms" },
  { figure: "longestTaskMs", label: "the longest of them, ms" },
]

const busy = { figure: "busyShare", label: "share of the time the page's thread was busy" }

const sections: Section[] = [
  {
    measure: "first-paint",
    title: "Coming back",
    figures: [
      { figure: "paintMs", label: "first contentful paint, ms" },
      { figure: "messagesMs", label: "newest messages drawn, ms" },
      ...tasks,
    ],
  },
  {
    measure: "open-room",
    title: "Opening a room, nothing cached",
    figures: [{ figure: "newestMs", label: "newest messages drawn, ms" }, ...tasks],
  },
  {
    measure: "scroll-back",
    title: "Scrolling back",
    figures: [
      { figure: "loaded", label: "messages held at its end" },
      { figure: "framesOver50Ms", label: "frames over 50 ms" },
      { figure: "frames", label: "of frames" },
      { figure: "frameP50Ms", label: "frame, p50 ms" },
      { figure: "frameP99Ms", label: "frame, p99 ms" },
      { figure: "frameMaxMs", label: "frame, max ms" },
      ...tasks,
      busy,
      { figure: "jumpsOver2Px", label: "frames in which what is read jumped by more than 2 px" },
      { figure: "jumpMaxPx", label: "the furthest jump, px" },
      { figure: "jumpSumPx", label: "all jumps, added up with their signs, px" },
      { figure: "linesMax", label: "most messages in the document" },
      { figure: "heapBeforeMb", label: "JS heap before, MB" },
      { figure: "heapAfterMb", label: "JS heap after, MB" },
      { figure: "heapKbPerMessage", label: "JS heap per message, KB" },
    ],
  },
  {
    measure: "typing",
    title: "Typing while others write",
    figures: [
      ...tasks,
      busy,
      { figure: "keyPaintP50Ms", label: "key to paint, p50 ms" },
      { figure: "keyPaintP99Ms", label: "key to paint, p99 ms" },
      { figure: "keyPaintMaxMs", label: "key to paint, max ms" },
      { figure: "charactersLost", label: "characters lost" },
      { figure: "messagesPerSec", label: "messages/s written meanwhile" },
    ],
  },
]

interface Budget {
  measure: MeasureName
  /** How the name of its case begins. */
  case: string
  figure: string
  max: number
  label: string
}

const budgets: Budget[] = [
  { measure: "typing", case: "", figure: "longTasks", max: 0, label: "typing: tasks over 50 ms" },
  { measure: "bundles", case: "SDK", figure: "gzipKb", max: 15, label: "SDK, gzip KB" },
  { measure: "bundles", case: "hooks", figure: "gzipKb", max: 3, label: "hooks, gzip KB more" },
  { measure: "bundles", case: "widget", figure: "gzipKb", max: 40, label: "widget, gzip KB" },
]

/** The results as Markdown: what they were measured on, the budgets with their verdicts, then every measure. */
export function writeTables(results: Results, rawName: string): string {
  return [
    ...writeHead(results, rawName),
    ...writeBudgets(results),
    ...sections.flatMap((section) => writeSection(results, section)),
    ...writeSizes(results),
  ]
    .join("\n")
    .trim()
}

/** Puts `tables` between the marks of a document. Throws when the document has no such marks. */
export function placeTables(document: string, tables: string): string {
  const begin = document.indexOf(beginMark)
  const end = document.indexOf(endMark)
  if (begin < 0 || end < begin) throw new Error(`no marks to write between: ${beginMark} ${endMark}`)
  return `${document.slice(0, begin + beginMark.length)}\n\n${tables}\n\n${document.slice(end)}`
}

function writeHead({ machine, runs, ...results }: Results, rawName: string): string[] {
  const versions = Object.entries(results.versions).map(([name, version]) => `${name} ${version}`)
  const failures = runs.flatMap(({ measure, round, failure }) =>
    failure === null ? [] : [`- ${measure}, round ${round + 1}, FAILED: ${failure.split("\n", 1)[0]}`],
  )
  return [
    `Measured ${results.at} at commit ${results.commit} on ${machine.cores} cores of ${machine.cpu}, ` +
      `${machine.memoryMb.toLocaleString("en")} MB, Linux ${machine.kernel}, with ${versions.join(", ")}; ` +
      `the server on the same cores. Raw figures: [${rawName}](${rawName}).`,
    "",
    "Cells are the median over the rounds, in brackets the least and greatest and the number of rounds.",
    ...failures,
    "",
  ]
}

/** A budget holds when its worst round does. */
function writeBudgets(results: Results): string[] {
  const rows = budgets.map(({ measure, figure, max, label, ...budget }) => {
    const name = listCases(results, measure).find((one) => one.startsWith(budget.case)) ?? ""
    const summary = summarize(results, measure, name, figure)
    const failed = results.runs.some((run) => run.measure === measure && run.failure !== null)
    const verdict = failed || (summary !== null && summary.max > max) ? "MISSED" : "met"
    const told = summary === null && !failed ? "not measured" : verdict
    return `| ${label} | <= ${max} | ${summary === null ? "-" : writeSummary(summary)} | ${told} |`
  })
  return [
    "### Budgets in the browser",
    "",
    "| what | budget | measured | |",
    "|---|---|---|---|",
    ...rows,
    "",
  ]
}

function writeSection(results: Results, { measure, title, figures }: Section): string[] {
  const cases = listCases(results, measure)
  if (cases.length === 0) return []
  const rows = figures.flatMap(({ figure, label }) => {
    const cells = cases.map((name) => summarize(results, measure, name, figure))
    return cells.some((cell) => cell !== null) ? [`| ${label} | ${cells.map(writeCell).join(" | ")} |`] : []
  })
  return [
    `### ${title}`,
    "",
    `| | ${cases.join(" | ")} |`,
    `|---|${"---|".repeat(cases.length)}`,
    ...rows,
    "",
  ]
}

const writeCell = (summary: Summary | null): string => (summary === null ? "-" : writeSummary(summary))

function writeSizes(results: Results): string[] {
  const cases = listCases(results, "bundles")
  if (cases.length === 0) return []
  const kb = (name: string, figure: string) =>
    summarize(results, "bundles", name, figure)?.median.toFixed(1) ?? "-"
  const rows = cases.map((name) => `| ${name} | ${kb(name, "rawKb")} | ${kb(name, "gzipKb")} |`)
  return ["### Sizes, KB", "", "| what | minified | gzip |", "|---|---|---|", ...rows, ""]
}
