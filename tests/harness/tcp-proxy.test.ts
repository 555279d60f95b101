import { expect, test } from "bun:test"
import { connect, createServer, type Socket } from "node:net"
import { TcpProxy } from "./tcp-proxy.ts"
import { until } from "./until.ts"

/** Says everything back. */
async function echo() {
  const server = createServer((socket) => {
    socket.on("error", () => {})
    socket.pipe(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  return { port: (server.address() as { port: number }).port, server }
}

function dial(port: number): { socket: Socket; heard: () => string; isClosed: () => boolean } {
  const socket = connect(port, "127.0.0.1")
  let [heard, isClosed] = ["", false]
  socket.on("data", (bytes) => {
    heard += bytes
  })
  socket.on("error", () => {})
  socket.on("close", () => {
    isClosed = true
  })
  return { socket, heard: () => heard, isClosed: () => isClosed }
}

test("a proxy passes, holds one way or both, gives back what it held, cuts and refuses", async () => {
  const { port, server } = await echo()
  await using proxy = await TcpProxy.start({ host: "127.0.0.1", port })
  const one = dial(proxy.port)
  one.socket.write("a")
  await until("a", () => one.heard() === "a")
  for (const ways of [["up"], ["down"], []] as const) {
    const before = one.heard()
    proxy.hold(...ways)
    one.socket.write("b")
    const probe = dial(port)
    probe.socket.write("later")
    await until("what does not go by the proxy", () => probe.heard() === "later")
    probe.socket.destroy()
    expect(one.heard()).toBe(before)
    proxy.open()
    await until("what was held", () => one.heard() === `${before}b`)
  }
  proxy.cut()
  await until("the end", one.isClosed)
  const two = dial(proxy.port)
  two.socket.write("c")
  await until("c", () => two.heard() === "c")
  proxy.refuse()
  await until("its end", two.isClosed)
  const three = dial(proxy.port)
  await until("a refusal", three.isClosed)
  proxy.open()
  const four = dial(proxy.port)
  four.socket.write("d")
  await until("d", () => four.heard() === "d")
  four.socket.destroy()
  server.close()
})
