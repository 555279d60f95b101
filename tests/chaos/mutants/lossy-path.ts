import type { AppOverrides } from "../../../packages/server/src/app.ts"
import { seededRandom } from "../../../packages/server/src/lib/random.ts"

const LOSS = 0.1

/** A way from the log to delivery that loses one batch in ten: what a bus may do, and delivery must mend. */
export function lossyPath(): NonNullable<AppOverrides["onCommitted"]> {
  const random = seededRandom(process.pid)
  return (batches, deliver) => deliver(batches.filter(() => random.float() >= LOSS))
}
