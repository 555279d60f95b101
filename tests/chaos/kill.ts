import { parseArgs } from "node:util"
import { faultNames } from "./checker.ts"
import { run } from "./run.ts"

const { values } = parseArgs({
  options: {
    kills: { type: "string", default: "200" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
    rate: { type: "string", default: "300" },
    entry: { type: "string" },
  },
})
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(130))
const kills = Number(values.kills)
const seed = Number(values.seed)
const perSecond = Number(values.rate)
const withPostgres = Math.round(kills / 20)
const postgresOnly = Math.round(kills / 40)

console.log(
  `${kills} kills of the server, ${withPostgres} with PostgreSQL; ${postgresOnly} of PostgreSQL alone; ` +
    `${perSecond} messages/s; seed ${seed}`,
)
const { verdict, figures, settled, complaints } = await run({
  seed,
  perSecond,
  kills,
  withPostgres,
  postgresOnly,
  lifeMs: [200, 2_000],
  ...(values.entry === undefined ? {} : { entry: values.entry }),
  onKill: (count) => {
    if (count % 20 === 0) console.log(`  ${count} kills`)
  },
})
const down = figures.downMs.toSorted((a, b) => a - b)
const at = (share: number) => Math.round(down[Math.floor(share * (down.length - 1))] ?? 0)
console.log(`
acks                 ${figures.acks}
entries in the log   ${figures.stored}
kills of the server  ${figures.kills}, ${figures.killsWithPostgres} with PostgreSQL
kills at the start   ${figures.killsAtStart} more, before it listened
kills of PostgreSQL  ${figures.killsOfPostgres} alone
with a send un-acked ${figures.killsWithUnacked}
reconnects           ${figures.reconnects}
replayed entries     ${figures.replayed}
gaps                 ${figures.gaps}, ${figures.paged} messages paged
sends made again     ${figures.resent}
down                 p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, longest ${at(1)} ms
seconds              ${figures.seconds.toFixed(0)}
all back and whole   ${settled}
errors logged        ${complaints.length}`)
for (const name of faultNames) console.log(`${name.padEnd(20)} ${verdict.faults[name]}`)
for (const line of [...verdict.samples, ...complaints.slice(0, 10)]) console.log(`  ${line}`)
const isClean = settled && faultNames.every((name) => verdict.faults[name] === 0)
console.log(isClean ? "nothing was lost" : `BROKEN; seed ${seed}`)
process.exit(isClean ? 0 : 1)
