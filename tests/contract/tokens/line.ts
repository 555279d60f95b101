import type { Target } from "../../conformance/target.ts"
import { until } from "../../harness/until.ts"

type Heard = Record<string, unknown> & { type: string }

/** A socket of somebody who may not have said yet who they are; it keeps what it hears, and when it ended. */
export class Line implements AsyncDisposable {
  readonly #socket: WebSocket
  readonly heard: Heard[] = []
  end: { readonly code: number; readonly atMs: number } | undefined
  #refs = 0

  private constructor(url: string) {
    this.#socket = new WebSocket(url)
    this.#socket.onmessage = ({ data }) => this.heard.push(JSON.parse(String(data)))
    this.#socket.onclose = ({ code }) => {
      this.end = { code, atMs: Date.now() }
    }
  }

  /** Opens `path`; resolves once it is open, or was refused. */
  static async open({ wsUrl }: Target, path: string): Promise<Line> {
    const line = new Line(wsUrl + path)
    await until("the socket to open", () => line.isOpen || line.end)
    return line
  }

  /** The same, and hello was heard. */
  static async of(at: Target, query: string): Promise<Line> {
    const line = await Line.open(at, `/ws?${query}`)
    await until("hello", () => line.heard.length > 0 || line.end)
    if (line.end) throw new Error(`refused: ${line.end.code}`)
    return line
  }

  get isOpen(): boolean {
    return this.#socket.readyState === WebSocket.OPEN
  }

  get username(): string | undefined {
    return this.#user?.username
  }

  get userId(): string | undefined {
    return this.#user?.id
  }

  get #user(): { readonly id: string; readonly username: string } | undefined {
    return this.heard.find(({ type }) => type === "hello")?.user as never
  }

  send(frame: object | string): void {
    this.#socket.send(typeof frame === "string" ? frame : JSON.stringify(frame))
  }

  /** The answer to a frame: an ack, a pong or an error. */
  ask(frame: Record<string, unknown>): Promise<Heard> {
    const ref = `r${this.#refs++}`
    this.send({ ...frame, ref })
    return until(`the answer to ${frame.type}`, () => {
      if (this.end) throw new Error(`closed with ${this.end.code} before the answer to ${frame.type}`)
      return this.heard.find((heard) => heard.ref === ref)
    })
  }

  hears(what: string, fits: (frame: Heard) => boolean): Promise<Heard> {
    return until(what, () => this.heard.find(fits))
  }

  /** With which code the server ended it, and when. */
  ends(timeoutMs?: number): Promise<{ readonly code: number; readonly atMs: number }> {
    return until("the end of the socket", () => this.end, timeoutMs)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.close()
    await until("close", () => this.end)
  }
}
