import { versionOf } from "./node-package.ts"
import { startServer } from "./server-process.ts"
import { peerWire, type Target } from "./target.ts"

/** The usual hub on Node. */
export const wsHub: Target = {
  name: "ws-hub",
  note: "Node `ws` hub; keeps nothing, acks nothing",
  wire: peerWire,
  versions: () => ({ node: versionOf("node"), ws: versionOf("ws") }),
  missing: () => (Bun.which("node") === null ? "not installed: no node on PATH" : null),
  makeHome: () => null,
  async start() {
    const server = await startServer(["node", new URL("../peers/ws-hub.mjs", import.meta.url).pathname])
    return { ...server, databasePid: null }
  },
}
