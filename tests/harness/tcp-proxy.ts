import { connect, createServer, type NetConnectOpts, type Server, type Socket } from "node:net"

/** Where a proxy's connections go. */
export type ProxyTarget = { readonly host: string; readonly port: number } | { readonly path: string }

/**
 * Stands between two programs and is the network when it fails: it cuts connections, lets nothing pass while they
 * stay, one way or both, and makes what passes late. What it held passes once it is open again.
 */
export class TcpProxy implements AsyncDisposable {
  readonly #target: ProxyTarget
  readonly #server: Server
  readonly #pairs = new Set<Pair>()
  #isHeld = { up: false, down: false }
  #delayMs = 0
  #isRefusing = false

  private constructor(target: ProxyTarget) {
    this.#target = target
    this.#server = createServer({ pauseOnConnect: true }, (client) => this.#accept(client))
  }

  static async start(target: ProxyTarget): Promise<TcpProxy> {
    const proxy = new TcpProxy(target)
    await new Promise<void>((resolve) => proxy.#server.listen(0, "127.0.0.1", resolve))
    return proxy
  }

  get port(): number {
    return (this.#server.address() as { port: number }).port
  }

  /** Nothing passes any more, in one direction or both; connections stay, and new ones are taken. */
  hold(...ways: ("up" | "down")[]): void {
    for (const way of ways.length > 0 ? ways : (["up", "down"] as const)) this.#isHeld[way] = true
    for (const pair of this.#pairs) pair.hold(this.#isHeld)
  }

  /** What passes is so much later. */
  delay(ms: number): void {
    this.#delayMs = ms
  }

  /** Every connection ends at once, without a goodbye. */
  cut(): void {
    for (const pair of [...this.#pairs]) pair.cut()
  }

  /** The same, and no new one comes about. */
  refuse(): void {
    this.#isRefusing = true
    this.cut()
  }

  /** All passes again. */
  open(): void {
    this.#isHeld = { up: false, down: false }
    this.#delayMs = 0
    this.#isRefusing = false
    for (const pair of this.#pairs) pair.hold(this.#isHeld)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.refuse()
    await new Promise<void>((resolve) => this.#server.close(() => resolve()))
  }

  #accept(client: Socket): void {
    if (this.#isRefusing) return void client.resetAndDestroy()
    const server = connect(this.#target as NetConnectOpts)
    const pair = new Pair(client, server, () => this.#delayMs)
    this.#pairs.add(pair)
    pair.hold(this.#isHeld)
    for (const socket of [client, server]) {
      socket.setNoDelay(true)
      socket.on("error", () => {})
      socket.on("close", () => {
        this.#pairs.delete(pair)
        pair.cut()
      })
    }
  }
}

/** A connection and the one behind it. */
class Pair {
  readonly #client: Socket
  readonly #server: Socket

  constructor(client: Socket, server: Socket, delayMs: () => number) {
    this.#client = client
    this.#server = server
    pass(client, server, delayMs)
    pass(server, client, delayMs)
  }

  hold(is: { readonly up: boolean; readonly down: boolean }): void {
    if (is.up) this.#client.pause()
    else this.#client.resume()
    if (is.down) this.#server.pause()
    else this.#server.resume()
  }

  cut(): void {
    this.#client.resetAndDestroy()
    this.#server.destroy()
  }
}

/** In order: what comes after something late is no earlier. */
function pass(from: Socket, to: Socket, delayMs: () => number): void {
  let dueMs = 0
  from.on("data", (bytes: Buffer) => {
    const nowMs = performance.now()
    dueMs = Math.max(dueMs, nowMs + delayMs())
    if (dueMs <= nowMs) to.write(bytes)
    else setTimeout(() => to.destroyed || to.write(bytes), dueMs - nowMs)
  })
}
