import { randomUUID } from "node:crypto"
import type { WebSocketConstructor, WebSocketLike } from "@klatch/client"
import type { Stage } from "./testing-stage.ts"

type Frame = Record<string, unknown> & { type: string }

/** One who speaks the protocol by hand, and keeps what it hears. */
interface Peer {
  readonly name: string
  readonly socket: WebSocketLike
  readonly heard: Frame[]
}

/** Tells a Klatch a story frame by frame, and writes down word for word how it answers and what everyone hears. */
export class Story {
  readonly lines: unknown[] = []
  readonly #stage: Stage
  readonly #peers: Peer[] = []
  readonly #names = new Map<string, string>()
  #refs = 0

  constructor(stage: Stage) {
    this.#stage = stage
  }

  /** Someone connects, as the SDK does. */
  async enter(name: string): Promise<void> {
    const { url = "", webSocket = WebSocket as WebSocketConstructor } = this.#stage.options()
    const socket = new webSocket(`${url.replace(/^http/, "ws")}/ws?subscribe=none&user=${name}`, "klatch.v1")
    const peer: Peer = { name, socket, heard: [] }
    socket.onmessage = ({ data }: { readonly data: string }) => {
      peer.heard.push(JSON.parse(data) as Frame)
    }
    this.#peers.push(peer)
    await this.#stage.until("hello", () => peer.heard.length > 0)
    await this.#write(`${name} enters`, undefined)
  }

  /** Someone sends a frame; answers what it is answered with. */
  async say(name: string, frame: Frame): Promise<Frame> {
    const ref = `r${++this.#refs}`
    return this.send(name, { ...frame, ref }, (heard) => heard.ref === ref, JSON.stringify(frame))
  }

  /** The same twice, the second on the heels of the first: what is throttled is so, however busy the machine is. */
  async sayTwice(name: string, frame: Frame): Promise<void> {
    const peer = this.#peers.find((one) => one.name === name)!
    peer.socket.send(JSON.stringify({ ...frame, ref: "once" }))
    await this.send(name, { ...frame, ref: "twice" }, ({ ref }) => ref === "twice", JSON.stringify(frame))
  }

  /** The same with a text as it is, answered by what `isAnswer` knows it by. */
  async send(
    name: string,
    what: Frame | string,
    isAnswer: (frame: Frame) => boolean,
    told = String(what),
  ): Promise<Frame> {
    const peer = this.#peers.find((one) => one.name === name)!
    peer.socket.send(typeof what === "string" ? what : JSON.stringify(what))
    const find = () => peer.heard.find(isAnswer)
    await this.#stage.until(`the answer to ${told}`, () => find() !== undefined)
    const answer = find()!
    await this.#write(`${name}: ${told}`, answer)
    return answer
  }

  /** Someone sends many frames; how it goes is not written down. */
  async flood(name: string, frames: readonly Frame[]): Promise<void> {
    const peer = this.#peers.find((one) => one.name === name)!
    const ref = randomUUID()
    for (const frame of frames) peer.socket.send(JSON.stringify({ ...frame, ref }))
    const answers = () => peer.heard.filter((frame) => frame.ref === ref).length
    await this.#stage.until("all answers", () => answers() === frames.length)
    for (const { heard } of this.#peers) heard.length = 0
  }

  /** Someone asks over HTTP. */
  async ask(method: string, path: string, body?: object | string): Promise<Record<string, never>> {
    const { url = "", fetch = globalThis.fetch } = this.#stage.options()
    const text = typeof body === "object" ? JSON.stringify(body) : body
    const init = text === undefined ? {} : { body: text, headers: { "content-type": "application/json" } }
    const response = await this.#stage.settle(fetch(url + path, { method, ...init }))
    const answer = response.status === 204 ? null : await response.json()
    await this.#write(`${method} ${path} ${text ?? ""}`, [response.status, answer])
    return answer as Record<string, never>
  }

  /** Everyone hears what is on its way: each is asked for a sign of life, which comes after it. */
  async #write(what: string, answer: unknown): Promise<void> {
    const ref = randomUUID()
    for (const { socket } of this.#peers) socket.send(JSON.stringify({ type: "ping", ref }))
    const isOver = ({ heard }: Peer) => heard.some((frame) => frame.ref === ref)
    await this.#stage.until(`silence after ${what}`, () => this.#peers.every(isOver))
    const heard = this.#peers.flatMap((peer) => {
      const frames = peer.heard.splice(0).filter((frame) => frame.ref !== ref && frame !== answer)
      // Frames of one room keep their order; those of different rooms have none.
      const told = frames.map((frame) => this.#plain(frame) as Frame).sort(byRoom)
      return told.length > 0 ? [[peer.name, told]] : []
    })
    this.lines.push({ what: this.#plain(what), answer: this.#plain(answer), heard })
  }

  /** Ids by the order of their coming, and times without their hour: the rest is to the letter. */
  #plain(value: unknown): unknown {
    const text = JSON.stringify(value ?? null)
      .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, (id) => this.#name(id))
      .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g, "a time")
    return inOrder(JSON.parse(text))
  }

  #name(id: string): string {
    const known = this.#names.get(id)
    if (known) return known
    const name = `id ${this.#names.size + 1}`
    this.#names.set(id, name)
    return name
  }
}

const byRoom = (a: Frame, b: Frame): number => String(a.room_id).localeCompare(String(b.room_id))

/** Fields in the order of their names: objects have none. */
function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOrder)
  if (typeof value !== "object" || value === null) return value
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries.map(([key, field]) => [key, inOrder(field)]))
}
