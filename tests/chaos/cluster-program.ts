import { parseArgs } from "node:util"
import { faultNames } from "./checker.ts"
import { faultKinds } from "./cluster-faults.ts"
import { convergeMs, runCluster } from "./cluster-run.ts"

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "30" },
    nodes: { type: "string", default: "3" },
    rate: { type: "string", default: "200" },
    clients: { type: "string", default: "60" },
    rooms: { type: "string", default: "12" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
    entry: { type: "string" },
  },
})
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(130))
const seed = Number(values.seed)
const clients = Number(values.clients)
const sdkCount = Math.round(clients / 6)

console.log(
  `${values.nodes} nodes, ${clients} clients, ${values.rooms} rooms, ${values.rate} messages/s, ` +
    `${values.minutes} min, ${faultKinds.length} kinds of faults; seed ${seed}`,
)
const outcome = await runCluster({
  seed,
  nodes: Number(values.nodes),
  perSecond: Number(values.rate),
  plainCount: clients - sdkCount - 2,
  sdkCount,
  roomCount: Number(values.rooms),
  faultsMax: Number.POSITIVE_INFINITY,
  forMs: Number(values.minutes) * 60_000,
  restMs: [500, 4_000],
  settleMs: 60_000,
  ...(values.entry === undefined ? {} : { entry: values.entry }),
  onLate: (laggards) => {
    for (const one of laggards) console.log(`  late: ${one}`)
  },
  onFault: (kind, count) => {
    if (count % 10 === 0) console.log(`  ${count} faults; the last: ${kind}`)
  },
})
const { verdict, settled, settledMs, complaints } = outcome
console.log(`
acks                 ${outcome.acks}
entries in the log   ${outcome.stored}
faults               ${outcome.faultCount}
with a send un-acked ${outcome.withUnacked}
reconnects           ${outcome.reconnects}
replayed entries     ${outcome.replayed}
gaps                 ${outcome.gaps}
seconds              ${outcome.seconds.toFixed(0)}
all back and whole   ${settled}, ${(settledMs / 1_000).toFixed(1)} s after the last fault
errors logged        ${complaints.length}
`)
for (const kind of faultKinds) console.log(`${String(outcome.faults[kind] ?? 0).padStart(6)} times ${kind}`)
console.log()
for (const name of faultNames) console.log(`${name.padEnd(20)} ${verdict.faults[name]}`)
for (const line of [...verdict.samples, ...complaints.slice(0, 10)]) console.log(`  ${line}`)
const isClean = settled && settledMs <= convergeMs && faultNames.every((name) => verdict.faults[name] === 0)
console.log(isClean ? "nothing was lost" : `BROKEN; seed ${seed}`)
process.exit(isClean ? 0 : 1)
