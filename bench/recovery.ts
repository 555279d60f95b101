import type { Connection, Listener } from "./connection.ts"
import { closeConnection, sendFrame } from "./connection.ts"
import { encodeText } from "./frame.ts"
import type { Seat, Swarm } from "./swarm.ts"

/** What one process saw of a reset of all its connections. */
export interface Recovery {
  /** Per connection, from the reset to its `resumed`; infinite when it did not come. */
  backMs: Float64Array
  retries: number
  /** Connections that, after all is quiet, had missed an entry of their room or seen one twice. */
  notWhole: number
}

interface View {
  room: string
  roomId: string
  idText: string
  base: number
  seen: number
  top: number
  resumed: (() => void) | null
}

const retryMs = 100
const quietMs = 500

/**
 * Follows each connection's `seq`, resets all but the first of each room, which meanwhile writes, and brings the
 * others back with `resume`. Every entry of a room must reach each of its connections once.
 */
export class RecoveryRun implements Listener {
  readonly #swarm: Swarm
  readonly #views = new Map<string, View>()
  readonly #resume: string

  /** `resume` is the frame to send, `{room}` and `{seq}` to be filled in. */
  constructor(swarm: Swarm, resume: string) {
    this.#swarm = swarm
    this.#resume = resume
    swarm.listener = this
  }

  onDelivery(): void {}

  onAck(): void {}

  onText = (connection: Connection, text: string): void => {
    const view = this.#views.get(connection.user)
    if (view === undefined) {
      const joined = this.#swarm.wire.ready.some((mark) => text.includes(mark))
      if (joined) this.#views.set(connection.user, readView(connection.room, text))
      return
    }
    if (text.includes('"type":"resumed"')) {
      view.resumed?.()
      return
    }
    // Entries of other logs, such as the user's inbox, and acks are not entries of this room.
    if (!text.includes(view.idText) || text.includes('"type":"ack"')) return
    const seq = /"seq":(\d+)/.exec(text)
    if (seq === null || Number(seq[1]) <= view.base) return
    view.seen++
    view.top = Math.max(view.top, Number(seq[1]))
  }

  /** Resets, writes `burst` to each room while its readers are away, and waits until all are back or `timeoutMs`. */
  async run(burst: readonly string[], timeoutMs: number): Promise<Recovery> {
    const away: Seat[] = []
    const beganMs = performance.now()
    for (const members of this.#swarm.rooms.values()) {
      for (const reader of members.slice(1)) {
        away.push(reader)
        closeConnection(reader)
      }
    }
    for (const [room, members] of this.#swarm.rooms) {
      for (const text of burst) sendFrame(members[0]!, encodeText(text.replaceAll("{room}", room)))
      this.#swarm.rooms.set(room, members.slice(0, 1))
    }
    const { wire } = this.#swarm
    if (wire.back) this.#swarm.wire = { ...wire, ...wire.back }
    const backMs = new Float64Array(away.length).fill(Number.POSITIVE_INFINITY)
    let retries = 0
    const deadlineMs = beganMs + timeoutMs
    const bringBack = async (seat: Seat, i: number) => {
      while (performance.now() < deadlineMs) {
        const connection = await this.#swarm.connect(seat)
        if (connection === null) {
          retries++
          await Bun.sleep(retryMs * (0.5 + Math.random()))
          continue
        }
        this.#swarm.rooms.get(seat.room)!.push(connection)
        if (await this.#resumeOne(connection, deadlineMs)) backMs[i] = performance.now() - beganMs
        return
      }
    }
    await Promise.all(away.map(bringBack))
    await Bun.sleep(quietMs)
    return { backMs, retries, notWhole: this.#countNotWhole(away) }
  }

  async #resumeOne(connection: Connection, deadlineMs: number): Promise<boolean> {
    const view = this.#views.get(connection.user)!
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), Math.max(0, deadlineMs - performance.now()))
      view.resumed = () => {
        clearTimeout(timer)
        resolve(true)
      }
      const text = this.#resume.replace("{room}", view.roomId).replace("{seq}", String(view.top))
      sendFrame(connection, encodeText(text))
    })
  }

  #countNotWhole(away: readonly Seat[]): number {
    const tops = new Map<string, number>()
    for (const view of this.#views.values()) tops.set(view.room, Math.max(tops.get(view.room) ?? 0, view.top))
    return away.filter(({ user }) => {
      const view = this.#views.get(user)
      return view === undefined || view.top !== tops.get(view.room) || view.seen !== view.top - view.base
    }).length
  }
}

function readView(room: string, text: string): View {
  const base = Number(/"head":(\d+)/.exec(text)?.[1] ?? 0)
  const roomId = /"room_id":"([^"]+)"/.exec(text)?.[1] ?? room
  return { room, roomId, idText: `"room_id":"${roomId}"`, base, seen: 0, top: base, resumed: null }
}
