import { parseArgs } from "node:util"
import { isClean, type Percentiles, verify } from "./verify.ts"

const help = `npm run verify -- --url https://chat.example
Talks to a Klatch of yours for a while, and counts what is lost, doubled or out of turn. Exit code 1 when anything is.

  --url       where it is served (required)
  --token     a token that lets everyone in; without it each comes by a name (open mode)
  --room      a room to use; it stays, with all that was said (verify)
  --seconds   how long (30)
  --rate      messages a second, of all senders together (20)
  --senders   (4), --receivers (8)
  --cut       cut each connection about every so many seconds; 0: never (10)
  --settle    seconds to wait at the end until all is acked and heard (30)`

const number = (text: string) => {
  const value = Number(text)
  if (!(value >= 0)) throw new Error(`not a number: ${text}`)
  return value
}

const { values } = parseArgs({
  options: {
    url: { type: "string" },
    token: { type: "string" },
    room: { type: "string", default: "verify" },
    seconds: { type: "string", default: "30" },
    rate: { type: "string", default: "20" },
    senders: { type: "string", default: "4" },
    receivers: { type: "string", default: "8" },
    cut: { type: "string", default: "10" },
    settle: { type: "string", default: "30" },
    help: { type: "boolean", short: "h", default: false },
  },
})
if (values.help || !values.url || !/^https?:\/\//.test(values.url)) {
  console.log(help)
  process.exit(values.help ? 0 : 2)
}
const tell = (name: string, { count, p50, p99, max }: Percentiles) =>
  console.log(
    `${name.padEnd(20)} p50 ${p50.toFixed(1)}, p99 ${p99.toFixed(1)}, max ${max.toFixed(1)} ms (n=${count})`,
  )
try {
  const report = await verify({
    url: values.url,
    token: values.token,
    room: values.room,
    seconds: number(values.seconds),
    perSecond: number(values.rate),
    senders: number(values.senders),
    receivers: number(values.receivers),
    cutEveryS: number(values.cut),
    settleS: number(values.settle),
  })
  const { refused, ackMs, heardMs, ...counts } = report
  for (const [name, count] of Object.entries(counts)) console.log(`${name.padEnd(20)} ${count}`)
  tell("ack", ackMs)
  tell("heard", heardMs)
  for (const words of new Set(refused)) console.log(`  refused: ${words}`)
  console.log(isClean(report) ? "every promise was kept" : "BROKEN")
  process.exit(isClean(report) ? 0 : 1)
} catch (error) {
  console.error(`${values.url} cannot be verified: ${(error as Error).message}`)
  process.exit(2)
}
