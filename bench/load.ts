import type { Connection, Listener } from "./connection.ts"
import { sendFrame } from "./connection.ts"
import { stampDigits } from "./frame.ts"
import type { Swarm } from "./swarm.ts"
import {
  countAck,
  countDelivery,
  countSend,
  emptyTally,
  type Samples,
  type Tally,
  takeSamples,
} from "./tally.ts"
import { buildSend, indexDigits, type SendFrame, timeDigits } from "./wire.ts"

/** How to send: a rate kept whatever the server does, or a number of unacked messages kept per connection. */
export type Pace = { kind: "open"; ratePerSec: number } | { kind: "closed"; windowMax: number }

/** Counts of one process at one moment; two of them make a window. */
export interface Mark {
  atMs: number
  cpuUs: number
  sent: number
  deliveries: number
  acks: number
}

const tickMs = 1
const drainPollMs = 20

interface Room {
  members: readonly Connection[]
  send: SendFrame
}

/** One load on the connections of a swarm: paced sends, and the count of all that comes back. */
export class Load implements Listener {
  readonly onText = null
  readonly #tally: Tally
  readonly #swarm: Swarm
  readonly #rooms: Room[] = []
  readonly #sendOf = new Map<string, Room>()
  readonly #pace: Pace
  readonly #lagsMs: number[] = []
  #timer: ReturnType<typeof setInterval> | null = null
  #stopped = false

  /** `offset` is the number of the first message; a room's connections must all be in this process. */
  constructor(swarm: Swarm, pace: Pace, contentBytes: number, offset: number) {
    this.#swarm = swarm
    this.#pace = pace
    this.#tally = emptyTally(offset)
    for (const [name, members] of swarm.rooms) {
      const room = { members, send: buildSend(swarm.wire, name, contentBytes) }
      this.#rooms.push(room)
      this.#sendOf.set(name, room)
    }
    swarm.listener = this
  }

  get nextOffset(): number {
    return this.#tally.offset + this.#tally.sent
  }

  /** Begins to send. */
  start(): void {
    if (this.#pace.kind === "open") {
      this.#startOpen(this.#pace.ratePerSec)
      return
    }
    for (const room of this.#rooms) {
      for (const connection of room.members) {
        for (let i = 0; i < this.#pace.windowMax; i++)
          this.#sendNow(room, connection, performance.now() * 1000)
      }
    }
    this.#watchLag()
  }

  /** The counts of this moment. */
  mark(): Mark {
    const { user, system } = process.cpuUsage()
    const { sent, deliveries, acks } = this.#tally
    return { atMs: performance.now(), cpuUs: user + system, sent, deliveries, acks }
  }

  /** Stops sending and waits, at most `drainMs`, until everything sent has come back; then the window's samples. */
  async stop(from: Mark, to: Mark, drainMs: number): Promise<Samples & { lagMs: Float64Array }> {
    this.#stopped = true
    if (this.#timer !== null) clearInterval(this.#timer)
    const tally = this.#tally
    let expected = 0
    for (let i = 0; i < tally.sent; i++) expected += tally.expected[i]!
    const deadline = performance.now() + drainMs
    const whole = () =>
      tally.ownDeliveries >= expected && (!this.#swarm.wire.acks || tally.acks >= tally.sent)
    while (!whole() && performance.now() < deadline) await Bun.sleep(drainPollMs)
    return { ...takeSamples(tally, from.sent, to.sent), lagMs: Float64Array.from(this.#lagsMs) }
  }

  onDelivery(bytes: Uint8Array, at: number, nowUs: number): void {
    countDelivery(this.#tally, bytes, at, nowUs)
  }

  onAck(connection: Connection, bytes: Uint8Array, at: number, nowUs: number): void {
    if (!countAck(this.#tally, bytes, at, nowUs)) return
    if (this.#stopped || this.#pace.kind === "open") return
    this.#sendNow(this.#sendOf.get(connection.room)!, connection, nowUs)
  }

  #startOpen(ratePerSec: number): void {
    const everyUs = 1e6 / ratePerSec
    const beganUs = performance.now() * 1000
    let next = 0
    this.#watchLag(() => {
      const nowUs = performance.now() * 1000
      for (; this.#rooms.length > 0 && beganUs + next * everyUs <= nowUs; next++) {
        const room = this.#rooms[next % this.#rooms.length]!
        const connection = room.members[Math.floor(next / this.#rooms.length) % room.members.length]!
        this.#sendNow(room, connection, beganUs + next * everyUs)
      }
    })
  }

  #watchLag(tick?: () => void): void {
    let last = performance.now()
    this.#timer = setInterval(() => {
      const now = performance.now()
      this.#lagsMs.push(now - last - tickMs)
      last = now
      tick?.()
    }, tickMs)
  }

  #sendNow(room: Room, connection: Connection, intendedUs: number): void {
    const index = countSend(this.#tally, intendedUs, performance.now() * 1000, room.members.length)
    if (index < 0) return
    const { frame, indexAt, timeAt, refAt } = room.send
    stampDigits(frame, indexAt, indexDigits, index)
    stampDigits(frame, timeAt, timeDigits, Math.floor(intendedUs))
    if (refAt >= 0) stampDigits(frame, refAt, indexDigits, index)
    sendFrame(connection, frame.bytes)
  }
}
