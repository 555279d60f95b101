import type { Subprocess } from "bun"
import type { Answer, Order, OrderName, Orders } from "./orders.ts"
import type { Seat } from "./swarm.ts"

interface Hand {
  process: Subprocess
  waiting: Map<number, { resolve(answer: unknown): void; reject(error: Error): void }>
}

/** The generator processes of one measure; they end with it. */
export class Crew {
  readonly #hands: Hand[] = []
  readonly #roomsOfHand: Set<string>[] = []
  #lastId = 0

  /** Starts `size` processes. */
  constructor(size: number) {
    for (let i = 0; i < size; i++) {
      this.#hands.push(startHand())
      this.#roomsOfHand.push(new Set())
    }
  }

  get size(): number {
    return this.#hands.length
  }

  /** The share of the rooms that process `i` holds, which is its share of an open load. */
  shareOf(i: number): number {
    const all = this.#roomsOfHand.reduce((sum, rooms) => sum + rooms.size, 0)
    return all === 0 ? 0 : this.#roomsOfHand[i]!.size / all
  }

  /** Gives every process its own version of an order; all answers, in the processes' order. */
  askEach<N extends OrderName>(
    name: N,
    ask: (i: number) => Orders[N]["ask"],
  ): Promise<Orders[N]["answer"][]> {
    return Promise.all(this.#hands.map((hand, i) => this.#ask(hand, name, ask(i))))
  }

  /** Opens the seats, all of a room in one process, and tells how many did not join. */
  async open(seats: readonly Seat[], inFlightMax: number): Promise<number> {
    const rooms = [...new Set(seats.map((seat) => seat.room))]
    const handOf = new Map(rooms.map((room, i) => [room, i % this.size]))
    for (const [room, i] of handOf) this.#roomsOfHand[i]!.add(room)
    const perHand = Math.ceil(inFlightMax / this.size)
    const answers = await this.askEach("open", (i) => ({
      seats: seats.filter((seat) => handOf.get(seat.room) === i),
      inFlightMax: perHand,
    }))
    return answers.reduce((sum, answer) => sum + answer.failed, 0)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const hand of this.#hands) hand.process.disconnect()
    await Promise.all(this.#hands.map((hand) => hand.process.exited))
  }

  #ask<N extends OrderName>(hand: Hand, name: N, ask: Orders[N]["ask"]): Promise<Orders[N]["answer"]> {
    const id = ++this.#lastId
    return new Promise((resolve, reject) => {
      hand.waiting.set(id, { resolve: resolve as (answer: unknown) => void, reject })
      hand.process.send({ id, name, ask } satisfies Order<N>)
    })
  }
}

function startHand(): Hand {
  const waiting: Hand["waiting"] = new Map()
  const child = Bun.spawn({
    cmd: [process.execPath, new URL("./generator.ts", import.meta.url).pathname],
    stdio: ["ignore", "inherit", "inherit"],
    ipc(message: Answer) {
      const waiter = waiting.get(message.id)
      waiting.delete(message.id)
      if (message.error === undefined) waiter?.resolve(message.answer)
      else waiter?.reject(new Error(`generator: ${message.error}`))
    },
    onExit(_, code) {
      for (const waiter of waiting.values())
        waiter.reject(new Error(`a generator process ended with ${code}`))
    },
  })
  return { process: child, waiting }
}
