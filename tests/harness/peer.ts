import { until } from "./until.ts"

export type Frame = Record<string, unknown> & { type: string }

/** A plain WebSocket that keeps all it hears: what an application developer has without the SDK. */
export class Peer implements AsyncDisposable {
  readonly socket: WebSocket
  readonly heard: Frame[] = []
  closeCode: number | undefined
  #refs = 0

  private constructor(socket: WebSocket) {
    this.socket = socket
    socket.onmessage = (event) => this.heard.push(JSON.parse(String(event.data)) as Frame)
    socket.onclose = (event) => {
      this.closeCode = event.code
    }
  }

  /** Connects to `wsUrl` + `path`; resolves once hello was heard. */
  static async connect(wsUrl: string, path: string): Promise<Peer> {
    const peer = new Peer(new WebSocket(wsUrl + path))
    await until(
      `hello on ${path}`,
      () => peer.closeCode !== undefined || peer.heard.some((f) => f.type === "hello"),
    )
    if (!peer.heard.some((f) => f.type === "hello")) throw new Error(`refused: ${path} (${peer.closeCode})`)
    return peer
  }

  send(frame: Record<string, unknown> | string): void {
    this.socket.send(typeof frame === "string" ? frame : JSON.stringify(frame))
  }

  /** Sends with a ref and resolves with its answer, ack or error. */
  async ask(frame: Record<string, unknown>, timeoutMs?: number): Promise<Frame> {
    const ref = `r${this.#refs++}`
    this.send({ ...frame, ref })
    return this.hears(`the answer to ${frame.type}`, (f) => f.ref === ref, timeoutMs)
  }

  /** The first frame heard, now or later, that fits. */
  hears(what: string, fits: (frame: Frame) => boolean, timeoutMs?: number): Promise<Frame> {
    return until(what, () => this.heard.find(fits), timeoutMs)
  }

  /** Entries of a room, in the order heard. */
  entries(roomId: unknown): Frame[] {
    return this.heard.filter(
      (frame) => frame.room_id === roomId && frame.seq !== undefined && frame.type !== "ack",
    )
  }

  async close(): Promise<void> {
    this.socket.close()
    await until("close", () => this.closeCode !== undefined)
  }

  [Symbol.asyncDispose] = () => this.close()
}
