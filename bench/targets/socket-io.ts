import { versionOf } from "./node-package.ts"
import { startServer } from "./server-process.ts"
import type { Target } from "./target.ts"

/** Socket.IO, websocket transport only. */
export const socketIo: Target = {
  name: "socket-io",
  note: "Socket.IO on Node, websocket transport; keeps nothing, acks nothing",
  wire: {
    path: "/socket.io/?EIO=4&transport=websocket&user={user}&room={room}",
    afterOpen: ["40"],
    ready: ['"joined"'],
    back: null,
    send: '42["message",{"type":"message","room_id":"{room}","content":"{content}","ref":"{ref}"}]',
    heartbeat: { text: "2", answer: "3" },
    keepAlive: null,
    acks: false,
  },
  versions: () => ({ node: versionOf("node"), "socket.io": versionOf("socket.io") }),
  missing: () => (Bun.which("node") === null ? "not installed: no node on PATH" : null),
  makeHome: () => null,
  async start() {
    const server = await startServer(["node", new URL("../peers/socket-io.mjs", import.meta.url).pathname])
    return { ...server, databasePid: null }
  },
}
