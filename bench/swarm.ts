import {
  type Company,
  type Connection,
  closeConnection,
  type Listener,
  sendFrame,
  socketHandler,
} from "./connection.ts"
import { encodeText } from "./frame.ts"
import type { Wire } from "./wire.ts"

/** Who connects to which room, joined as the room rides along in the address. */
export interface Seat {
  user: string
  room: string
}

const openTimeoutMs = 15_000
const openTriesMax = 3

/** The connections of one generator process to one target, and their listener. */
export class Swarm implements Company {
  readonly rooms = new Map<string, Connection[]>()
  readonly errors: string[] = []
  errorCount = 0
  lostCount = 0
  nowUs = 0
  eventAt = 0
  ackAt = 0
  ackTypeAt = 0
  listener: Listener = { onDelivery() {}, onAck() {}, onText: null }
  wire: Wire
  readonly #address: { hostname: string; port: number }
  readonly #source: number
  #opened = 0
  #keepAlive: ReturnType<typeof setInterval> | null = null

  constructor(wire: Wire, address: { hostname: string; port: number }, source: number) {
    this.wire = wire
    this.#address = address
    this.#source = source
    if (wire.keepAlive !== null) this.#startKeepAlive(wire.keepAlive)
  }

  /** Opens one connection a seat, at most `inFlightMax` at a time, and tells how many joined. */
  async open(seats: readonly Seat[], inFlightMax: number): Promise<{ joined: number; failed: number }> {
    let next = 0
    let joined = 0
    const work = async () => {
      while (next < seats.length) {
        const seat = seats[next++]!
        for (let tries = 0; tries < openTriesMax; tries++) {
          const connection = await this.connect(seat)
          if (connection === null) continue
          const members = this.rooms.get(seat.room)
          if (members === undefined) this.rooms.set(seat.room, [connection])
          else members.push(connection)
          joined++
          break
        }
      }
    }
    await Promise.all(Array.from({ length: inFlightMax }, work))
    return { joined, failed: seats.length - joined }
  }

  /** One connection, joined; null when it was refused, ended, or not joined within 15 s. */
  async connect(seat: Seat): Promise<Connection | null> {
    const connection: Connection = {
      swarm: this,
      user: seat.user,
      room: seat.room,
      socket: null,
      state: "opening",
      carry: null,
      unsent: null,
      settle: null,
    }
    const joined = new Promise<boolean>((resolve) => {
      connection.settle = resolve
    })
    const timer = setTimeout(() => closeConnection(connection), openTimeoutMs)
    try {
      // A source address of its own a few thousand connections: 28,000 local ports are not enough for all runs.
      const source = `127.0.${1 + this.#source}.${1 + (this.#opened++ % 200)}`
      // `localAddress` works, though its type does not name it.
      const options = { ...this.#address, localAddress: source, data: connection, socket: socketHandler }
      await Bun.connect<Connection>(options)
      return (await joined) ? connection : null
    } catch {
      return null
    } finally {
      clearTimeout(timer)
    }
  }

  /** Resets every connection at once (RST, no close handshake) and forgets them. */
  close(): void {
    if (this.#keepAlive !== null) clearInterval(this.#keepAlive)
    for (const members of this.rooms.values()) for (const connection of members) closeConnection(connection)
    this.rooms.clear()
  }

  #startKeepAlive(keepAlive: { text: string; everyMs: number }): void {
    const frame = encodeText(keepAlive.text)
    const sliceMs = 500
    const slices = Math.max(1, Math.round(keepAlive.everyMs / sliceMs))
    let slice = 0
    this.#keepAlive = setInterval(() => {
      let i = 0
      for (const members of this.rooms.values()) {
        for (const connection of members) if (i++ % slices === slice) sendFrame(connection, frame)
      }
      slice = (slice + 1) % slices
    }, sliceMs)
  }
}
