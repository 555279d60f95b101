import { connect, createServer, type Server, type Socket } from "node:net"

/**
 * A reverse proxy as operators put one in front: the server stands under a path prefix of the proxy's origin,
 * for HTTP and WebSocket. It changes paths and nothing else, and can hold back what the server says.
 */
export class PrefixProxy implements AsyncDisposable {
  /** The prefix's address, without a slash at the end. */
  readonly url: string
  /** Paths asked for outside of the prefix: answered 404. */
  readonly strays: string[] = []
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  readonly #answers = new Set<Socket>()
  #isHeld = false
  /** Answers a path itself, with a status line and a body, instead of asking the server. */
  intercept: (path: string) => { status: string; body: string } | undefined = () => undefined

  private constructor(server: Server, url: string) {
    this.#server = server
    this.url = url
  }

  /** `prefix` is like "/chat/app"; "" is none. Rejects when it cannot listen. */
  static async start(targetPort: number, prefix: string): Promise<PrefixProxy> {
    const server = createServer()
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject)
      server.listen(0, "127.0.0.1", resolve)
    })
    const address = server.address()
    if (address === null || typeof address === "string") throw new Error("the proxy has no port")
    const proxy = new PrefixProxy(server, `http://127.0.0.1:${address.port}${prefix}`)
    server.on("connection", (client: Socket) => proxy.#serve(client, targetPort, prefix))
    return proxy
  }

  /** From now on, what the server says waits. */
  hold(): void {
    this.#isHeld = true
    for (const answer of this.#answers) answer.pause()
  }

  release(): void {
    this.#isHeld = false
    for (const answer of this.#answers) answer.resume()
  }

  #serve(client: Socket, targetPort: number, prefix: string): void {
    const target = connect(targetPort, "127.0.0.1")
    const requests = new RequestPaths(prefix, (path) => this.intercept(path) !== undefined)
    this.#answers.add(target)
    if (this.#isHeld) target.pause()
    for (const [socket, other] of [
      [client, target],
      [target, client],
    ] as const) {
      this.#sockets.add(socket)
      socket.on("error", () => other.destroy())
      socket.on("close", () => {
        this.#sockets.delete(socket)
        this.#answers.delete(socket)
        other.destroy()
      })
    }
    target.on("data", (chunk) => client.write(chunk))
    client.on("data", (chunk: Buffer) => {
      const passed = requests.pass(chunk)
      if (typeof passed !== "string") return void target.write(passed)
      client.end(this.#own(passed))
    })
  }

  #own(path: string): string {
    const { status, body } = this.intercept(path) ?? { status: "404 Not Found", body: "" }
    if (status.startsWith("404")) this.strays.push(path)
    const type = "content-type: application/json\r\n"
    return `HTTP/1.1 ${status}\r\n${type}content-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve))
    for (const socket of this.#sockets) socket.destroy()
    await closed
  }
}

/** Takes the prefix off the paths of the requests on one connection. Bodies must say their length. */
class RequestPaths {
  readonly #prefix: string
  readonly #isKept: (path: string) => boolean
  #rest: Buffer = Buffer.alloc(0)
  #bodyBytesLeft = 0

  constructor(prefix: string, isKept: (path: string) => boolean) {
    this.#prefix = prefix
    this.#isKept = isKept
  }

  /** What goes on to the server of `chunk`; a string is a path that is kept, or not under the prefix. */
  pass(chunk: Buffer): Buffer | string {
    const passed: Buffer[] = []
    this.#rest = Buffer.concat([this.#rest, chunk])
    while (this.#rest.length > 0) {
      if (this.#bodyBytesLeft > 0) {
        const body = this.#rest.subarray(0, this.#bodyBytesLeft)
        passed.push(body)
        this.#rest = this.#rest.subarray(body.length)
        this.#bodyBytesLeft -= body.length
        continue
      }
      const end = this.#rest.indexOf("\r\n\r\n")
      if (end < 0) break
      const head = this.#rest.toString("latin1", 0, end + 4)
      const path = /^[A-Z]+ (\S+)/.exec(head)?.[1] ?? ""
      if (!path.startsWith(`${this.#prefix}/`) || this.#isKept(path)) return path
      passed.push(Buffer.from(head.replace(path, path.slice(this.#prefix.length)), "latin1"))
      this.#rest = this.#rest.subarray(end + 4)
      // After an upgrade come frames, to the end.
      if (/^upgrade: *websocket\r$/im.test(head)) this.#bodyBytesLeft = Number.POSITIVE_INFINITY
      else this.#bodyBytesLeft = Number(/^content-length: *(\d+)\r$/im.exec(head)?.[1] ?? 0)
    }
    return Buffer.concat(passed)
  }
}
