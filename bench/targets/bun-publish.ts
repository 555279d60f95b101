import { startServer } from "./server-process.ts"
import { peerWire, type Target } from "./target.ts"

/** The floor: what Bun's own publish costs. */
export const bunPublish: Target = {
  name: "bun-publish",
  note: "bare Bun publish server; keeps nothing, acks nothing",
  wire: peerWire,
  versions: () => ({ bun: Bun.version }),
  missing: () => null,
  makeHome: () => null,
  async start() {
    const server = await startServer([
      process.execPath,
      new URL("../peers/bun-publish.ts", import.meta.url).pathname,
    ])
    return { ...server, databasePid: null }
  },
}
