import { existsSync } from "node:fs"
import { createConnection } from "node:net"
import { join } from "node:path"
import type { Clock } from "../../lib/clock.ts"
import { EmbeddedError } from "./failure.ts"
import { isPostmasterOf, readPidFile, removePidFile } from "./pid-file.ts"
import { stopSteps } from "./postmaster.ts"
import { processesIn, signalTo, until } from "./processes.ts"
import { port } from "./settings.ts"

/**
 * Ends what an owner that was killed, or a postmaster that was, left running on the cluster in `data`: a fast
 * shutdown of the postmaster, then whatever else works there. The caller holds the owner's lock, so whoever runs
 * there has no owner. Resolves with the postmaster's pid, or null when none ran. Throws "in_use" when it cannot be
 * ended, or when one that we cannot see answers at `host`.
 */
export async function retire(data: string, host: string, clock: Clock): Promise<number | null> {
  const file = readPidFile(data)
  const isRunning = () => file !== null && isPostmasterOf(data, file)
  const pid = isRunning() ? file?.pid : undefined
  if (pid) {
    for (const { signal, maxMs } of stopSteps) {
      signalTo(pid, signal)
      if (await until(() => !isRunning(), clock, maxMs)) break
    }
  }
  // Backends end by themselves when their postmaster is gone, unless they are busy; none may write beside the next.
  for (const signal of ["SIGQUIT", "SIGKILL"] as const) {
    for (const leftover of processesIn(data)) signalTo(leftover, signal)
    if (await until(() => processesIn(data).length === 0, clock, leftoverMaxMs)) break
  }
  const stuck = processesIn(data)[0] ?? (isRunning() ? pid : undefined)
  if (stuck) throw ownerless(data, `process ${stuck}`)
  await checkNobodyAnswers(host, data)
  removePidFile(data)
  return pid ?? null
}

/**
 * A PostgreSQL that answers though none is left that we can see runs in another container on the same volume: its
 * owner was killed there. A second one would destroy the data.
 */
async function checkNobodyAnswers(host: string, data: string): Promise<void> {
  const path = join(host, `.s.PGSQL.${port}`)
  if (!existsSync(path)) return
  const answers = await new Promise<boolean>((resolve) => {
    const socket = createConnection({ path })
    socket.once("connect", () => {
      socket.destroy()
      resolve(true)
    })
    socket.once("error", () => resolve(false))
  })
  if (answers) throw ownerless(data, "not visible from here, perhaps in another container")
}

const leftoverMaxMs = 3_000

function ownerless(data: string, which: string): EmbeddedError {
  return new EmbeddedError(
    "in_use",
    `A PostgreSQL without an owner (${which}) runs on ${data} and does not end. End it by hand and start again.`,
  )
}
