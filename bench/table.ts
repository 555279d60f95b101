import { countLost, holdBudgets, writeSummary } from "./budgets.ts"
import type { MeasureName, Results } from "./results.ts"
import { findFailure, listCases, summarize } from "./summary.ts"

const beginMark = "<!-- results: begin, written by the benchmark -->"
const endMark = "<!-- results: end -->"

interface Section {
  measure: MeasureName
  title: string
  figures: { figure: string; label: string }[]
}

const sections: Section[] = [
  {
    measure: "fan-out",
    title: "Fan-out",
    figures: [
      { figure: "cpuUsPerDelivery", label: "server CPU per delivery, us" },
      { figure: "cpuWithDatabaseUsPerDelivery", label: "the same with its database's processes, us" },
      { figure: "deliveriesPerSec", label: "deliveries/s" },
      { figure: "lastP50Ms", label: "send to last receiver, p50 ms" },
      { figure: "lastP99Ms", label: "send to last receiver, p99 ms" },
      { figure: "machineIdleShare", label: "share of the cores left idle" },
    ],
  },
  {
    measure: "last-receiver",
    title: "Send to last receiver",
    figures: [
      { figure: "lastP50Ms", label: "p50 ms" },
      { figure: "lastP99Ms", label: "p99 ms" },
      { figure: "lastMaxMs", label: "max ms" },
      { figure: "undelivered", label: "messages not delivered to all" },
      { figure: "ackP99Ms", label: "ack p99 ms" },
    ],
  },
  {
    measure: "idle-memory",
    title: "Idle memory",
    figures: [
      { figure: "slopeKb", label: "RSS per connection, KB" },
      { figure: "slabSlopeKb", label: "kernel slab per connection, both ends, KB" },
      { figure: "baseRssKb", label: "RSS with no connection, KB" },
    ],
  },
  {
    measure: "acks",
    title: "Durable acks",
    figures: [
      { figure: "acksPerSec", label: "acks/s" },
      { figure: "ackP50Ms", label: "p50 ms" },
      { figure: "ackP99Ms", label: "p99 ms" },
      { figure: "unacked", label: "unacked" },
    ],
  },
  {
    measure: "cold-start",
    title: "Start",
    figures: [{ figure: "joinedMs", label: "to the first joined connection, ms" }],
  },
  {
    measure: "reset",
    title: "All connections reset at once",
    figures: [
      { figure: "backP50Ms", label: "back and caught up, p50 ms" },
      { figure: "backP99Ms", label: "p99 ms" },
      { figure: "backMaxMs", label: "max ms" },
      { figure: "queriesPerClient", label: "database queries per client, writes included" },
      { figure: "notWhole", label: "connections with a hole or a repeat" },
    ],
  },
]

/** The results as Markdown: what they were measured on, the budgets with their verdicts, then every measure. */
export function writeTables(results: Results, rawName: string): string {
  return [
    ...writeHead(results, rawName),
    ...writeBudgets(results),
    ...sections.flatMap((one) => writeSection(results, one)),
  ]
    .join("\n")
    .trim()
}

/** Puts `tables` between the marks of a document. Throws when the document has no such marks. */
export function placeTables(document: string, tables: string): string {
  const begin = document.indexOf(beginMark)
  const end = document.indexOf(endMark)
  if (begin < 0 || end < begin)
    throw new Error(`no marks to write the results between: ${beginMark} ${endMark}`)
  return `${document.slice(0, begin + beginMark.length)}\n\n${tables}\n\n${document.slice(end)}`
}

function writeHead(results: Results, rawName: string): string[] {
  const { machine } = results
  const voids = results.runs.filter((run) => run.void !== null)
  return [
    `Measured ${results.at} at commit ${results.commit} on ${machine.cores} cores of ${machine.cpu}, ` +
      `${machine.memoryMb.toLocaleString("en")} MB, Linux ${machine.kernel}, data on ${machine.dataFileSystem}. ` +
      `Raw figures: [${rawName}](${rawName}).`,
    "",
    "Cells are the median over the rounds, in brackets the least and greatest and the number of rounds.",
    `Of ${results.runs.length} tries ${voids.length} were void${voids.length === 0 ? "." : ":"}`,
    ...voids.map(
      (run) => `- ${run.measure}, ${run.target}, ${run.case}, round ${run.round + 1}: ${run.void}`,
    ),
    "",
    "| server | what it is | versions |",
    "|---|---|---|",
    ...results.targets.map(({ name, note, missing, versions }) => {
      const told =
        missing ??
        Object.entries(versions)
          .map(([key, value]) => `${key} ${value}`)
          .join(", ")
      return `| ${name} | ${note} | ${told} |`
    }),
    "",
  ]
}

function writeBudgets(results: Results): string[] {
  const lost = countLost(results, "klatch")
  return [
    "### Budgets",
    "",
    "| what | budget | measured | |",
    "|---|---|---|---|",
    ...holdBudgets(results).map(
      (one) => `| ${one.measure} | ${one.budget} | ${one.measured} | ${one.verdict} |`,
    ),
    "",
    ...(lost > 0 ? [`Klatch closed ${lost} connections under load.`, ""] : []),
  ]
}

function writeSection(results: Results, { measure, title, figures }: Section): string[] {
  const cases = listCases(results, measure)
  const targets = results.targets.filter(
    (target) =>
      results.runs.some((run) => run.measure === measure && run.target === target.name) ||
      target.missing !== null,
  )
  const failures = targets.flatMap(({ name }) => {
    const failure = findFailure(results, measure, name)
    return failure === null ? [] : [`${name}: ${failure}`]
  })
  const rows = cases.flatMap((name) =>
    figures.map(({ figure, label }) => {
      const cells = targets.map((target) => {
        const summary = summarize(results, measure, target.name, name, figure)
        if (summary !== null && !Number.isNaN(summary.median)) return writeSummary(summary)
        return target.missing !== null
          ? "not installed"
          : findFailure(results, measure, target.name)
            ? "failed"
            : "-"
      })
      return { cells, line: `| ${name} | ${label} | ${cells.join(" | ")} |` }
    }),
  )
  return [
    `### ${title}`,
    "",
    `| case | figure | ${targets.map((target) => target.name).join(" | ")} |`,
    `|---|---|${targets.map(() => "---|").join("")}`,
    ...rows.filter(({ cells }) => cells.some((cell) => /\d/.test(cell))).map(({ line }) => line),
    "",
    ...failures.map((failure) => `- ${failure}`),
    ...(failures.length > 0 ? [""] : []),
  ]
}
