import { connect, createServer, type Server, type Socket } from "node:net"
import { backoffMs } from "../lib/backoff.ts"
import type { Clock } from "../lib/clock.ts"
import type { Random } from "../lib/random.ts"
import type { Batch, Bus, BusListener } from "./bus.ts"
import { Losses } from "./losses.ts"
import { framed, readPackets } from "./packet-stream.ts"
import { headOf, PacketWriter, readPacket } from "./wire.ts"

/** What waits for a node that does not read; it is cut off past that, and finds in the database what it missed. */
const UNREAD_MAX_BYTES = 16 * 1024 * 1024

/** Passes on what each node of this machine says to all others, over a socket in the file system. */
export class BusHub implements AsyncDisposable {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  private constructor() {
    this.#server = createServer((socket) => this.#take(socket))
  }

  /** Resolves once nodes can join at `path`. Rejects when they cannot. */
  static async open(path: string): Promise<BusHub> {
    const hub = new BusHub()
    await new Promise<void>((resolve, reject) => {
      hub.#server.once("error", reject)
      hub.#server.listen(path, resolve)
    })
    return hub
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise<void>((resolve) => this.#server.close(() => resolve()))
  }

  #take(socket: Socket): void {
    this.#sockets.add(socket)
    socket.on("error", () => {})
    socket.on("close", () => this.#sockets.delete(socket))
    readPackets(socket, (packet) => {
      const bytes = framed(packet)
      for (const other of this.#sockets) {
        if (other === socket) continue
        if (other.writableLength > UNREAD_MAX_BYTES) other.destroy()
        else other.write(bytes)
      }
    })
  }
}

export interface HubBusOptions {
  /** Where the hub is. */
  readonly path: string
  readonly node: string
  readonly listener: BusListener
  readonly clock: Clock
  readonly random: Random
  readonly onState?: (isUp: boolean, why: string | undefined) => void
}

const RETRY_BASE_MS = 20
const RETRY_MAX_MS = 500

/** The bus of nodes that share a machine: what is said in a tick goes to the hub, which passes it on. */
export class HubBus implements Bus {
  readonly #options: HubBusOptions
  readonly #channels = new Set<string>()
  readonly #writer = new PacketWriter()
  readonly #losses = new Losses()
  #socket: Socket | undefined
  #isUp = false
  #isClosed = false
  #isSaying = false
  #count = 0
  #attempt = 0

  constructor(options: HubBusOptions) {
    this.#options = options
    this.#connect()
  }

  get up(): boolean {
    return this.#isUp && !this.#isClosed
  }

  publish(batches: readonly Batch[]): void {
    for (const batch of batches) this.#writer.batch(batch)
    this.#saySoon()
  }

  publishPassing(channel: string, frame: string): void {
    this.#writer.passing(channel, frame)
    this.#saySoon()
  }

  nudge(): void {
    this.#writer.nudge()
    this.#saySoon()
  }

  subscribe(channel: string): Promise<void> {
    if (this.#isClosed) return Promise.reject(new Error("this bus was left"))
    this.#channels.add(channel)
    return this.#isUp ? Promise.resolve() : Promise.reject(new Error("the hub is away"))
  }

  unsubscribe(channel: string): void {
    this.#channels.delete(channel)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isClosed) return
    this.#say()
    this.#isClosed = true
    await new Promise<void>((resolve) => (this.#socket ? this.#socket.end(() => resolve()) : resolve()))
    this.#socket?.destroy()
  }

  #saySoon(): void {
    if (this.#isSaying || this.#isClosed) return
    this.#isSaying = true
    queueMicrotask(() => this.#say())
  }

  #say(): void {
    this.#isSaying = false
    if (this.#isClosed || this.#writer.isEmpty) return
    // Also what is dropped is counted: the others then know that they missed something.
    const packet = this.#writer.take(this.#options.node, ++this.#count)
    const socket = this.#socket
    if (socket && this.#isUp && socket.writableLength <= UNREAD_MAX_BYTES) socket.write(framed(packet))
  }

  #connect(): void {
    const { path, clock, random, onState, listener } = this.#options
    const socket = connect(path)
    this.#socket = socket
    let why: string | undefined
    socket.on("connect", () => {
      this.#attempt = 0
      this.#isUp = true
      onState?.(true, undefined)
      listener.onDoubt()
    })
    socket.on("error", (error) => {
      why = error.message
    })
    socket.on("close", () => {
      if (this.#isClosed) return
      if (this.#isUp) onState?.(false, why)
      this.#isUp = false
      clock.after(backoffMs(++this.#attempt, RETRY_BASE_MS, RETRY_MAX_MS, random), () => {
        if (!this.#isClosed) this.#connect()
      })
    })
    readPackets(socket, (packet) => this.#hear(packet))
  }

  #hear(packet: Buffer): void {
    const head = headOf(packet)
    if (!head || this.#isClosed) return
    const { listener } = this.#options
    const isLoss = this.#losses.isAfterLoss(head)
    const isWhole = readPacket(packet, (channel) => this.#channels.has(channel), listener)
    if (isLoss || !isWhole) listener.onDoubt()
  }
}
