import { Load } from "./load.ts"
import type { Answer, Order, OrderName, Orders } from "./orders.ts"
import { RecoveryRun } from "./recovery.ts"
import { Swarm } from "./swarm.ts"

/** One generator process: obeys the runner's orders one after the other, over Bun's IPC. */
let swarm: Swarm | null = null
let load: Load | null = null
let recovery: RecoveryRun | null = null

const obey: {
  [N in OrderName]: (ask: Orders[N]["ask"]) => Orders[N]["answer"] | Promise<Orders[N]["answer"]>
} = {
  connect({ wire, hostname, port, source, resume }) {
    swarm = new Swarm(wire, { hostname, port }, source)
    load = null
    recovery = resume === null ? null : new RecoveryRun(swarm, resume)
    return null
  },
  open: ({ seats, inFlightMax }) => need(swarm).open(seats, inFlightMax),
  start({ pace, contentBytes }) {
    load = new Load(need(swarm), pace, contentBytes, load?.nextOffset ?? 0)
    load.start()
    return null
  },
  mark: () => need(load).mark(),
  stop: ({ from, to, drainMs }) => need(load).stop(from, to, drainMs),
  reset: ({ burst, timeoutMs }) => need(recovery).run(burst, timeoutMs),
  health() {
    const { lostCount, errorCount, errors } = need(swarm)
    return { lost: lostCount, errorCount, errors }
  },
  close() {
    swarm?.close()
    swarm = null
    return null
  },
}

process.on("message", async (order: Order) => {
  const answer: Answer = { id: order.id }
  try {
    const act = obey[order.name] as (ask: unknown) => unknown
    answer.answer = await act(order.ask)
  } catch (error) {
    answer.error = String(error)
  }
  process.send?.(answer)
})
process.on("disconnect", () => process.exit(0))

function need<T>(part: T | null): T {
  if (part === null) throw new Error("an order came before what it works on")
  return part
}
